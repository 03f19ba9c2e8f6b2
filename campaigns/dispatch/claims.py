"""Claim and mark: the short transactions that come before a call."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from campaigns.dispatch import recheck
from campaigns.dispatch.work import FenceLostError, Ticker, Work
from campaigns.models import Campaign, Dispatch, DispatchStep
from core.tenancy import tenant_tx

DUE = ("ready", "sent", "unknown")
IN_FLIGHT = ("sent", "unknown")
BEHIND_ANOTHER = timedelta(seconds=1)


def lease() -> timedelta:
    """How long a claim holds."""
    return timedelta(seconds=settings.DISPATCH_LEASE_S)


def claim(tenant_id: UUID, dispatch_id: UUID, *, ticker: Ticker) -> Dispatch | None:
    """Take the Dispatch for one lease under a new fence, in one committed transaction.

    Returns None when it is not due, somebody else holds it or its campaign, or an earlier change
    of the campaign is in flight. Locks the campaign, then the Dispatch.
    """
    now = ticker.now()
    with tenant_tx(tenant_id):
        campaign_ids = Dispatch.objects.filter(pk=dispatch_id).values("campaign_id")
        campaigns = Campaign.objects.select_for_update(no_key=True, skip_locked=True)
        if not campaigns.filter(pk__in=campaign_ids).only("id"):
            return None
        due = Dispatch.objects.filter(state__in=DUE, next_attempt_at__lte=now)
        dispatch = due.filter(pk=dispatch_id).first()
        if dispatch is None:
            return None
        if _waits_for_another(dispatch):
            due.filter(pk=dispatch_id).update(next_attempt_at=now + BEHIND_ANOTHER)
            return None
        return dispatch if _take(dispatch, now) else None


def _waits_for_another(dispatch: Dispatch) -> bool:
    """One change of a campaign at a time, except that a stop waits for nobody."""
    if dispatch.survives_kill or dispatch.state in IN_FLIGHT:
        return False
    others = Dispatch.objects.filter(
        campaign_id=dispatch.campaign_id, state__in=IN_FLIGHT, needs_person=False
    )
    found: bool = others.exclude(pk=dispatch.pk).exists()
    return found


def _take(dispatch: Dispatch, now: datetime) -> bool:
    fence = dispatch.fence
    dispatch.fence += 1
    dispatch.attempts += 1
    dispatch.lease_until = dispatch.next_attempt_at = now + lease()
    dispatch.state = "unknown" if dispatch.state == "unknown" else "sent"
    return bool(
        Dispatch.objects.filter(pk=dispatch.pk, fence=fence, state__in=DUE).update(
            fence=dispatch.fence,
            attempts=dispatch.attempts,
            lease_until=dispatch.lease_until,
            next_attempt_at=dispatch.next_attempt_at,
            state=dispatch.state,
        )
    )


def mark_sent(work: Work, step: DispatchStep) -> str:
    """Commit that the step's call is about to be made and renew the lease.

    Returns the reason why it must not be made (kill switch, approval withdrawn, authority), with
    nothing written; raises FenceLostError when another worker took over.
    """
    with tenant_tx(work.tenant_id):
        now = work.ticker.now()
        reason = recheck.refusal(work.dispatch, thorough=work.is_fresh or is_activation(step))
        if reason:
            return reason
        until = now + lease()
        hold_fence(work, state="sent", lease_until=until, next_attempt_at=until)
        work.lease_until = until
        resent = step.error_kind if step.state == "ready" else ""
        step.state, step.fence, step.sent_at = "sent", work.fence, now
        step.error_kind, step.error_message, step.finished_at = resent, "", None
        step.save(
            update_fields=[
                "state",
                "fence",
                "sent_at",
                "error_kind",
                "error_message",
                "finished_at",
                "lookups",
            ]
        )
    return ""


def is_activation(step: DispatchStep) -> bool:
    """Whether the step lets money flow."""
    return step.kind == "set_status" and step.params.get("status") == "ACTIVE"


def hold_fence(work: Work, **changes: object) -> None:
    """Write to the Dispatch as long as it is this worker's; raises FenceLostError otherwise."""
    mine = Dispatch.objects.filter(pk=work.dispatch.pk, fence=work.fence, state__in=IN_FLIGHT)
    if not mine.update(**changes):
        raise FenceLostError(str(work.dispatch.pk))
    for name, value in changes.items():
        setattr(work.dispatch, name, value)
