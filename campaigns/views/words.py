"""What codes are called on screen."""

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from campaigns.presenters.kinds import KINDS as KINDS

FIELDS: dict[str, Promise] = {
    "status": _("Status"),
    "name": _("Name"),
    "objective": _("Objective"),
    "platforms": _("Placements"),
    "budget_type": _("Budget type"),
    "budget_micros": _("Budget"),
    "daily_budget_micros": _("Daily budget"),
    "lifetime_budget_micros": _("Lifetime budget"),
    "currency": _("Currency"),
    "start_date": _("Starts"),
    "end_date": _("Ends"),
    "message": _("Message"),
    "target_url": _("Landing page"),
    "target_location": _("Location"),
    "product_description": _("Product"),
    "audience_description": _("Audience"),
    "optimization": _("Optimization"),
    "targeting": _("Targeting"),
    "headline": _("Headline"),
    "primary_text": _("Text"),
    "description": _("Description"),
    "image_url": _("Image"),
    "image_digest": _("SHA-256 of the image that is sent"),
    "call_to_action": _("Button"),
    "link_url": _("Link"),
    "campaign": _("Campaign"),
    "ad_account": _("Ad account"),
    "ad_count": _("Number of ads"),
    "page_id": _("Page"),
    "pixel_id": _("Pixel"),
    "creative": _("Creative"),
    "creative_id": _("Creative"),
    "ad_sets": _("Ad sets"),
    "ads": _("Ads"),
    "ad": _("Ad"),
    "ad_set": _("Ad set"),
    "age_min": _("Youngest age"),
    "age_max": _("Oldest age"),
    "locations": _("Countries"),
    "interests": _("Interests"),
    "enabled": _("Enabled"),
    "strategy": _("Strategy"),
    "frequency": _("Frequency"),
}
PENDING_STATUS: dict[str, tuple[Promise, str]] = {
    "pending": (_("Waiting"), "info"),
    "approved": (_("Approved"), "success"),
    "dispatched": (_("Carried out"), "success"),
    "dispatch_failed": (_("Failed"), "error"),
    "conflict": (_("Conflict"), "warning"),
    "rejected": (_("Rejected"), "error"),
    "expired": (_("Expired"), ""),
    "superseded": (_("Superseded"), ""),
    "cancelled": (_("Withdrawn"), ""),
}
RISKS: dict[str, Promise] = {
    "low": _("Low risk"),
    "medium": _("Medium risk"),
    "high": _("High risk"),
}
RISK_REASONS: dict[str, Promise] = {
    "starts_spending": _("It starts spending."),
    "budget_up_half": _("It raises the budget by half or more."),
    "takes_most_headroom": _("It takes most of what is left under a spend ceiling."),
    "four_eyes": _("It is above the amount that needs a second person."),
    "budget_up": _("It raises the budget."),
    "restarts_learning": _("It may restart the platform's learning phase."),
    "irreversible": _("It cannot be taken back by another change."),
    "stops_delivery": _("It stops delivery."),
}
AXES: dict[str, Promise] = {
    "creative": _("Creative"),
    "tactical": _("Tactical"),
    "structural": _("Structural"),
}
MODES: dict[str, Promise] = {
    "off": _("Off"),
    "draft": _("Draft"),
    "auto": _("Auto"),
}
CHANNELS: dict[str, Promise] = {
    "dashboard": _("Dashboard"),
    "admin": _("Admin"),
    "rest": _("REST API"),
    "mcp": _("MCP"),
    "task": _("Background"),
    "cli": _("Command line"),
}
ACTORS: dict[str, Promise] = {
    "user": _("Person"),
    "api_key": _("Agent key"),
    "oauth_app": _("App"),
    "optimizer": _("Optimizer"),
    "platform": _("Platform"),
    "system": _("Adamant"),
}
TREE_STATUS_TONE = {
    "ACTIVE": "success",
    "PAUSED": "warning",
    "PENDING_APPROVAL": "info",
    "LAUNCHING": "info",
    "IN_REVIEW": "info",
    "PENDING_REVIEW": "info",
    "DISAPPROVED": "error",
    "WITH_ISSUES": "error",
    "LAUNCH_FAILED": "error",
}
CEILING_SCOPES: dict[str, Promise] = {
    "action": _("Single change"),
    "campaign": _("This campaign"),
    "business": _("This business"),
    "tenant": _("All businesses"),
}

# What a Dispatch and its steps do at the platform, and how far they are.
STEPS: dict[str, Promise] = {
    "create_campaign": _("Create campaign"),
    "create_ad_set": _("Create ad set"),
    "upload_image": _("Upload image"),
    "create_creative": _("Create creative"),
    "create_ad": _("Create ad"),
    "update_campaign": _("Change campaign"),
    "update_ad_set": _("Change ad set"),
    "update_ad": _("Change ad"),
    "set_status_campaign": _("Switch campaign"),
    "set_status_ad_set": _("Switch ad set"),
    "set_status_ad": _("Switch ad"),
}
WORK_STATES: dict[str, Promise] = {
    "ready": _("Not begun"),
    "sent": _("Sent"),
    "unknown": _("Unknown"),
    "done": _("Done"),
    "failed": _("Failed"),
    "held": _("Held"),
}


Table = dict[str, Promise]
_spoken: dict[tuple[int, str], tuple[Table, dict[str, str]]] = {}


def word(table: Table, code: str) -> str:
    """The word for a code; a code without one is printed readably."""
    found = spoken(table).get(code)
    return found if found is not None else readable(code)


def readable(code: str) -> str:
    """`PENDING_APPROVAL` as `Pending approval`."""
    return code.replace("_", " ").capitalize()


def spoken(table: Table) -> dict[str, str]:
    """A table of this module in the current language, looked up in the catalogue once."""
    key = (id(table), get_language() or "")
    kept = _spoken.get(key)
    if kept is None:
        kept = table, {code: str(label) for code, label in table.items()}
        _spoken[key] = kept
    return kept[1]
