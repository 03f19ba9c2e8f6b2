"""The market by itself: draws repeat, caps hold, worth orders outcomes."""

import numpy as np
import pytest

from platforms.simulator.market import delays, engine
from platforms.simulator.market.families import DEFAULT, FAMILIES, Family, traits


def ads(count: int, *, ctr: float = 0.014, facebook: float = 0.6) -> engine.Ads:
    return engine.Ads(
        group=np.zeros(count, dtype=np.int64),
        ctr=np.full(count, ctr),
        cvr=np.full(count, 0.03),
        order=np.full(count, 6000.0),
        cpm=np.full(count, 900.0),
        audience=np.full(count, 2e6),
        facebook=np.full(count, facebook),
    )


def hour(
    market: engine.Ads, *, moment: int = 1, plan: float = 5000.0, limit: int = 10**9, **live: object
) -> engine.Hour:
    count = len(market.group)
    return engine.deliver(
        DEFAULT,
        market,
        engine.generator(1, 1, moment),
        live=live.get("live", np.ones(count, dtype=bool)),
        plan=np.array([plan]),
        limit=np.array([limit], dtype=np.int64),
        seen=np.zeros(count),
    )


def test_hour_repeats_with_its_seed_and_differs_by_hour() -> None:
    first, again, other = hour(ads(3)), hour(ads(3)), hour(ads(3), moment=2)
    assert (first.impressions == again.impressions).all()
    assert (first.spend == again.spend).all()
    assert (first.impressions != other.impressions).any()


def test_spend_stays_within_the_limit_and_uses_most_of_it() -> None:
    done = hour(ads(5), plan=5000, limit=1000)
    assert 950 <= done.spend.sum() <= 1000
    assert done.spend.dtype == np.int64


def test_nothing_is_spent_at_a_limit_of_zero() -> None:
    done = hour(ads(5), limit=0)
    assert done.spend.sum() == 0
    assert done.impressions.sum() == 0
    assert done.conversions.sum() == 0


def test_ad_that_is_not_live_gets_nothing_and_the_other_its_money() -> None:
    done = hour(ads(2), live=np.array([False, True]))
    assert done.impressions[0].sum() == 0
    assert done.spend[1].sum() > 4000


@pytest.mark.parametrize(("share", "platform"), [(1.0, 0), (0.0, 1)])
def test_ad_of_one_platform_is_shown_there_only(share: float, platform: int) -> None:
    done = hour(ads(2, facebook=share))
    assert done.impressions[:, platform].sum() == done.impressions.sum() > 0


def test_clicks_come_out_at_the_true_rate() -> None:
    done = [hour(ads(4, ctr=0.02), moment=moment) for moment in range(60)]
    shown = sum(int(one.impressions.sum()) for one in done)
    clicked = sum(int(one.clicks.sum()) for one in done)
    expected = 0.02 * shown
    assert abs(clicked - expected) < 4 * np.sqrt(expected)


def test_day_factors_centre_on_one() -> None:
    drawn = engine.day_factors(DEFAULT, engine.generator(1, 1, -5), 20_000)
    assert abs(float(drawn.mean()) - 1) < 0.01


def test_conversions_arrive_in_the_documented_mixture() -> None:
    counts = np.full((50, 2), 200, dtype=np.int64)
    late = delays.spread(DEFAULT, counts, np.full(50, 6000.0), rng=np.random.default_rng(3))
    assert len(late.ad) == 20_000
    assert abs((late.hours <= 1).mean() - 0.35) < 0.015
    assert abs((late.hours <= 24).mean() - 0.50) < 0.015
    assert late.hours.max() <= 30 * 24 + 1
    assert (late.value >= 1).all()
    assert set(late.window.tolist()) == {1, 7, 28, 30}


def test_windows_hold_the_delays_they_say() -> None:
    late = delays.spread(
        DEFAULT,
        np.full((50, 2), 100, dtype=np.int64),
        np.full(50, 6000.0),
        rng=np.random.default_rng(4),
    )
    assert (late.hours <= late.window * 24 + 1).all()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_traits_follow_seed_and_content(family: Family) -> None:
    def worth(seed: int, content: str) -> object:
        return traits(family, seed=seed, content=content, currency="USD")

    assert worth(1, "a") == worth(1, "a")
    assert worth(1, "a") != worth(1, "b")
    assert worth(1, "a") != worth(2, "a")
