"""When people are to be told: sums beyond a threshold, or a day unlike its weekdays.

A day is compared with the same weekday of the last eight weeks. What may be chance is measured on
those weeks: a count varies at least as Poisson's, and by as much more as each day varied about its
weekday. A share (CTR, CVR) is judged as the count it is made of, given what it is a share of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import exp, sqrt
from statistics import NormalDist

from analytics.domain.forecast import student
from analytics.optimizer.domain.conditions import (
    MILLION,
    WAITS_FOR_CONVERSIONS,
    Answer,
    Condition,
    Metric,
    Sums,
)

WEEK = 7
HISTORY_DAYS = 8 * WEEK
LEAST_WEEKS = 4  # of the day's own weekday
LEAST_FREEDOM = 2 * WEEK  # days to measure chance by, beyond one for each weekday
LEAST_EVENTS = 20
LEAST_VARIATION = 0.05  # share of the mean: a budget used up to the cent is no law of nature
FALSE_ALARMS = 0.001  # aimed at, per judged day of one rule, both directions together
PROMISED_FALSE_ALARMS = 0.002  # measured by tests/bars/test_al_alerts.py; docs/analytics.md says it
# A threshold on numbers that late conversions would mend leaves out these days.
SETTLING_DAYS = 7
_Z = NormalDist().inv_cdf(1 - FALSE_ALARMS / 2)


class Kind(StrEnum):
    THRESHOLD = "threshold"
    ANOMALY = "anomaly"


class Direction(StrEnum):
    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


class Until(StrEnum):
    """The last day that may be judged."""

    RUNNING = "running"  # the day that has not ended: what is there already stays
    COMPLETE = "complete"  # the last one that was read some hours after its end
    SETTLED = "settled"  # the last one whose conversions have mostly been reported


# Metric → the count that is judged, and what it is given. Costs move against their count.
SERIES: Mapping[Metric, tuple[str, str]] = {
    Metric.SPEND: ("spend_micros", ""),
    Metric.IMPRESSIONS: ("impressions", ""),
    Metric.CLICKS: ("clicks", ""),
    Metric.CONVERSIONS: ("conversions", ""),
    Metric.CTR: ("clicks", "impressions"),
    Metric.CVR: ("conversions", "clicks"),
    Metric.CPA: ("conversions", "spend_micros"),
}
_RISES_WITH_TIME = frozenset({Metric.SPEND, Metric.IMPRESSIONS, Metric.CLICKS, Metric.CONVERSIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A day on one side of what its weekdays were: by at least `minimum_change` percent, and beyond
    chance.
    """

    metric: Metric
    direction: Direction
    minimum_change: int


@dataclass(frozen=True, slots=True)
class Unusual:
    """A day's value in millionths of the metric's unit, what its weekdays let expect, and the range
    that chance explains; `high` is None where there is no upper bound. `days` were compared.
    `at_least` marks a cost per event of which there was none.
    """

    direction: Direction
    value: Fraction
    expected: float
    low: float
    high: float | None
    days: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class _Usual:
    """The count to expect of a day, and the bounds of chance."""

    mean: float
    low: float
    high: float


def is_above(condition: Condition) -> bool:
    """Whether the threshold is met from below."""
    return not condition.is_below


def threshold_until(condition: Condition) -> Until:
    """Which days a threshold may be judged on: what more delivery cannot take back at once, what
    late conversions could take back only after a week.
    """
    if is_above(condition) and condition.metric in _RISES_WITH_TIME:
        return Until.RUNNING
    return _until(condition.metric, is_rise=is_above(condition))


def anomaly_until(metric: Metric, direction: Direction) -> Until:
    """The same for one direction of an anomaly; its days have always ended."""
    return _until(metric, is_rise=direction is Direction.ABOVE)


def _until(metric: Metric, *, is_rise: bool) -> Until:
    """More conversions make a cost fall, and everything else of theirs rise."""
    mended_by_conversions = is_rise if metric is Metric.CPA else not is_rise
    if metric in WAITS_FOR_CONVERSIONS and mended_by_conversions:
        return Until.SETTLED
    return Until.COMPLETE


def judge_day(watch: Watch, days: Mapping[date, Sums], day: date) -> tuple[Answer, Unusual | None]:
    """Whether `day` is unlike the same weekdays before it. `days` are those that delivered; a day
    without delivery is not compared with, but judged as zero where the day before delivered.
    """
    if day not in days and day - timedelta(days=1) not in days:
        return Answer.NO_DATA, None
    past = {one: sums for one, sums in days.items() if 0 < (day - one).days <= HISTORY_DAYS}
    today = days.get(day, Sums())
    usual = _usual(watch.metric, past, today=today, day=day)
    if isinstance(usual, Answer):
        return usual, None
    count = _count(watch.metric, today)
    if _needs_events(watch.metric) and max(count, usual.mean) < LEAST_EVENTS:
        return Answer.SAMPLE_TOO_SMALL, None
    found = _unusual(watch.metric, today, usual, days=len(past))
    if found is None or watch.direction is not found.direction:
        return Answer.NOT_MATCHED, None
    change = abs(float(found.value) / found.expected - 1) * 100 if found.expected else None
    if change is not None and change < watch.minimum_change:
        return Answer.NOT_MATCHED, None
    return Answer.MATCHED, found


