"""Transaction 2: what a call's answer does to our rows, the approval, the spend and the record.

Every function writes only while this worker's fence holds (FenceLostError otherwise). Lock order:
kill switch, campaign, approval, dispatch, ceilings, audit head.
"""

from datetime import timedelta
from typing import Any

from django.db.models import F

from campaigns import spend
from campaigns.dispatch import killed, orphans, recheck, record
from campaigns.dispatch.claims import hold_fence
from campaigns.dispatch.work import ROWS, Work
from campaigns.models import Campaign, DispatchStep, PendingAction
from core.failpoints import reach
from core.tenancy import tenant_tx
from platforms.errors import PlatformError

LOOK_SOON = timedelta(seconds=1)
PERSON_AFTER = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(hours=24)


def _lock(work: Work) -> None:
    """Campaign, then approval: the order every writer keeps."""
    Campaign.objects.select_for_update(no_key=True).only("id").get(pk=work.dispatch.campaign_id)
    if work.dispatch.pending_action_id is not None:
        rows = PendingAction.objects.select_for_update(no_key=True).only("id")
        rows.get(pk=work.dispatch.pending_action_id)


def step_done(work: Work, step: DispatchStep, external_id: str) -> None:
    """The step's effect is certain: keep the platform's id, carry `apply` over to our row, and
    finish the Dispatch with the last step.
    """
    reach("dispatch.before_result")
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        is_last = work.open_steps == [step]
        stops = is_last and killed.stop_is_due(work)
        _lock(work)
        hold_fence(work, state="sent", **_flags(work))
        step.state, step.external_id, step.finished_at = "done", external_id, now
        step.save(update_fields=["state", "external_id", "error_kind", "finished_at"])
        _apply(step, external_id, work)
        if stops:
            killed.append_stop(work)
        elif is_last:
            _finish(work)
    reach("dispatch.after_result")


def _flags(work: Work) -> dict[str, Any]:
    """What a person must know although the change went on: duplicates that were set aside."""
    if not work.notes:
        return {}
    return {"needs_person": True, "error_message": " ".join(work.notes)}


def _apply(step: DispatchStep, external_id: str, work: Work) -> None:
    values = dict(step.apply)
    if step.kind == "upload_image":
        values["image_hash"] = external_id
    elif step.kind.startswith("create_"):
        values["external_id"] = external_id
    if step.object_type != "creative":
        if "status" in values:
            values.setdefault("effective_status", values["status"])
        values |= {"updated_at": work.ticker.now(), "version": F("version") + 1}
    if values:
        ROWS[step.object_type].objects.filter(pk=step.object_id).update(**values)


def _finish(work: Work) -> None:
    """Close the Dispatch inside the caller's transaction; the record comes last."""
    now = work.ticker.now()
    hold_fence(
        work,
        state="done",
        finished_at=now,
        lease_until=None,
        **({} if work.notes else {"error_kind": "", "error_message": "", "needs_person": False}),
    )
    orphans.settle(work.dispatch)
    _close_approval(work, "dispatched")
    spend.settle(work.dispatch, now=now)
    record.dispatched(work, now=now)


def _close_approval(work: Work, status: str, **values: Any) -> None:
    if work.dispatch.pending_action_id is not None:
        rows = PendingAction.objects.filter(pk=work.dispatch.pending_action_id, status="approved")
        rows.update(status=status, version=F("version") + 1, **values)


def step_unknown(work: Work, step: DispatchStep, error: Exception) -> None:
    """The call may have happened: remember that, and look soon."""
    kind = getattr(error, "if_absent_kind", "") or "unknown"
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        hold_fence(work, state="unknown", next_attempt_at=now + LOOK_SOON, **_error(error))
        step.state, step.error_kind, step.finished_at = "unknown", kind, now
        step.error_message = work.dispatch.error_message
        step.save(update_fields=["state", "error_kind", "error_message", "finished_at"])


def _error(error: Exception) -> dict[str, str]:
    if isinstance(error, PlatformError):
        return {
            "error_kind": error.kind,
            "error_code": error.platform_code[:40],
            "error_message": error.message,
        }
    return {"error_kind": "unknown", "error_code": type(error).__name__[:40], "error_message": ""}


