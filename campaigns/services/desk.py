"""What a person does about a change that waits at the desk: continue, remove, acknowledge."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.evidence import record_audit, verdict_public_id
from campaigns.commands import Command, RemoveRemains, restore
from campaigns.dispatch.orphans import ORDER, orphans
from campaigns.domain.authority import EDITING_ROLES
from campaigns.gateway import Outcome, submit
from campaigns.gateway.withdraw import withdraw
from campaigns.models import Campaign, Dispatch, DispatchStep, KillSwitch
from campaigns.queries.desk import get_desk_entry
from campaigns.services.stopping import lock_campaign
from core.actors import Actor
from core.errors import AppError, ConflictError, ForbiddenError
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.models import AdAccount
from platforms.ports import RemoteObject
from platforms.queries import open_reader

LIMIT_S = 3.0
OVER = ("failed", "held")


class UnreadableError(AppError):
    """The platform did not answer; without seeing what is there nothing is continued."""

    code = "platform_unavailable"
    status = 503


def remove_remains(job_id: str, *, actor: Actor, now: datetime) -> Outcome:
    """Have the gate decide the removal of what a failed or held change made; a denial is returned.

    A held change ends with it. Raises NotFoundError, ForbiddenError for anyone but an editing
    person, ConflictError.
    """
    _require_editor(actor)
    with tenant_tx(actor.tenant_id):
        lock_campaign(get_desk_entry(actor, job_id).campaign_id)
        job = get_desk_entry(actor, job_id)
        command = RemoveRemains(campaign_id=encode("camp", job.campaign_id), job_id=job_id)
        outcome = submit(command, actor=actor, now=now)
        if not outcome.is_denied:
            _end_held(job, now)
    return outcome


def continue_launch(job_id: str, *, actor: Actor, now: datetime) -> Outcome:
    """Launch what is missing, after a fresh look at what is there, as a decision of its own.

    Call it outside a transaction: it reads the platform (at most 3 s a level). The new launch is
    planned, decided and recorded like any other of this person. Raises NotFoundError,
    ForbiddenError, UnreadableError, ConflictError `nothing_to_continue`, or `stale_value` where
    something is gone, runs, or has another budget than ours.
    """
    _require_editor(actor)
    with tenant_tx(actor.tenant_id, readonly=True):
        job = get_desk_entry(actor, job_id)
        _require_launch(job)
        left = orphans(job)
        account = AdAccount.objects.select_related("connection").get(pk=job.ad_account_id)
    _check_ground(_read(account, left), left, job)
    with tenant_tx(actor.tenant_id):
        lock_campaign(job.campaign_id)
        job = get_desk_entry(actor, job_id)
        _require_launch(job)
        if [step.pk for step in orphans(job)] != [step.pk for step in left]:
            raise ConflictError(_("It has changed meanwhile; look again."), code="stale_value")
        _end_held(job, now)
        return submit(_again(job), actor=actor, now=now)


def acknowledge(job_id: str, *, actor: Actor, now: datetime) -> None:
    """Take a finished change off the desk: a person has seen to it at the platform."""
    _require_editor(actor)
    with tenant_tx(actor.tenant_id):
        job = get_desk_entry(actor, job_id)
        lock_campaign(job.campaign_id)
        rows = Dispatch.objects.filter(pk=job.pk, needs_person=True, state__in=["done", "failed"])
        if not rows.update(needs_person=False):
            raise ConflictError(_("The change does not wait at the desk."), code="not_at_desk")
        record_audit(
            actor,
            "ads.write.acknowledged",
            now=now,
            target_type="campaign",
            target_id=encode("camp", job.campaign_id),
            business_id=job.business_id,
            verdict_id=verdict_public_id(job.pk),
            facts={"job_id": job_id, "left": [step.external_id for step in orphans(job)]},
        )


def _require_editor(actor: Actor) -> None:
    if not actor.is_person or actor.role not in EDITING_ROLES:
        raise ForbiddenError(
            _("Only a person who may edit settles what a change left."), code="role_required"
        )


def _require_launch(job: Dispatch) -> None:
    waits = job.needs_person and job.state in OVER
    if not waits or job.command_kind != "launch_campaign":
        raise ConflictError(_("There is no launch to continue."), code="nothing_to_continue")
    if KillSwitch.objects.filter(business_id=job.business_id, is_engaged=True).exists():
        raise ForbiddenError(_("The kill switch is on."), code="kill_switch_active")


def _end_held(job: Dispatch, now: datetime) -> None:
    if job.state == "held" and not withdraw(job.pk, now=now):
        raise ConflictError(
            _("One of its calls is still being looked up; try again later."), code="in_flight"
        )


def _again(job: Dispatch) -> Command:
    return restore(job.command_kind, {**job.command, "supersedes": "", "group_id": ""})


def _read(account: AdAccount, left: list[DispatchStep]) -> dict[str, RemoteObject]:
    """What the platform shows of the objects, by their ids there."""
    found: dict[str, RemoteObject] = {}
    try:
        reader = open_reader(account, timeout_s=LIMIT_S)
        for kind in ORDER:
            ids = [step.external_id for step in left if step.object_type == kind]
            if ids:
                seen = reader.read_many(account.external_id, kind, ids, currency=account.currency)
                found |= {one.external_id: one for one in seen}
    except PlatformError as error:
        raise UnreadableError(
            _("The platform could not be read; nothing was sent. Try again.")
        ) from error
    return found


def _check_ground(seen: dict[str, RemoteObject], left: list[DispatchStep], job: Dispatch) -> None:
    moved = [step.external_id for step in left if _moved(seen.get(step.external_id), step, job)]
    if moved:
        raise ConflictError(
            _("What the launch had made is no longer as it was; remove it, or wait for the sync."),
            code="stale_value",
            details={"objects": moved},
        )


def _moved(remote: RemoteObject | None, step: DispatchStep, job: Dispatch) -> bool:
    if remote is None or remote.status in ("DELETED", "ARCHIVED"):
        return True
    if step.object_type != "campaign":
        return False
    with tenant_tx(job.tenant_id, readonly=True):
        ours = Campaign.objects.only("budget_type", "budget_micros").get(pk=job.campaign_id)
    there = remote.budget.micros if remote.budget else None
    same = (remote.budget_type, there) == (ours.budget_type, ours.budget_micros)
    return remote.status != "PAUSED" or not same
