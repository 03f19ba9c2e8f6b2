"""What a rule does to an object that meets its condition."""

from enum import StrEnum

PERCENT_RANGE = (1, 50)
DEFAULT_PERCENT = 20


class Action(StrEnum):
    PAUSE_AD = "pause_ad"
    PAUSE_AD_SET = "pause_ad_set"
    PAUSE_CAMPAIGN = "pause_campaign"
    INCREASE_BUDGET = "increase_budget"
    DECREASE_BUDGET = "decrease_budget"


BUDGET_ACTIONS = frozenset({Action.INCREASE_BUDGET, Action.DECREASE_BUDGET})
TARGETS = {
    Action.PAUSE_AD: "ad",
    Action.PAUSE_AD_SET: "ad_set",
    Action.PAUSE_CAMPAIGN: "campaign",
    Action.INCREASE_BUDGET: "campaign",
    Action.DECREASE_BUDGET: "campaign",
}
COMMANDS = {
    Action.PAUSE_AD: "pause_ad",
    Action.PAUSE_AD_SET: "pause_ad_set",
    Action.PAUSE_CAMPAIGN: "pause_campaign",
    Action.INCREASE_BUDGET: "set_daily_budget",
    Action.DECREASE_BUDGET: "set_daily_budget",
}


def next_budget(
    action: Action, budget: int, *, percent: int, limit: int | None, least: int, unit: int
) -> int | None:
    """The budget after one step, all in micros; None where the limit leaves no step.

    `limit` is the highest or lowest budget the rule may set, `least` the smallest the platform
    takes, `unit` the currency's smallest coin: the result is a whole number of it.
    """
    if action is Action.INCREASE_BUDGET:
        wanted = budget * (100 + percent) // 100 // unit * unit
        wanted = wanted if limit is None else min(wanted, limit)
        return wanted if wanted > budget else None
    wanted = -(-budget * (100 - percent) // 100 // unit) * unit
    wanted = max(wanted, least, limit or 0)
    return wanted if wanted < budget else None
