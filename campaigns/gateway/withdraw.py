"""Taking back what was allowed but not sent."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from campaigns import spend
from campaigns.models import Ad, AdSet, Campaign, Creative, Dispatch, DispatchStep, PendingAction

IN_DOUBT = ("sent", "unknown")


def withdraw(dispatch_id: UUID, *, now: datetime, after: datetime | None = None) -> bool:
    """End a Dispatch that waits, with all it had prepared and nothing of what it has done.

    With `after` it must be unclaimed, its first attempt later than that; without, it may also be
    held half done, unless a call's outcome is unknown. False where it is too late. The caller has
    locked the campaign.
    """
    rows = Dispatch.objects.filter(pk=dispatch_id)
    if after is not None:
        rows = rows.filter(state="ready", fence=0, next_attempt_at__gt=after)
    elif DispatchStep.objects.filter(dispatch_id=dispatch_id, state__in=IN_DOUBT).exists():
        return False
    else:
        rows = rows.filter(state__in=["ready", "held"])
    ended = rows.update(
        state="failed",
        error_kind="withdrawn",
        error_code="approval_withdrawn",
        finished_at=now,
        lease_until=None,
        fence=F("fence") + 1,
    )
    if not ended:
        return False
    dispatch = Dispatch.objects.get(pk=dispatch_id)
    _remove_prepared(dispatch)
    spend.release(dispatch, now=now)
    return True


_MADE = {"create_ad": Ad, "create_ad_set": AdSet, "create_creative": Creative}


def _remove_prepared(dispatch: Dispatch) -> None:
    """Delete the rows that came into being with this Dispatch and never reached the platform."""
    steps = DispatchStep.objects.filter(dispatch=dispatch).values_list("kind", "object_id")
    pairs = list(steps)
    for kind, model in _MADE.items():
        keys = [key for found, key in pairs if found == kind]
        if keys:
            rows = model.objects.filter(pk__in=keys, external_id="")
            rows.filter(created_at=dispatch.created_at).delete()


def back_to_pending(row: PendingAction) -> None:
    """Write the row as undecided again."""
    row.status, row.dispatch_id = "pending", None
    row.decided_by, row.decided_at, row.decision_comment = "", None, ""
    row.version += 1
    row.save(
        update_fields=[
            "status",
            "dispatch_id",
            "decided_by",
            "decided_at",
            "decision_comment",
            "version",
        ]
    )
    settle_launch_state(row, "PENDING_APPROVAL")


def settle_launch_state(row: PendingAction, effective_status: str = "") -> None:
    """A launch that is no longer waiting: the campaign shows its own status again."""
    if row.command_kind != "launch_campaign" or row.campaign_id is None:
        return
    campaigns = Campaign.objects.filter(pk=row.campaign_id)
    for status in campaigns.values_list("status", flat=True):
        campaigns.update(effective_status=effective_status or status)