def still_unknown(
    work: Work, step: DispatchStep, *, wait: timedelta, error: PlatformError | None = None
) -> None:
    """Nothing found yet, or the look-up itself failed: look again later, and after 15 minutes
    ask a person.
    """
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        asked = now - (step.sent_at or now) > PERSON_AFTER
        hold_fence(
            work,
            state="unknown",
            next_attempt_at=now + wait,
            needs_person=work.dispatch.needs_person or asked,
            **(_error(error) if error else {}),
        )
        if step.state != "unknown":
            step.state, step.error_kind = "unknown", "unknown"
        step.save(update_fields=["state", "error_kind", "lookups"])


def try_later(work: Work, step: DispatchStep | None, error: PlatformError) -> None:
    """Nothing happened at the platform: back-off, at least as long as the platform asks for."""
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        most = 5 if work.dispatch.survives_kill else 300
        seconds = max(error.retry_after_s, min(most, 2 ** min(work.dispatch.attempts, 9)))
        if step is not None:
            step.state, step.sent_at = "ready", None
            step.save(update_fields=["state", "sent_at"])
        in_doubt = any(other.state in ("sent", "unknown") for other in work.steps)
        hold_fence(
            work,
            state="unknown" if in_doubt else "sent" if not work.is_fresh else "ready",
            lease_until=None,
            next_attempt_at=now + timedelta(seconds=seconds),
            **_error(error),
        )


def is_too_old(work: Work) -> bool:
    """Whether trying has gone on for a day, after which the change is no longer what was meant."""
    return work.ticker.now() - work.dispatch.created_at > GIVE_UP_AFTER


def hold(work: Work) -> None:
    """The kill switch stands: no further call until a person decides again after its release."""
    with tenant_tx(work.tenant_id):
        _lock(work)
        if not work.is_fresh and work.dispatch.command_kind == "launch_campaign":
            rows = Campaign.objects.filter(pk=work.dispatch.campaign_id)
            rows.update(effective_status="HELD")
        for step in work.open_steps:
            if step.state == "ready":  # a look-up may have cleared its doubt since it was read
                step.save(update_fields=["state", "error_kind", "lookups"])
        hold_fence(
            work,
            state="held",
            lease_until=None,
            error_kind="held",
            error_code="kill_switch_active",
            needs_person=work.dispatch.needs_person or not work.is_fresh,
        )


def refuse(work: Work, reason: str) -> None:
    """The gate's last look said no. A withdrawn approval ends silently: who withdrew it has
    recorded that; anything else is a failure.
    """
    if reason != recheck.WITHDRAWN:
        message = "The change is no longer within the authority it was allowed under."
        fail(work, None, PlatformError("permission", message, platform_code=reason))
        return
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        hold_fence(
            work,
            state="failed",
            lease_until=None,
            finished_at=now,
            error_kind="withdrawn",
            error_code=reason,
        )
        spend.release(work.dispatch, now=now)


def fail(work: Work, step: DispatchStep | None, error: PlatformError) -> None:
    """Over for good. What was made stays paused and goes to the unknown-outcome desk."""
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        _lock(work)
        made = any(other.state == "done" and other.external_id for other in work.steps)
        hold_fence(
            work,
            state="failed",
            lease_until=None,
            finished_at=now,
            needs_person=work.dispatch.needs_person or made,
            **_error(error),
        )
        if step is not None:
            step.state, step.error_kind, step.finished_at = "failed", error.kind, now
            step.error_message = error.message
            step.save(update_fields=["state", "error_kind", "error_message", "finished_at"])
        _close_approval(work, "dispatch_failed")
        spend.release(work.dispatch, now=now)
        if error.kind == "auth":
            record.connection_expired(work, now=now)
        record.failed(work, error, now=now)


def conflict(work: Work, current: dict[str, Any]) -> None:
    """The platform no longer shows what was decided upon: nothing is sent."""
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        _lock(work)
        hold_fence(
            work,
            state="failed",
            lease_until=None,
            finished_at=now,
            error_kind="conflict",
            error_code="stale_value",
            error_message="The platform's value moved; nothing was sent.",
        )
        _close_approval(work, "conflict", current=current)
        spend.release(work.dispatch, now=now)
        record.conflict(work, current, now=now)
