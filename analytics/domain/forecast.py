"""What the next days will likely bring, and how often such a forecast was right before.

The forecast is the weighted mean of the last two weeks, so that every weekday counts alike. Its
80 % interval is as wide as the same forecast was wrong on the same history; the coverage is counted
on back-tests whose intervals knew nothing of the days they were judged by.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist

WEEK = 7
WEIGHTS = (0.6, 0.4)  # of the newest week first
WARM_UP = 2 * WEEK
LEAST_WINDOWS = 3  # ends of forecasts that do not overlap, before an interval is dared
LEAST_BACKTESTS = 14
TARGET = 0.8
SLACK = 0.05  # a measured coverage of 75 to 85 % is what was promised
FLOOR = 0.05  # share of the mean that keeps a quiet day's error finite
_Z = NormalDist().inv_cdf((1 + TARGET) / 2)
_CHANCE = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Forecast:
    """A sum over the horizon. `reason` says why there is none; then the other numbers are None."""

    expected: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    backtests: int = 0
    covered: int = 0

    @property
    def coverage(self) -> float | None:
        return self.covered / self.backtests if self.backtests else None


def days_needed(horizon: int, gap: int = 0) -> int:
    """How many days of history the first shown interval takes."""
    return WARM_UP + 2 * gap + horizon * (LEAST_WINDOWS + 1) + LEAST_BACKTESTS


def forecast(days: Sequence[float], *, horizon: int, gap: int = 0) -> Forecast:
    """The sum of `horizon` days that begin `gap` days after the last of `days`, which are whole
    days without a hole, oldest first.
    """
    if len(days) < days_needed(horizon, gap):
        return Forecast(reason="history_too_short")
    if not sum(days[-WEEK:]):
        return Forecast(reason="not_delivering")
    sums = list(accumulate(days, initial=0.0))
    floor = FLOOR * horizon * sums[-1] / len(days)
    errors = [
        math.log(
            (sums[at + gap + horizon] - sums[at + gap] + floor)
            / (horizon * _level(sums, at) + floor)
        )
        for at in range(WARM_UP, len(days) - gap - horizon + 1)
    ]
    squares = list(accumulate((error * error for error in errors), initial=0.0))
    backtests, covered = _judge(errors, squares, horizon=horizon, gap=gap)
    if not _is_as_promised(backtests, covered, horizon=horizon):
        return Forecast(reason="interval_not_reliable", backtests=backtests, covered=covered)
    said = horizon * _level(sums, len(days))
    wide = math.exp(_spread(squares, len(errors), horizon))
    low = max(0.0, (said + floor) / wide - floor)
    return Forecast(said, low, (said + floor) * wide - floor, backtests=backtests, covered=covered)


def _spread(squares: Sequence[float], known: int, horizon: int) -> float:
    """Half the interval, on the log scale, after the first `known` errors. Neighbours overlap: by
    the horizon, or by the two weeks behind the forecast where these are shorter; squares of sums
    that overlap weigh as one and a half times as many that do not.
    """
    freedom = 1.5 * _windows(known, min(horizon, WARM_UP))
    return student(_Z, freedom) * math.sqrt(squares[known] / known)


def _level(sums: Sequence[float], at: int) -> float:
    """The mean day of the weeks before `at`, of which the sums are running totals."""
    total = sum(
        weight * (sums[at - WEEK * number] - sums[at - WEEK * (number + 1)])
        for number, weight in enumerate(WEIGHTS)
    )
    return total / WEEK


def _windows(origins: int, horizon: int) -> float:
    """How many forecasts of so many neighbouring origins do not overlap."""
    return (origins + horizon - 1) / horizon


def _judge(
    errors: Sequence[float], squares: Sequence[float], *, horizon: int, gap: int
) -> tuple[int, int]:
    """How many forecasts had an interval, and how many of these held what then happened. At an
    origin only those errors are known whose days had ended by then.
    """
    backtests = covered = 0
    for at, error in enumerate(errors):
        known = at - gap - horizon + 1
        if known > 0 and _windows(known, horizon) >= LEAST_WINDOWS:
            backtests += 1
            covered += abs(error) <= _spread(squares, known, horizon)
    return backtests, covered


def _is_as_promised(backtests: int, covered: int, *, horizon: int) -> bool:
    """Whether the coverage is 75 to 85 % as far as so few back-tests can tell: neighbours share
    most of their days, so that they count as fewer. Below 65 % no chance excuses it.
    """
    if backtests < LEAST_BACKTESTS:
        return False
    chance = _CHANCE * math.sqrt(TARGET * (1 - TARGET) / _windows(backtests, horizon))
    missed = covered / backtests - TARGET
    return -SLACK - min(chance, 2 * SLACK) <= missed <= SLACK + chance


def student(z: float, freedom: float) -> float:
    """Student's t for the normal quantile `z`, by Cornish and Fisher: within 1 % for the end of an
    80 % interval from 3 degrees of freedom on, for one of 99.9 % from 20 on.
    """
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
