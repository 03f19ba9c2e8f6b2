"""Which of several objects is surely better or worse than the others."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.optimizer.domain.conditions import (
    DEFAULT_CERTAINTY,
    Metric,
    Reading,
    Sums,
    read_metric,
)

ENOUGH_IMPRESSIONS = 1000
ENOUGH_CONVERSIONS = 30
LOWER_IS_BETTER = frozenset({Metric.CPA, Metric.CPC})
HIGH, MEDIUM = 0.10, 0.03


@dataclass(frozen=True, slots=True)
class Standout[K]:
    """One object beside the others together, their intervals apart. `share` is its part of the
    spend, `gap` how far its value is from theirs, as a part of theirs.
    """

    key: K
    sums: Sums
    reading: Reading
    rest: Reading
    share: float

    @property
    def gap(self) -> float:
        others = float(self.rest.value)
        return abs(float(self.reading.value) - others) / others if others else 1.0


def metric_for(total: Sums) -> Metric:
    """Cost per conversion where there are enough conversions to tell, else the click rate."""
    return Metric.CPA if total.conversions >= ENOUGH_CONVERSIONS else Metric.CTR


def standouts[K](sums: Mapping[K, Sums], metric: Metric, *, worse: bool) -> list[Standout[K]]:
    """The objects whose whole interval lies on the worse (better) side of the others' interval,
    those with the largest part of the spend first. Needs two objects that delivered enough.
    """
    total = sum(sums.values(), Sums())
    found = []
    for key, own in sums.items():
        others = sum((other for name, other in sums.items() if name != key), Sums())
        if min(own.impressions, others.impressions) < ENOUGH_IMPRESSIONS:
            continue
        reading = read_metric(metric, own, certainty=DEFAULT_CERTAINTY)
        rest = read_metric(metric, others, certainty=DEFAULT_CERTAINTY)
        if reading and rest and _apart(metric, reading, rest, worse=worse):
            share = own.spend_micros / total.spend_micros if total.spend_micros else 0.0
            found.append(Standout(key, own, reading, rest, share))
    return sorted(found, key=lambda one: -one.share)


def _apart(metric: Metric, reading: Reading, rest: Reading, *, worse: bool) -> bool:
    above = (metric in LOWER_IS_BETTER) == worse
    high, low = (reading, rest) if above else (rest, reading)
    return high.low is not None and low.high is not None and high.low > low.high


def impact_of(gain: float) -> str:
    """high, medium or low, by the part of the spend that would go further."""
    if gain >= HIGH:
        return "high"
    return "medium" if gain >= MEDIUM else "low"
