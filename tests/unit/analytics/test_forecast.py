"""Forecasts hold what they promise on simulated markets, and refuse where they cannot."""

import math
import random

import numpy as np
import pytest

from analytics.domain.forecast import TARGET, days_needed, forecast
from platforms.simulator.market.engine import WEEKDAY, Ads, day_factors, deliver
from platforms.simulator.market.families import FAMILIES

ACCOUNTS, DAYS = 15, 250
METRICS = ("spend", "impressions", "clicks", "conversions")


def market(family, rng):
    """Metric → its days, of an account with six ads and two budgets."""
    size = 6
    ads = Ads(
        group=np.arange(size) % 2,
        ctr=family.ctr * rng.lognormal(0, family.ctr_spread, size),
        cvr=family.cvr * rng.lognormal(0, family.cvr_spread, size),
        order=np.full(size, family.order),
        cpm=np.full(size, family.cpm),
        audience=np.full(size, 3_000_000.0),
        facebook=np.full(size, family.facebook_share),
    )
    limit = np.array([40_000, 40_000])
    seen, live = np.zeros(size), np.ones(size, dtype=bool)
    days = {name: [] for name in METRICS}
    for day in range(DAYS):
        wanted = 10_000 * day_factors(family, rng, 2) * WEEKDAY[day % 7]
        plan = np.minimum(wanted, limit)
        hour = deliver(family, ads, rng, live=live, plan=plan, limit=limit, seen=seen)
        seen += hour.impressions.sum(axis=1)
        for name in METRICS:
            days[name].append(float(getattr(hour, name).sum()))
    return days


@pytest.fixture(scope="module")
def histories():
    rng = np.random.default_rng(20)
    return [market(family, rng) for family in FAMILIES.values() for _ in range(ACCOUNTS)]


def judge(histories, *, horizon, gap, interval=None):
    """(back-tests by the product, covered), (forecasts of days it never saw, covered), refused."""
    own, unseen, refused = [0, 0], [0, 0], 0
    for days in histories:
        for name in METRICS:
            cut = DAYS - gap - horizon
            known, then = days[name][:cut], sum(days[name][cut + gap :])
            found = forecast(known, horizon=horizon, gap=gap)
            if found.reason:
                refused += 1
                continue
            own[0] += found.backtests
            own[1] += found.covered
            low, high = (found.low, found.high) if interval is None else interval(known, horizon)
            unseen[0] += 1
            unseen[1] += low <= then <= high
    return own, unseen, refused


def of_a_mean(known, horizon):
    """The usual mistake: the interval of the mean day, not of days to come."""
    last = np.array(known[-28:])
    half = 1.28 * horizon * last.std() / np.sqrt(len(last))
    return horizon * last.mean() - half, horizon * last.mean() + half


@pytest.mark.bar
def test_intervals_cover_what_they_promise(histories):
    tested, hits = 0, 0
    for horizon, gap in ((7, 0), (30, 0), (7, 28)):
        own, unseen, refused = judge(histories, horizon=horizon, gap=gap)
        share = own[1] / own[0]
        print(
            f"BAR predictions {horizon} days, gap {gap}: {share:.1%} of {own[0]} back-tests, "
            f"{unseen[1] / unseen[0]:.1%} of {unseen[0]} unseen, {refused} refused"
        )
        assert own[0] >= 500
        assert 0.75 <= share <= 0.85
        tested, hits = tested + unseen[0], hits + unseen[1]
    assert tested >= 500
    assert 0.75 <= hits / tested <= 0.85


@pytest.mark.bar
def test_control_interval_of_a_mean_does_not(histories):
    _own, unseen, _refused = judge(histories, horizon=7, gap=0, interval=of_a_mean)
    share = unseen[1] / unseen[0]
    print(f"BAR predictions control: {share:.1%} of {unseen[0]} with the interval of a mean")
    assert share < 0.75


def noisy(count, *, level=100.0, seed=1):
    draw = random.Random(seed)
    return [level * draw.uniform(0.5, 1.5) for _ in range(count)]


@pytest.mark.parametrize(("horizon", "gap"), [(7, 0), (30, 0), (7, 28)])
def test_one_day_less_than_needed_is_refused(horizon, gap):
    needed = days_needed(horizon, gap)
    assert forecast(noisy(needed - 1), horizon=horizon, gap=gap).reason == "history_too_short"
    assert forecast(noisy(needed), horizon=horizon, gap=gap).reason != "history_too_short"


def test_what_stopped_is_not_predicted():
    assert forecast([*noisy(200), *[0.0] * 7], horizon=7).reason == "not_delivering"


def test_history_that_breaks_its_own_intervals_is_refused():
    """Every swing is larger than those before it."""
    swings = [100 * math.exp(0.02 * 1.15**week * (-1) ** (week // 2)) for week in range(26)]
    found = forecast([level for level in swings for _day in range(7)], horizon=7)
    assert found.reason == "interval_not_reliable"
    assert (found.expected, found.low, found.high) == (None, None, None)
    assert found.coverage < TARGET


def test_an_even_history_goes_on_evenly():
    found = forecast([50.0] * 120, horizon=7)
    assert (found.expected, found.low, found.high) == pytest.approx((350, 350, 350))
    assert (found.coverage, found.reason) == (1.0, "")


def test_interval_holds_the_expected_and_is_never_negative():
    draw = random.Random(3)
    found = forecast([float(draw.random() < 0.3) for _ in range(150)], horizon=7)
    assert 0 <= found.low <= found.expected <= found.high
