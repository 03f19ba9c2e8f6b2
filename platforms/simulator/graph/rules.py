"""Rules that no type says: budgets, schedules, goals and ownership. Each raises code 100."""

from datetime import datetime
from typing import Any, Protocol

from platforms.simulator.errors import GraphError, invalid
from platforms.simulator.models import (
    ARCHIVED,
    DELETED,
    PAGE_BASE,
    PIXEL_BASE,
    AdAccount,
    Node,
    Page,
    Pixel,
)

# The smallest daily budget in minor units of the account's currency.
MINIMUM_DAILY = {"JPY": 100, "KRW": 1000, "INR": 8000, "BRL": 500, "MXN": 2000}
MINIMUM_DAILY_ELSE = 100
BUDGET_EDITS_PER_HOUR = 4

GOALS: dict[str, frozenset[str]] = {
    "OUTCOME_AWARENESS": frozenset({"REACH", "IMPRESSIONS", "AD_RECALL_LIFT", "THRUPLAY"}),
    "OUTCOME_TRAFFIC": frozenset(
        {
            "LINK_CLICKS",
            "LANDING_PAGE_VIEWS",
            "REACH",
            "IMPRESSIONS",
            "CONVERSATIONS",
            "QUALITY_CALL",
            "PROFILE_VISIT",
            "VISIT_INSTAGRAM_PROFILE",
        }
    ),
    "OUTCOME_ENGAGEMENT": frozenset(
        {
            "POST_ENGAGEMENT",
            "PAGE_LIKES",
            "EVENT_RESPONSES",
            "THRUPLAY",
            "CONVERSATIONS",
            "LINK_CLICKS",
            "LANDING_PAGE_VIEWS",
            "OFFSITE_CONVERSIONS",
            "REACH",
            "IMPRESSIONS",
            "QUALITY_CALL",
            "ENGAGED_USERS",
        }
    ),
    "OUTCOME_LEADS": frozenset(
        {
            "LEAD_GENERATION",
            "QUALITY_LEAD",
            "OFFSITE_CONVERSIONS",
            "CONVERSATIONS",
            "QUALITY_CALL",
            "LINK_CLICKS",
            "LANDING_PAGE_VIEWS",
            "REACH",
            "IMPRESSIONS",
        }
    ),
    "OUTCOME_APP_PROMOTION": frozenset(
        {"APP_INSTALLS", "APP_INSTALLS_AND_OFFSITE_CONVERSIONS", "LINK_CLICKS", "VALUE"}
    ),
    "OUTCOME_SALES": frozenset(
        {
            "OFFSITE_CONVERSIONS",
            "VALUE",
            "CONVERSATIONS",
            "LINK_CLICKS",
            "LANDING_PAGE_VIEWS",
            "REACH",
            "IMPRESSIONS",
        }
    ),
}
BILLED_BY_GOAL = {
    "LINK_CLICKS": {"LINK_CLICKS"},
    "THRUPLAY": {"THRUPLAY"},
    "PAGE_LIKES": {"PAGE_LIKES"},
    "POST_ENGAGEMENT": {"POST_ENGAGEMENT"},
    "APP_INSTALLS": {"APP_INSTALLS"},
}


class Budgeted(Protocol):
    """A body with a budget."""

    @property
    def daily_budget(self) -> int | None: ...
    @property
    def lifetime_budget(self) -> int | None: ...


def minimum_daily(currency: str) -> int:
    """The smallest daily budget in minor units."""
    return MINIMUM_DAILY.get(currency, MINIMUM_DAILY_ELSE)


def check_budget(body: Budgeted, account: AdAccount) -> None:
    """One kind of budget, and not too small."""
    if body.daily_budget is not None and body.lifetime_budget is not None:
        raise invalid("Only one of daily_budget and lifetime_budget may be set.")
    budget = body.daily_budget if body.daily_budget is not None else body.lifetime_budget
    smallest = minimum_daily(account.currency)
    if budget is not None and budget < smallest:
        raise invalid(
            f"The budget must be at least {smallest} in the smallest unit of {account.currency}.",
            subcode=1885272,
            title="Budget Is Too Low",
        )


def has_budget(data: dict[str, Any]) -> bool:
    """True where an object's fields carry a budget of its own."""
    return bool(data.get("daily_budget") or data.get("lifetime_budget"))


def check_schedule(start: datetime | None, end: datetime | None, now: datetime) -> None:
    """The end lies after the start and not in the past."""
    if end is None:
        return
    if end <= now:
        raise invalid("The end time is in the past.", subcode=1487079, title="End Time Is Past")
    if start is not None and end <= start:
        raise invalid(
            "The end time must be after the start time.", subcode=1487110, title="Invalid Schedule"
        )


