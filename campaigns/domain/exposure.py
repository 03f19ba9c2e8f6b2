"""What an object can cost a day at most, in micros of its currency."""

from collections.abc import Iterable
from datetime import timedelta

# Meta's help pages: up to 75 % above a daily budget on one day, seven times it over a week.
OVER_DELIVERY_PERCENT = {"meta": 175}
UNKNOWN_PERCENT = 200
READ_BACK_MAX_AGE = timedelta(hours=6)


def exposure_of(
    *, budget_type: str, budget_micros: int, spent_micros: int, platform: str, runs: bool
) -> int:
    """Highest charge of one day: daily budget with over-delivery, or a lifetime budget's rest."""
    if not runs:
        return 0
    if budget_type == "lifetime":
        return max(0, budget_micros - spent_micros)
    percent = OVER_DELIVERY_PERCENT.get(platform, UNKNOWN_PERCENT)
    return -(-budget_micros * percent // 100)


def used_of(running_micros: int, held_targets: Iterable[int]) -> int:
    """What a campaign uses up of its ceilings: the dearest state it can be in, given everything
    that is in flight.
    """
    return max(running_micros, *held_targets, 0)
