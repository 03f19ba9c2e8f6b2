"""The dispatch loop: find due rows over all tenants, claim, carry out, let go."""

import threading
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import close_old_connections, connection

from accounts.services.loops import Turns
from campaigns import spend
from campaigns.dispatch import outcomes, reconcile, send, writers
from campaigns.dispatch.calls import external_id
from campaigns.dispatch.claims import claim, is_activation
from campaigns.dispatch.due import DISPATCH_DUE
from campaigns.dispatch.work import FenceLostError, Ticker, Work
from campaigns.models import Dispatch, DispatchStep
from core import clock, queue
from core.failpoints import reach
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.models import AdAccount
from platforms.ports import RemoteObject

log = structlog.get_logger(__name__)
BATCH = 20
RAISED_OVER_THERE = (
    "The budget was raised at the platform beyond what was reserved; it stays paused."
)
STOPS_BEAT_S = 0.2  # a stop whose bell was lost begins within a second on a busy machine too


def run_once(now: datetime, *, stops_only: bool = False, turns: Turns | None = None) -> int:
    """Carry out everything due at `now`; returns how many claims were worked.

    `stops_only` takes nothing but what outlives a kill switch. Each claim of a long turn
    counts as a turn, so that a full queue does not look like a loop that stands still.
    """
    ticker = Ticker(now)
    worked = 0
    while True:
        due = DISPATCH_DUE.rows(moment=ticker.now(), stops_only=stops_only, most=BATCH)
        done = 0
        for row in due:
            done += _work_one(row["tenant_id"], row["dispatch_id"], ticker)
            if turns is not None:
                turns.good(ticker.now())
        if not done:
            return worked
        worked += done


def run_forever(stop: threading.Event, *, stops_only: bool = False) -> None:
    """Run until `stop` is set: woken by the bell, and on its own beat; survives every error."""
    bell = "campaigns.kill" if stops_only else "campaigns.dispatch"
    beat = STOPS_BEAT_S if stops_only else settings.DISPATCH_BEAT_S
    turns = Turns("kill" if stops_only else "dispatch")
    while not stop.is_set():
        try:
            close_old_connections()
            run_once(clock.now(), stops_only=stops_only, turns=turns)
            turns.good(clock.now())
        except Exception:
            log.exception("dispatch_loop_failed", stops_only=stops_only)
            connection.close()
            stop.wait(1)
        queue.wait(bell, beat)
    connection.close()


def _work_one(tenant_id: UUID, dispatch_id: UUID, ticker: Ticker) -> bool:
    with structlog.contextvars.bound_contextvars(tenant=str(tenant_id), job=str(dispatch_id)):
        dispatch = claim(tenant_id, dispatch_id, ticker=ticker)
        if dispatch is None:
            return False
        reach("dispatch.after_claim")
        try:
            _carry_out(dispatch, ticker)
        except FenceLostError:
            log.warning("fence_lost")
        except Exception:
            log.exception("dispatch_crashed")
            if connection.in_atomic_block:
                raise
        return True


def _carry_out(dispatch: Dispatch, ticker: Ticker) -> None:
    work = _open(dispatch, ticker)
    if work is None:
        return
    if work.is_fresh and not _is_as_expected(work):
        return
    reach("dispatch.after_recheck")
    while work.open_steps and _step(work, work.open_steps[0]):
        pass


def _step(work: Work, step: DispatchStep) -> bool:
    """True once the step is done."""
    in_doubt = step if step.state in ("sent", "unknown") else None
    if in_doubt is not None:
        answer = reconcile.resolve(work, step)
        if answer is not reconcile.Answer.AGAIN:
            return answer is reconcile.Answer.DONE
        if work.is_fresh and not _is_as_expected(work, in_doubt):
            return False
    if is_activation(step):
        if not reconcile.is_alone(work):
            return False
        if step.object_type == "campaign" and not _costs_what_was_reserved(work, step, in_doubt):
            return False
    return send.send(work, step)


def _open(dispatch: Dispatch, ticker: Ticker) -> Work | None:
    """Load what the work needs; a dead connection ends or delays it."""
    with tenant_tx(dispatch.tenant_id, readonly=True):
        account = AdAccount.objects.select_related("connection").get(pk=dispatch.ad_account_id)
        work = Work(
            dispatch=dispatch,
            steps=list(DispatchStep.objects.filter(dispatch=dispatch).order_by("seq")),
            account=account,
            ticker=ticker,
            lease_until=dispatch.lease_until or ticker.now(),
        )
        try:
            work.reader, work.writer = writers.connect(account)
        except PlatformError as error:
            refused = error
        else:
            return work
    in_doubt = next((step for step in work.steps if step.state in ("sent", "unknown")), None)
    if in_doubt is not None:
        outcomes.still_unknown(work, in_doubt, wait=reconcile.LOOKUP_RETRY, error=refused)
    else:
        outcomes.fail(work, None, refused)
    return None


def _is_as_expected(work: Work, in_doubt: DispatchStep | None = None) -> bool:
    """Read the target again, before the first call and before it is made once more: it must still
    show what was decided upon.
    """
    expects = work.dispatch.expects
    if not expects.get("values"):
        return True
    remote = _read(work, expects["object_type"], expects["object_id"], in_doubt=in_doubt)
    if remote is None:
        return False
    current = {name: seen_value(remote, name) for name in expects["values"]}
    if current != expects["values"]:
        outcomes.conflict(work, current)
        return False
    return True


def _costs_what_was_reserved(work: Work, step: DispatchStep, in_doubt: DispatchStep | None) -> bool:
    """Whether the campaign, once it runs, costs no more than this Dispatch holds: the budget may
    have been raised over there since it was decided upon.
    """
    remote = _read(work, "campaign", str(step.object_id), in_doubt=in_doubt)
    if remote is None:
        return False
    if remote.budget is None:
        return True
    with tenant_tx(work.tenant_id, readonly=True):
        fits = spend.covers(work.dispatch, remote.budget_type, remote.budget.micros)
    if fits:
        return True
    if len(work.steps) > 1:
        outcomes.fail(work, step, PlatformError("invalid", RAISED_OVER_THERE))
    else:
        current = {name: seen_value(remote, name) for name in ("budget_type", "budget_micros")}
        outcomes.conflict(work, current)
    return False


def _read(
    work: Work, object_type: str, object_id: str, *, in_doubt: DispatchStep | None
) -> RemoteObject | None:
    """The object as the platform shows it; None where it cannot be read now, with the work put off
    or ended.
    """
    try:
        return work.reader.read(
            object_type,
            external_id(work, object_type, object_id),
            currency=work.account.currency,
        )
    except PlatformError as error:
        later = error.kind in (*send.NOTHING_HAPPENED, "unknown")
        if in_doubt is not None:
            outcomes.still_unknown(work, in_doubt, wait=reconcile.LOOKUP_RETRY, error=error)
        elif later and not outcomes.is_too_old(work):
            outcomes.try_later(work, None, error)
        else:
            outcomes.fail(work, None, error)
    return None


def seen_value(remote: RemoteObject, name: str) -> Any:
    """One value of a remote object in the form of `Dispatch.expects`."""
    if name == "budget_micros":
        return remote.budget.micros if remote.budget else None
    value = getattr(remote, name)
    return value.isoformat() if name in ("start_date", "end_date") and value else value