def check_one_level(ad_set: dict[str, Any], campaign: Node) -> None:
    """A budget sits on the campaign or on its ad sets, and on one of them it must."""
    if has_budget(campaign.data) and has_budget(ad_set):
        raise invalid(
            "The campaign already has a budget: an ad set budget cannot be set.",
            subcode=1885621,
            title="Cannot Use Ad Set Budget With Campaign Budget",
        )
    if not has_budget(campaign.data) and not has_budget(ad_set):
        raise invalid(
            "The ad set needs daily_budget or lifetime_budget: its campaign has no budget.",
            subcode=1885645,
            title="Budget Is Missing",
        )


def check_lifetime_end(ad_set: dict[str, Any], campaign: Node) -> None:
    """A lifetime budget needs an end to be spent by."""
    lifetime = ad_set.get("lifetime_budget") or campaign.data.get("lifetime_budget")
    if lifetime and not (ad_set.get("end_time") or campaign.data.get("stop_time")):
        raise invalid(
            "The parameter end_time is required with a lifetime budget.", title="End Time Missing"
        )


def check_bid(ad_set: dict[str, Any], campaign: Node) -> None:
    """A capped bid strategy needs its cap."""
    strategy = ad_set.get("bid_strategy") or campaign.data.get("bid_strategy") or ""
    if strategy in ("COST_CAP", "LOWEST_COST_WITH_BID_CAP") and not ad_set.get("bid_amount"):
        raise invalid(
            f"The parameter bid_amount is required with bid_strategy {strategy}.",
            subcode=1815857,
            title="Bid Amount Required",
        )


def check_goal(ad_set: dict[str, Any], campaign: Node) -> None:
    """The goal fits the objective, the billing event fits the goal."""
    goal, billing = ad_set["optimization_goal"], ad_set["billing_event"]
    objective = campaign.data["objective"]
    if goal not in GOALS[objective]:
        raise invalid(
            f"The optimization_goal {goal} is not available for the objective {objective}.",
            subcode=2490408,
            title="Performance Goal Isn't Available",
        )
    if billing != "IMPRESSIONS" and billing not in BILLED_BY_GOAL.get(goal, set()):
        raise invalid(
            f"The billing_event {billing} is not available for the optimization_goal {goal}.",
            subcode=1815001,
            title="Billing Event Isn't Available",
        )


def check_promoted(ad_set: dict[str, Any], account: AdAccount) -> None:
    """Conversions need a pixel of the account and an event."""
    promoted = ad_set.get("promoted_object") or {}
    pixel = promoted.get("pixel_id")
    if pixel and not Pixel.objects.filter(pk=int(pixel) - PIXEL_BASE, account=account).exists():
        raise invalid(f"The pixel {pixel} does not belong to the ad account.")
    if ad_set["optimization_goal"] not in ("OFFSITE_CONVERSIONS", "VALUE"):
        return
    if not promoted.get("custom_conversion_id") and not (
        pixel and promoted.get("custom_event_type")
    ):
        raise invalid(
            "The parameter promoted_object needs pixel_id and custom_event_type for this "
            "optimization_goal.",
            subcode=1885154,
            title="Promoted Object Required",
        )


def check_page(page_id: str, account: AdAccount) -> None:
    """The page belongs to the account's person."""
    key = int(page_id) - PAGE_BASE
    if not Page.objects.filter(pk=key, person_id=account.person_id).exists():
        raise invalid(f"The page {page_id} cannot be used by this ad account.", subcode=1443121)


def check_open(node: Node) -> None:
    """Deleted and archived objects take no more changes."""
    if node.status == DELETED:
        raise invalid("A deleted object cannot be changed.", subcode=1487056, title="Deleted")
    if node.status == ARCHIVED:
        raise invalid("An archived object cannot be changed.", subcode=1487056, title="Archived")


def note_budget_edit(ad_set: Node, now: datetime) -> None:
    """Count a budget change of an ad set; the fifth within an hour is refused (code 17)."""
    recent = [at for at in ad_set.budget_edits if now.timestamp() - at < 3600]
    if len(recent) >= BUDGET_EDITS_PER_HOUR:
        raise GraphError(
            "(#17) User request limit reached",
            code=17,
            subcode=1885172,
            title="Too Many Budget Changes",
            user_message="An ad set's budget can be changed four times an hour.",
            transient=True,
        )
    ad_set.budget_edits = [*recent, now.timestamp()]
