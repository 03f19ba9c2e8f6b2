"""The click rate a new ad may have: a random-effects model on logits of a business's own ads.

Each ad's rate is a draw around its platform's, each platform's is drawn towards the business's as
far as its own ads leave it unsure. The interval covers a new ad's own rate, not the mean's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_ADS = 5
LEAST_IMPRESSIONS = 5_000
_Z_80 = 1.2815515655446004  # 80 % two-sided of the normal distribution


@dataclass(frozen=True, slots=True)
class Observed:
    """One ad's delivery: impressions (at least 1) and the clicks among them."""

    impressions: int
    clicks: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rates from 0 to 1: the expected one and the 80 % interval of one new ad; from how many."""

    expected: float
    low: float
    high: float
    ads: int


@dataclass(frozen=True, slots=True)
class _Pooled:
    mean: float  # logit
    between: float  # variance of ads around the mean
    error: float  # variance of the mean


def estimate(history: Mapping[str, Sequence[Observed]], platform: str) -> Estimate | str:
    """The estimate for `platform`, or one word why there is none: no_history, too_few_ads,
    too_few_impressions, platform_without_history.
    """
    every = [one for rows in history.values() for one in rows]
    own = history.get(platform, ())
    if not every:
        return "no_history"
    if not own:
        return "platform_without_history"
    if len(every) < LEAST_ADS:
        return "too_few_ads"
    if sum(one.impressions for one in every) < LEAST_IMPRESSIONS:
        return "too_few_impressions"
    whole = _pool(every)
    mean, error = whole.mean, whole.error
    if len(history) > 1:
        groups = [_pool(rows, between=whole.between) for rows in history.values()]
        apart = _between([(one.mean, one.error) for one in groups])
        mine = _pool(own, between=whole.between)
        trust = apart / (apart + mine.error) if apart else 0.0
        mean = trust * mine.mean + (1 - trust) * whole.mean
        error = trust * mine.error + (1 - trust) * (whole.error + apart)
    spread = _Z_80 * math.sqrt(whole.between + error)
    return Estimate(_rate(mean), _rate(mean - spread), _rate(mean + spread), len(every))


def _pool(rows: Sequence[Observed], between: float | None = None) -> _Pooled:
    points = [_logit(one) for one in rows]
    spread = _between(points) if between is None else between
    weights = [1 / (variance + spread) for _value, variance in points]
    total = sum(weights)
    mean = sum(w * value for w, (value, _) in zip(weights, points, strict=True)) / total
    return _Pooled(mean, spread, 1 / total)


def _logit(one: Observed) -> tuple[float, float]:
    """An ad's logit and its sampling variance; the halves keep ads without clicks finite."""
    hits, misses = one.clicks + 0.5, one.impressions - one.clicks + 0.5
    return math.log(hits / misses), 1 / hits + 1 / misses


def _between(points: Sequence[tuple[float, float]]) -> float:
    """Variance between the points beyond their own, by DerSimonian and Laird."""
    weights = [1 / variance for _value, variance in points]
    total = sum(weights)
    mean = sum(w * value for w, (value, _) in zip(weights, points, strict=True)) / total
    q = sum(w * (value - mean) ** 2 for w, (value, _) in zip(weights, points, strict=True))
    room = total - sum(w * w for w in weights) / total
    return max(0.0, (q - (len(points) - 1)) / room) if room > 0 else 0.0


def _rate(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
