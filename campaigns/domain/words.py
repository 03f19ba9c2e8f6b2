"""The closed vocabularies of campaigns; every stored value is the wire value."""

from enum import StrEnum


class Axis(StrEnum):
    CREATIVE = "creative"
    TACTICAL = "tactical"
    STRUCTURAL = "structural"


class Mode(StrEnum):
    """What an axis lets everything that is not a person do."""

    OFF = "off"
    DRAFT = "draft"
    AUTO = "auto"


OBJECTIVES = ("CONVERSIONS", "TRAFFIC", "AWARENESS", "ENGAGEMENT", "LEADS", "APP_INSTALLS")
OBJECTIVE_SYNONYMS = {
    "SALES": "CONVERSIONS",
    "OUTCOME_SALES": "CONVERSIONS",
    "CONVERSION": "CONVERSIONS",
    "OUTCOME_TRAFFIC": "TRAFFIC",
    "LINK_CLICKS": "TRAFFIC",
    "OUTCOME_AWARENESS": "AWARENESS",
    "REACH": "AWARENESS",
    "BRAND_AWARENESS": "AWARENESS",
    "OUTCOME_ENGAGEMENT": "ENGAGEMENT",
    "POST_ENGAGEMENT": "ENGAGEMENT",
    "OUTCOME_LEADS": "LEADS",
    "LEAD_GENERATION": "LEADS",
    "LEAD": "LEADS",
    "OUTCOME_APP_PROMOTION": "APP_INSTALLS",
    "APP_PROMOTION": "APP_INSTALLS",
    "APP_INSTALL": "APP_INSTALLS",
}
BUDGET_TYPES = ("daily", "lifetime")
PUBLISHER_PLATFORMS = ("facebook", "instagram")
CALLS_TO_ACTION = (
    "learn_more",
    "sign_up",
    "shop_now",
    "book_now",
    "contact_us",
    "download",
    "get_offer",
    "get_quote",
    "subscribe",
    "apply_now",
    "install_app",
    "order_now",
    "watch_more",
)
STRATEGIES = (
    "maximize_conversions",
    "maximize_clicks",
    "maximize_roas",
    "minimize_cpa",
    "balanced",
)
FREQUENCIES = ("hourly", "every_6_hours", "daily", "weekly")
DENIAL_REASONS = (
    "authority_axis_off",
    "kill_switch_active",
    "ceiling_exceeded",
    "partner_writes_disabled",
    "policy_refused",
    "self_approval",
    "plan_limit_reached",
)


def fold(text: str) -> str:
    """An enum word as we compare it: trimmed, upper case, underscores."""
    return text.strip().upper().replace("-", "_").replace(" ", "_")


def objective_of(text: str) -> str | None:
    """The objective a word in any case, or a synonym of another surface, means; None if none."""
    word = fold(text)
    return word if word in OBJECTIVES else OBJECTIVE_SYNONYMS.get(word)
