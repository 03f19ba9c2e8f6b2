"""What a finished Dispatch leaves behind: spend, events for subscribers, and the audit row last."""

from datetime import datetime
from typing import Any

from accounts.services.evidence import emit, record_audit, verdict_public_id
from campaigns.dispatch.work import PREFIXES, Work
from campaigns.models import Campaign
from core.actors import ActorKind, system_actor
from core.failpoints import reach
from core.ids import encode
from platforms.errors import PlatformError
from platforms.presenters import event_json

EVENTS = {
    "launch_campaign": "campaign.launched",
    "pause_campaign": "campaign.paused",
    "resume_campaign": "campaign.resumed",
    "archive_campaign": "campaign.archived",
    "stop_delivery": "campaign.paused",
    "restore_delivery": "campaign.resumed",
    "remove_remains": "ads.write.removed",
    "create_ad_set": "ad_set.created",
    "create_ad": "ad.created",
    "pause_ad": "ad.paused",
    "push_creative": "ad.optimized",
}
BUDGETS = frozenset({"set_daily_budget", "set_lifetime_budget"})
UPDATED = {"campaign": "campaign.updated", "ad_set": "ad_set.updated", "ad": "ad.updated"}


def _payload(work: Work) -> dict[str, Any]:
    dispatch = work.dispatch
    name = f"{dispatch.target_type}_id"
    return {
        "campaign_id": encode("camp", dispatch.campaign_id),
        name: encode(PREFIXES[dispatch.target_type], dispatch.target_id),
        "job_id": encode("job", dispatch.id),
        "command": dispatch.command_kind,
    }


def _emit(work: Work, event_type: str, *, now: datetime, **extra: Any) -> None:
    dispatch = work.dispatch
    emit(
        event_type,
        _payload(work) | extra,
        tenant_id=dispatch.tenant_id,
        environment=dispatch.environment,
        now=now,
        business_id=dispatch.business_id,
        target_id=encode(PREFIXES[dispatch.target_type], dispatch.target_id),
    )
    reach("outbox.before_commit")


def _audit(
    work: Work, event_type: str, *, now: datetime, facts: dict[str, Any], detail: dict[str, Any]
) -> None:
    dispatch = work.dispatch
    record_audit(
        system_actor(dispatch.tenant_id, name="dispatch"),
        event_type,
        now=now,
        target_type=dispatch.target_type,
        target_id=encode(PREFIXES[dispatch.target_type], dispatch.target_id),
        business_id=dispatch.business_id,
        verdict_id=verdict_public_id(dispatch.id),
        facts={
            "job_id": encode("job", dispatch.id),
            "command": dispatch.command_kind,
            "on_behalf_of": dispatch.actor_id,
            **facts,
        },
        detail=detail,
    )
    reach("audit.before_commit")


def dispatched(work: Work, *, now: datetime) -> None:
    """The change is in force at the platform."""
    dispatch = work.dispatch
    event = EVENTS.get(dispatch.command_kind) or UPDATED[dispatch.target_type]
    campaign = Campaign.objects.only("name", "status", "effective_status").get(
        pk=dispatch.campaign_id
    )
    _emit(work, event, now=now, status=campaign.status, name=campaign.name)
    if _is_reallocation(work):
        _emit(work, "budget.reallocated", now=now, name=campaign.name)
    _emit(work, "ads.write.dispatched", now=now)
    made = {
        f"{step.object_type}_{step.seq}": step.external_id
        for step in work.steps
        if step.external_id
    }
    _audit(
        work,
        "ads.write.dispatched",
        now=now,
        facts={"external_ids": made, "attempts": dispatch.attempts},
        detail={"notes": work.notes} if work.notes else {},
    )


def _is_reallocation(work: Work) -> bool:
    """Whether a rule moved the budget, or somebody by applying a suggestion, whose id is then the
    command's group.
    """
    dispatch = work.dispatch
    suggested = str(dispatch.command.get("group_id", "")).startswith("sug_")
    by_rule = dispatch.actor_kind == ActorKind.OPTIMIZER
    return dispatch.command_kind in BUDGETS and (suggested or by_rule)


def failed(work: Work, error: PlatformError, *, now: datetime) -> None:
    """The change failed for good; our rows say so where it was a launch."""
    dispatch = work.dispatch
    if dispatch.command_kind == "launch_campaign":
        issue = {
            "code": dispatch.error_code or error.kind,
            "summary": "The launch failed; nothing is running.",
            "message": error.message,
            "level": "campaign",
        }
        Campaign.objects.filter(pk=dispatch.campaign_id).update(
            effective_status="LAUNCH_FAILED", issues=[issue], updated_at=now
        )
    _emit(work, "ads.write.failed", now=now, reason=error.kind, message=error.message)
    _audit(
        work,
        "ads.write.failed",
        now=now,
        facts={"error_kind": error.kind, "error_code": dispatch.error_code},
        detail={"message": error.message},
    )


def conflict(work: Work, current: dict[str, Any], *, now: datetime) -> None:
    """Nothing was sent, because the platform's value moved."""
    _emit(work, "approval.conflict", now=now, current=current)
    _audit(
        work,
        "approval.conflict",
        now=now,
        facts={"error_code": "stale_value"},
        detail={"expected": work.dispatch.expects.get("values", {}), "current": current},
    )


def connection_expired(work: Work, *, now: datetime) -> None:
    """The platform no longer takes the token: a person must reconnect."""
    connection = work.account.connection
    alive = type(connection).objects.filter(pk=connection.pk, status="connected")
    if not alive.update(status="expired", error_code="token_refused", checked_at=now):
        return
    connection.status = "expired"
    emit(
        "connection.expired",
        event_json(connection),
        tenant_id=work.tenant_id,
        environment=connection.environment,
        now=now,
        business_id=work.dispatch.business_id,
        target_id=encode("conn", connection.pk),
    )
