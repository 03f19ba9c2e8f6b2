"""The call: made once, outside any transaction, inside the writer guard."""

import structlog
from django.db import connection

from campaigns.dispatch import outcomes, recheck
from campaigns.dispatch.calls import Call, prepare
from campaigns.dispatch.claims import is_activation, mark_sent
from campaigns.dispatch.work import CHECK_GOOD_FOR_S, Work
from campaigns.models import DispatchStep
from core.failpoints import reach
from core.http import platform_writes
from platforms.errors import PlatformError

log = structlog.get_logger(__name__)
NOTHING_HAPPENED = ("rate_limited", "unavailable")
MARKS = 5
SLOW = "slow"
CERTAIN = ("auth", "invalid", "permission", "not_found")


def send(work: Work, step: DispatchStep) -> bool:
    """Carry one step out. True when it is done; otherwise its outcome is recorded and the worker
    lets go of the Dispatch.
    """
    try:
        call = prepare(work, step)
    except PlatformError as error:
        return _refused(work, step, error)
    reason = _mark_in_time(work, step)
    if reason:
        _not_sent(work, step, reason)
        return False
    return _call(work, step, call)


def _mark_in_time(work: Work, step: DispatchStep) -> str:
    """Mark the step sent, again where the worker slept between the check and the call.

    SLOW after a few marks that all came too late: this machine cannot keep the promise now.
    """
    if is_activation(step):
        reach("dispatch.before_activate")
    for _attempt in range(MARKS):
        checked_at = work.ticker.now()
        reason = mark_sent(work, step)
        reach("dispatch.before_call")
        age = (work.ticker.now() - checked_at).total_seconds()
        if reason or (age <= CHECK_GOOD_FOR_S and work.has_room_for_a_call()):
            return reason
    return SLOW


def _not_sent(work: Work, step: DispatchStep, reason: str) -> None:
    if reason == SLOW:
        _refused(work, step, PlatformError("unavailable", "Not sent: its check came too late."))
    elif reason == recheck.KILLED:
        outcomes.hold(work)
    else:
        outcomes.refuse(work, reason)


def _call(work: Work, step: DispatchStep, call: Call) -> bool:
    assert not connection.in_atomic_block  # noqa: S101 - the protocol's first rule
    try:
        with platform_writes():
            external_id = call()
    except PlatformError as error:
        reach("dispatch.after_call")
        return _refused(work, step, error)
    except Exception as error:
        log.exception("call_outcome_unknown", job=str(work.dispatch.pk), step=step.seq)
        outcomes.step_unknown(work, step, error)
        return False
    reach("dispatch.after_call")
    outcomes.step_done(work, step, external_id)
    return True


def _refused(work: Work, step: DispatchStep, error: PlatformError) -> bool:
    log.info(
        "step_not_done",
        job=str(work.dispatch.pk),
        step=step.seq,
        kind=error.kind,
        code=error.platform_code,
    )
    if error.kind == "unknown":
        outcomes.step_unknown(work, step, error)
    elif error.kind in NOTHING_HAPPENED and not outcomes.is_too_old(work):
        outcomes.try_later(work, step, error)
    else:
        outcomes.fail(work, step, error)
    return False
