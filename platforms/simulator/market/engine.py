"""One hour of an ad account's market, for all its ads at once.

Every draw of an hour comes from (seed, account, hour), so that moving the clock by 24 hours or 24
times by one gives the same numbers. Money is integers of the currency's minor unit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from platforms.simulator.market.families import Family

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PLATFORMS = ("facebook", "instagram")
OVER_DELIVERY = 1.75
LINK_SHARE = 0.8
_HOURS = np.array(
    [2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5, 6, 5, 5, 5, 5, 6, 7, 8, 8, 7, 5, 3], dtype=np.float64
)
DAYPART: Floats = _HOURS / _HOURS.sum()
WEEKDAY = (1.0, 1.0, 1.0, 1.02, 1.05, 1.1, 1.08)


@dataclass(frozen=True, slots=True)
class Ads:
    """One entry per ad. `group` is the index of the budget an ad spends from; `facebook` the share
    of its impressions shown on Facebook; `cpm` its price of 1000 in minor units.
    """

    group: Ints
    ctr: Floats
    cvr: Floats
    order: Floats
    cpm: Floats
    audience: Floats
    facebook: Floats


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened: ads by platforms (`PLATFORMS`)."""

    impressions: Ints
    clicks: Ints
    link_clicks: Ints
    spend: Ints
    conversions: Ints


def generator(seed: int, account: int, moment: int) -> np.random.Generator:
    """The draws of one account and hour (or day, as a negative number)."""
    return np.random.Generator(np.random.PCG64([seed, account, moment & 0xFFFFFFFFFFFF]))


def day_factors(family: Family, rng: np.random.Generator, groups: int) -> Floats:
    """How eagerly each budget is spent on a day, around 1."""
    sigma = family.daily_spread
    drawn: Floats = rng.lognormal(-sigma * sigma / 2, sigma, groups)
    return drawn


def planned(target: Floats, limit: Ints, *, factors: Floats, hour: int, weekday: int) -> Floats:
    """What each budget wants to spend this hour; `target` is its fair share of the day, `limit`
    what it may still spend.
    """
    wanted: Floats = target * factors * DAYPART[hour] * WEEKDAY[weekday] / 1.036
    return np.minimum(wanted, limit.astype(np.float64))


def deliver(
    family: Family,
    ads: Ads,
    rng: np.random.Generator,
    *,
    live: Mask,
    plan: Floats,
    limit: Ints,
    seen: Floats,
) -> Hour:
    """One hour. `plan` and `limit` are per budget, `seen` the impressions each ad ever had."""
    frequency = seen / ads.audience
    merit = np.sqrt(ads.ctr * ads.cvr) * rng.gamma(20.0, 1 / 20.0, len(live)) * live
    total = np.bincount(ads.group, merit, len(plan))[ads.group]
    share = np.divide(merit, total, out=np.zeros_like(merit), where=total > 0)
    money = plan[ads.group] * share
    dearer = 1 + family.saturation * np.minimum(frequency, 3.0)
    cpm = ads.cpm * dearer * rng.lognormal(0, family.cpm_spread, len(live))
    shown = rng.poisson(money / cpm * 1000)
    facebook = rng.binomial(shown, ads.facebook)
    impressions = np.stack([facebook, shown - facebook], axis=1).astype(np.int64)
    spend = np.floor(impressions * cpm[:, None] / 1000).astype(np.int64)
    impressions, spend = _within(limit, ads.group, impressions=impressions, spend=spend)
    rate = ads.ctr / (1 + family.fatigue * frequency)
    clicks = rng.binomial(impressions, rate[:, None])
    link_clicks = rng.binomial(clicks, LINK_SHARE)
    conversions = rng.binomial(link_clicks, ads.cvr[:, None])
    return Hour(impressions, clicks, link_clicks, spend, conversions)


def _within(limit: Ints, group: Ints, *, impressions: Ints, spend: Ints) -> tuple[Ints, Ints]:
    """Cut an hour down to what its budgets may still spend; rounding is always down."""
    total = np.bincount(group, spend.sum(axis=1), len(limit))
    scale = np.ones(len(limit))
    np.divide(limit, total, out=scale, where=total > limit)
    if (scale >= 1).all():
        return impressions, spend
    factor = np.minimum(scale, 1.0)[group][:, None]
    cut_impressions: Ints = np.floor(impressions * factor).astype(np.int64)
    cut_spend: Ints = np.floor(spend * factor).astype(np.int64)
    return cut_impressions, cut_spend
