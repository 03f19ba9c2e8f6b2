"""The metrics there are, and their exact values from sums: a ratio is never a mean of ratios."""

from collections.abc import Mapping
from fractions import Fraction

SUMS = ("impressions", "clicks", "spend_micros", "conversions", "conversion_value_micros")
COUNTS = ("impressions", "clicks", "conversions")
AMOUNTS = {"spend": "spend_micros", "conversion_value": "conversion_value_micros"}
# Metric → numerator, denominator, factor.
RATIOS = {
    "ctr": ("clicks", "impressions", 100),
    "cpc": ("spend_micros", "clicks", 1),
    "cpm": ("spend_micros", "impressions", 1000),
    "conversion_rate": ("conversions", "clicks", 100),
    "cost_per_conversion": ("spend_micros", "conversions", 1),
    "roas": ("conversion_value_micros", "spend_micros", 1),
}
METRICS = (*COUNTS, *AMOUNTS, *RATIOS)
Sums = Mapping[str, int]


def exact(name: str, sums: Sums) -> Fraction | None:
    """The value of a metric, money in micros; None for a ratio without a base."""
    if name not in RATIOS:
        return Fraction(sums[AMOUNTS.get(name, name)])
    top, base, factor = RATIOS[name]
    return Fraction(factor * sums[top], sums[base]) if sums[base] else None


def change_percent(name: str, now: Sums, before: Sums) -> float | None:
    """By how many percent a metric moved; None without a value to start from."""
    new, old = exact(name, now), exact(name, before)
    if new is None or not old:
        return None
    return round(float((new - old) / old * 100), 2)


def add(one: Sums, other: Sums) -> dict[str, int]:
    """The sums of both."""
    return {name: one[name] + other[name] for name in SUMS}


NOTHING: Sums = dict.fromkeys(SUMS, 0)
