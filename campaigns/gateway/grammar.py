"""The write grammar: what every face that agents use says of an Outcome."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.gateway.outcome import DENIED, DISPATCHING, PENDING, Outcome
from campaigns.presenters import change_json, inbox_url
from core.errors import ForbiddenError

_LAUNCH_WORDS = {PENDING: "PENDING_APPROVAL", DISPATCHING: "LAUNCHING"}
POLICY_PATH = "/policy/"


class GateDeniedError(ForbiddenError):
    """The gate said no; the Verdict stays committed."""

    commits = True


def _messages(reason: str) -> tuple[str, str]:
    table = {
        "authority_axis_off": (
            _("This kind of change is switched off here."),
            _("Tell the user; a person can switch it to draft. Retrying will not help."),
        ),
        "kill_switch_active": (
            _("The kill switch is engaged; nothing changes until a person releases it."),
            _("Wait for the event kill_switch.released."),
        ),
        "ceiling_exceeded": (
            _("The change would exceed a spend ceiling."),
            _("Propose less, or ask a person to raise the ceiling."),
        ),
        "plan_limit_reached": (
            _("The plan holds no more campaigns."),
            _("Archive one, or subscribe to a larger plan: POST /v1/billing/subscribe."),
        ),
        "self_approval": (
            _("Nobody decides what they proposed themselves."),
            _("Another person or key must decide."),
        ),
    }
    return table.get(reason, (_("The policy refuses this change."), _("Ask an owner or admin.")))


def denied(outcome: Outcome) -> GateDeniedError:
    """The 403 of a denial: code is the reason."""
    message, hint = _messages(outcome.reason)
    details: dict[str, Any] = {
        "status": DENIED,
        "action": outcome.action,
        "verdict_id": outcome.verdict_id,
        "axes": outcome.axes,
        "detail": outcome.detail,
        "dashboard_url": settings.PUBLIC_URL + POLICY_PATH,
    }
    if outcome.reason == "plan_limit_reached":
        details["upgrade_to"] = outcome.detail or None
    return GateDeniedError(message, code=outcome.reason, hint=hint, details=details)


def next_step(outcome: Outcome) -> str:
    """What the caller does now, in one sentence."""
    if outcome.status == PENDING:
        return _(
            "A person decides: poll GET /v1/pending-actions/{id} or subscribe to approval.* events."
            " Do not send the change again."
        ).replace("{id}", outcome.pending_action_id)
    if outcome.status == DISPATCHING:
        return _("Poll GET /v1/jobs/{id} until it is done.").replace("{id}", outcome.job_id)
    return _("Nothing more to do.")


def grammar(outcome: Outcome) -> dict[str, Any]:
    """The write reply shared by REST and tools."""
    pending = outcome.pending_action_id
    launch = outcome.action == "launch_campaign"
    return {
        "status": _LAUNCH_WORDS.get(outcome.status, outcome.status) if launch else outcome.status,
        "action": outcome.action,
        "entity": {
            "type": outcome.target_type,
            "id": outcome.target_id,
            "name": outcome.target_name,
        },
        "campaign_id": outcome.campaign_id,
        "axes": outcome.axes,
        "before": change_json(outcome.before, outcome.currency),
        "after": change_json(outcome.after, outcome.currency),
        "verdict_id": outcome.verdict_id,
        "pending_action_id": pending or None,
        "job_id": outcome.job_id or None,
        "dashboard_url": inbox_url(pending) if pending else _campaign_url(outcome),
        "expires_at": outcome.expires_at or None,
        "risk": outcome.risk or None,
        "duplicate": outcome.duplicate,
        "next_step": next_step(outcome),
    }


def _campaign_url(outcome: Outcome) -> str:
    return f"{settings.PUBLIC_URL}/campaigns/{outcome.campaign_id}/"
