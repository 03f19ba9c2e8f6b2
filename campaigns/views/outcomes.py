"""What became of a person's change, told in words."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.gateway import Outcome
from core.errors import AppError

DENIALS: dict[str, Promise] = {
    "authority_axis_off": _("This kind of change is switched off in the policy."),
    "kill_switch_active": _("The kill switch is on; nothing leaves until it is released."),
    "ceiling_exceeded": _("It would break a spend ceiling. Lower the amount or raise the ceiling."),
    "partner_writes_disabled": _("Partner writes are not enabled for this business."),
    "policy_refused": _("The policy refuses this change for your role."),
    "self_approval": _("The proposer cannot approve."),
    "plan_limit_reached": _("The plan's limit of campaigns is reached."),
}
TOLD: dict[str, tuple[str, Promise]] = {
    "applied": ("success", _("Done.")),
    "dispatching": ("success", _("On its way to the platform.")),
    "pending_approval": ("info", _("A second person has to approve this; it waits in the inbox.")),
}


def refusal_text(error: AppError) -> str:
    """An error's message, or for a reason of the gate what that reason means."""
    return str(DENIALS.get(error.code, error.message))


def tell(request: HttpRequest, outcome: Outcome) -> None:
    """Flash a message that says what happened, and for a denial why."""
    if outcome.is_denied:
        messages.error(request, str(DENIALS.get(outcome.reason, outcome.reason)))
        return
    level, text = TOLD[outcome.status]
    getattr(messages, level)(request, str(text))
