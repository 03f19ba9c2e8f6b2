"""A step whose outcome is unknown is looked up before anything is sent again."""

from datetime import datetime, timedelta
from enum import Enum

import structlog
from django.conf import settings

from campaigns.dispatch import outcomes
from campaigns.dispatch.calls import changes_of, external_id
from campaigns.dispatch.claims import lease
from campaigns.dispatch.work import RESENT, Work
from campaigns.models import DispatchStep
from core.failpoints import reach
from core.http import platform_writes
from platforms.errors import PlatformError
from platforms.ports import Changes, RemoteObject

log = structlog.get_logger(__name__)
EMPTY_LOOKUPS = 2
ABSENT_FOR_GOOD = ("invalid", "permission")
PARENT_MISSING = 8  # sends after which "no such parent" is believed
LOOKUP_RETRY = timedelta(seconds=15)


class Answer(Enum):
    """What the look-up says: the step is DONE, may be sent AGAIN, or the worker must STOP here."""

    DONE = "done"
    AGAIN = "again"
    STOP = "stop"


def resolve(work: Work, step: DispatchStep) -> Answer:
    """Find out what became of a step that was sent.

    A found object is adopted at once. Absence counts only after the lease of the call plus the
    platform's read lag, and only when seen twice. A failing look-up leaves the step unknown.
    """
    reach("reconcile.after_claim")
    try:
        return _look(work, step)
    except PlatformError as error:
        log.info("lookup_failed", job=str(work.dispatch.pk), step=step.seq, kind=error.kind)
        wait = max(LOOKUP_RETRY, timedelta(seconds=error.retry_after_s))
        outcomes.still_unknown(work, step, wait=wait, error=error)
        return Answer.STOP


def _look(work: Work, step: DispatchStep) -> Answer:
    if step.tag:
        return _look_up_create(work, step)
    if step.kind == "upload_image" or not _is_in_force(work, step):
        return _absent(work, step)
    outcomes.step_done(work, step, "")
    return Answer.DONE


def _look_up_create(work: Work, step: DispatchStep) -> Answer:
    found = find(work, step)
    if found:
        oldest = found[0].external_id
        set_aside_duplicates(work, found, keep=oldest)
        reach("reconcile.before_adopt")
        outcomes.step_done(work, step, oldest)
        reach("reconcile.after_adopt")
        return Answer.DONE
    counts_from = absence_counts_from(work, step)
    now = work.ticker.now()
    if now < counts_from:
        soon = min(counts_from - now, max(outcomes.LOOK_SOON, _lag(work)))
        outcomes.still_unknown(work, step, wait=soon)
        return Answer.STOP
    step.lookups += 1
    if step.lookups < EMPTY_LOOKUPS:
        outcomes.still_unknown(work, step, wait=_lag(work))
        return Answer.STOP
    return _absent(work, step)


def _lag(work: Work) -> timedelta:
    """How late a list may show a create: the connector's figure, at the simulator the setting's."""
    is_live = work.dispatch.environment == "live"
    declared = max(work.reader.read_lag_s, settings.RECONCILE_LAG_S)
    return timedelta(seconds=declared if is_live else settings.RECONCILE_LAG_S)


def absence_counts_from(work: Work, step: DispatchStep) -> datetime:
    """From when an empty look-up proves something.

    A call without an answer may be at work until its lease ends; one that was answered is over.
    Both may stay invisible for the platform's read lag.
    """
    sent_at = step.sent_at or work.dispatch.created_at
    answered = step.error_kind in ABSENT_FOR_GOOD and step.finished_at is not None
    over = step.finished_at if answered and step.finished_at else sent_at + lease()
    return over + _lag(work)


def _absent(work: Work, step: DispatchStep) -> Answer:
    """Nothing happened: send again, or give up where the platform had called it invalid."""
    orphan = step.error_kind == "not_found" and work.dispatch.attempts > PARENT_MISSING
    if orphan or step.error_kind in ABSENT_FOR_GOOD or outcomes.is_too_old(work):
        kind = "unavailable" if step.error_kind == "unknown" else step.error_kind
        outcomes.fail(work, step, PlatformError(kind, step.error_message))
        return Answer.STOP
    return _again(step, RESENT if step.tag else "")


def _again(step: DispatchStep, mark: str) -> Answer:
    step.state, step.error_kind, step.lookups = "ready", mark, 0
    return Answer.AGAIN


def find(work: Work, step: DispatchStep) -> list[RemoteObject]:
    """Every object at the platform that carries the step's tag, oldest first."""
    found = work.reader.find_by_tag(
        work.account.external_id,
        step.object_type,
        step.tag,
        currency=work.account.currency,
        parent=_parent(work, step),
    )
    alive = [remote for remote in found if remote.status not in ("DELETED", "ARCHIVED")]
    return sorted(alive, key=_age)


def _parent(work: Work, step: DispatchStep) -> str:
    """The platform's id of the object under which the step creates, to narrow the search."""
    if step.kind == "create_ad_set":
        return external_id(work, "campaign", step.params["campaign_id"])
    if step.kind == "create_ad":
        return external_id(work, "ad_set", step.params["ad_set_id"])
    return ""


def _age(remote: RemoteObject) -> tuple[float, str]:
    made = remote.created_at.timestamp() if remote.created_at else 0.0
    return made, remote.external_id.rjust(40, "0")


def set_aside_duplicates(work: Work, found: list[RemoteObject], *, keep: str) -> None:
    """Of the objects with the same tag `keep` stays; the others are paused and noted for a
    person.
    """
    for extra in found:
        if extra.external_id == keep:
            continue
        if extra.object_type != "creative":
            with platform_writes():
                work.writer.set_status(extra.object_type, extra.external_id, "PAUSED")
        note = f"Duplicate {extra.object_type} {extra.external_id} is paused; "
        work.notes.append(note + f"{keep} is used.")
        log.warning("duplicate_set_aside", job=str(work.dispatch.pk), object=extra.external_id)


def is_alone(work: Work) -> bool:
    """Before money can flow: what was sent twice must exist once, or its twin is set aside.

    False when the platform could not be asked; the work then waits.
    """
    try:
        for step in work.steps:
            if step.error_kind == RESENT and step.state == "done":
                set_aside_duplicates(work, find(work, step), keep=step.external_id)
                step.error_kind = ""
    except PlatformError as error:
        outcomes.try_later(work, None, error)
        return False
    return True


def _is_in_force(work: Work, step: DispatchStep) -> bool:
    target = external_id(work, step.object_type, step.object_id)
    remote = work.reader.read(step.object_type, target, currency=work.account.currency)
    if step.kind == "set_status":
        return remote.status == str(step.params["status"])
    return shows(remote, changes_of(work, step))


def shows(remote: RemoteObject, changes: Changes) -> bool:
    """Whether the object already has every changed value; targeting is never assumed to match."""
    if changes.targeting is not None or changes.platforms:
        return False
    pairs = [
        (changes.name, remote.name),
        (changes.budget_type, remote.budget_type),
        (changes.budget, remote.budget),
        (changes.start_date, remote.start_date),
        (changes.end_date, remote.end_date),
        (changes.creative_external_id, remote.creative_external_id),
    ]
    return all(wanted is None or wanted == seen for wanted, seen in pairs)
