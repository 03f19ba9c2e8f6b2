"""Changes, proposals and jobs as the Agent API prints them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from campaigns.models import Dispatch, DispatchStep, PendingAction
from campaigns.presenters.tree import amount, iso_z
from core.ids import encode

PREFIX = {"campaign": "camp", "ad_set": "aset", "ad": "ad", "creative": "crt"}


def inbox_url(pending_id: str) -> str:
    """Where a person decides the proposal."""
    return f"{settings.PUBLIC_URL}/inbox/{pending_id}/"


def change_json(values: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Before or after, with budget and schedule in the nested shape and money in main units."""
    shown: dict[str, Any] = {}
    for name, value in values.items():
        if name == "budget_micros":
            shown.setdefault("budget", {})["amount"] = amount(value, currency)
        elif name == "budget_type":
            shown.setdefault("budget", {})["type"] = value
        elif name in ("start_date", "end_date"):
            shown.setdefault("schedule", {})[name] = value
        else:
            shown[name] = value
    if "amount" in shown.get("budget", {}):
        shown["budget"]["currency"] = currency
    return shown


def pending_json(row: PendingAction) -> dict[str, Any]:
    """A proposal: what, by whom, how risky, and what became of it."""
    public = encode("pa", row.id)
    return {
        "id": public,
        "status": row.status,
        "action": row.command_kind,
        "axes": row.axes,
        "entity": {
            "type": row.target_type,
            "id": encode(PREFIX[row.target_type], row.target_id),
            "name": row.target_name,
        },
        "business_id": encode("biz", row.business_id),
        "campaign_id": encode("camp", row.campaign_id) if row.campaign_id else None,
        "before": change_json(row.before, row.currency),
        "after": change_json(row.after, row.currency),
        "current": change_json(row.current, row.currency) or None,
        "exposure_delta": amount(row.exposure_delta_micros, row.currency or "USD"),
        "currency": row.currency,
        "rationale": row.rationale,
        "risk": row.risk,
        "risk_reasons": row.risk_reasons,
        "proposer": {
            "kind": row.proposer_kind,
            "id": row.proposer_id,
            "label": row.proposer_label,
        },
        "verdict_id": encode("ver", row.verdict_id),
        "job_id": encode("job", row.dispatch_id) if row.dispatch_id else None,
        "supersedes": encode("pa", row.supersedes_id) if row.supersedes_id else None,
        "group_id": row.group_id or None,
        "dashboard_url": inbox_url(public),
        "decided_by": row.decided_by or None,
        "decided_at": iso_z(row.decided_at),
        "comment": row.decision_comment or None,
        "not_reread": row.not_reread,
        "snoozed_until": iso_z(row.snoozed_until),
        "expires_at": iso_z(row.expires_at),
        "created_at": iso_z(row.created_at),
    }


def job_json(row: Dispatch, steps: Sequence[DispatchStep]) -> dict[str, Any]:
    """A change on its way to the platform, step by step."""
    error = None
    if row.error_kind:
        error = {
            "kind": row.error_kind,
            "code": row.error_code or None,
            "message": row.error_message or None,
        }
    return {
        "id": encode("job", row.id),
        "status": row.state,
        "action": row.command_kind,
        "campaign_id": encode("camp", row.campaign_id),
        "verdict_id": encode("ver", row.id),
        "pending_action_id": encode("pa", row.pending_action_id) if row.pending_action_id else None,
        "platform": row.platform,
        "attempts": row.attempts,
        "error": error,
        "needs_person": row.needs_person,
        "steps": [
            {
                "kind": step.kind,
                "object": encode(PREFIX[step.object_type], step.object_id),
                "status": step.state,
                "external_id": step.external_id or None,
            }
            for step in steps
        ],
        "not_before": iso_z(row.next_attempt_at) if row.state == "ready" else None,
        "created_at": iso_z(row.created_at),
        "finished_at": iso_z(row.finished_at),
    }