def _usual(metric: Metric, past: Mapping[date, Sums], *, today: Sums, day: date) -> _Usual | Answer:
    base = _base(metric, today)
    peers = _peers(past, day)
    if not base:
        return Answer.NO_DATA
    if len(peers) < LEAST_WEEKS or not _has_base(metric, past, peers):
        return Answer.SAMPLE_TOO_SMALL
    mean = base * _rate(metric, past, peers)
    if not mean:
        return Answer.SAMPLE_TOO_SMALL
    chance = 1.0 if _needs_events(metric) else 0.0
    excess, freedom = _excess(metric, past, chance)
    if freedom < LEAST_FREEDOM:
        return Answer.SAMPLE_TOO_SMALL
    wide = student(_Z, freedom) * sqrt(1 + 1 / len(peers))
    # The logarithm for rises, the root for falls: each keeps its tail where counts are small.
    high = (mean + chance / 2) * exp(wide * sqrt(excess + chance / mean)) - chance / 2
    root = sqrt(mean + 3 * chance / 8) - wide * sqrt(chance + excess * mean) / 2
    return _Usual(mean, max(0.0, root) ** 2 - 3 * chance / 8, high)


def _peers(past: Mapping[date, Sums], day: date) -> list[date]:
    """The days to compare with."""
    return [one for one in past if one.weekday() == day.weekday()]


def _excess(metric: Metric, past: Mapping[date, Sums], chance: float) -> tuple[float, int]:
    """The squared variation, as a share of the mean, of days about their weekday beyond Poisson's,
    and its degrees of freedom.
    """
    off = means = squares = 0.0
    weekdays = set()
    for weekday in range(WEEK):
        peers = [one for one in past if one.weekday() == weekday]
        if not _has_base(metric, past, peers):
            continue
        weekdays.add(weekday)
        rate = _rate(metric, past, peers)
        for one in peers:
            mean = rate * _base(metric, past[one])
            off += (_count(metric, past[one]) - mean) ** 2
            means += mean
            squares += mean * mean
    freedom = len(past) - len(weekdays)
    if freedom <= 0 or not squares:
        return 0.0, 0
    beyond = (off * len(past) / freedom - chance * means) / squares
    return max(LEAST_VARIATION**2, beyond), freedom


def _rate(metric: Metric, past: Mapping[date, Sums], peers: Sequence[date]) -> float:
    counted = sum(_count(metric, past[one]) for one in peers)
    return counted / sum(_base(metric, past[one]) for one in peers)


def _has_base(metric: Metric, past: Mapping[date, Sums], peers: Sequence[date]) -> bool:
    return any(_base(metric, past[one]) for one in peers)


def _count(metric: Metric, sums: Sums) -> int:
    count: int = getattr(sums, SERIES[metric][0])
    return count


def _base(metric: Metric, sums: Sums) -> int:
    """What the count is given; 1 where it stands alone."""
    name = SERIES[metric][1]
    base: int = getattr(sums, name) if name else 1
    return base


def _needs_events(metric: Metric) -> bool:
    """Whether the count consists of events; money has no smallest one."""
    return metric is not Metric.SPEND


def _unusual(metric: Metric, sums: Sums, usual: _Usual, *, days: int) -> Unusual | None:
    """The day in the metric's own unit, where it lies outside what chance explains."""
    count, base = _count(metric, sums), _base(metric, sums)
    if usual.low <= count <= usual.high:
        return None
    is_more = count > usual.high
    if metric is Metric.CPA:
        low = base / usual.high
        high = base / usual.low if usual.low > 0 else None
        direction = Direction.BELOW if is_more else Direction.ABOVE
        value = Fraction(base, count or 1)
        return Unusual(direction, value, base / usual.mean, low, high, days, at_least=not count)
    direction = Direction.ABOVE if is_more else Direction.BELOW
    scale = {Metric.SPEND: 1, Metric.CTR: 100 * MILLION, Metric.CVR: 100 * MILLION}
    per = Fraction(scale.get(metric, MILLION), base)
    mean, low, high = (float(per) * one for one in (usual.mean, max(0.0, usual.low), usual.high))
    return Unusual(direction, count * per, mean, low, high, days)


def sides(direction: Direction) -> tuple[Direction, ...]:
    """The directions to judge, one by one: their days may differ."""
    both = (Direction.ABOVE, Direction.BELOW)
    return both if direction is Direction.BOTH else (direction,)


def is_same_cause(held_day: date | None, day: date, *, rest_days: int) -> bool:
    """Whether what holds on `day` was told of already: it last held on `held_day`, and has not been
    away for more than `rest_days`.
    """
    return held_day is not None and day - held_day <= timedelta(days=rest_days)
