"""The click rate of a new ad: shrunk, with an interval that holds what it promises."""

import math
import random

import pytest

from creatives.domain.ctr import Estimate, Observed, estimate


def ads(rng, count, *, mean=-3.8, spread=0.4, seen=20_000):
    """Ads whose true rates scatter around a mean on the logit; what each delivered."""
    rates = [1 / (1 + math.exp(-rng.gauss(mean, spread))) for _ in range(count)]
    shown = [rng.randint(seen // 4, seen) for _ in rates]
    return rates, [
        Observed(n, min(n, max(0, round(rng.gauss(n * p, math.sqrt(n * p * (1 - p)))))))
        for n, p in zip(shown, rates, strict=True)
    ]


def test_interval_covers_the_next_ads_own_rate():
    rng = random.Random(3)
    inside = naive = 0
    for _ in range(600):
        rates, rows = ads(rng, 21)
        found = estimate({"facebook": rows[:20]}, "facebook")
        assert isinstance(found, Estimate)
        inside += found.low <= rates[20] <= found.high
        hits, seen = sum(r.clicks for r in rows[:20]), sum(r.impressions for r in rows[:20])
        half = 1.28 * math.sqrt(hits) / seen
        naive += abs(rates[20] - hits / seen) <= half
    print(f"BAR L2 predicted_ctr: 80 % intervals cover {inside / 6:.1f} % of 600 new ads")
    print(f"BAR L2 control predicted_ctr: the pooled rate's interval covers {naive / 6:.1f} %")
    assert 0.75 <= inside / 600 <= 0.85
    assert naive / 600 < 0.5


def test_a_platform_with_few_ads_is_drawn_to_the_business():
    rng = random.Random(5)
    _, many = ads(rng, 40, mean=-3.5)
    _, more = ads(rng, 40, mean=-4.5)
    few = [Observed(400, 40)]
    both = {"facebook": many, "reddit": more}
    alone = estimate({**both, "instagram": few}, "instagram")
    facebook = estimate({**both, "instagram": few}, "facebook")
    assert facebook.expected < alone.expected < 0.1
    assert alone.high - alone.low > facebook.high - facebook.low
    assert estimate(both, "facebook").expected > estimate(both, "reddit").expected


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        ({}, "no_history"),
        ({"instagram": [Observed(9_000, 90)] * 5}, "platform_without_history"),
        ({"facebook": [Observed(9_000, 90)] * 4}, "too_few_ads"),
        ({"facebook": [Observed(900, 9)] * 5}, "too_few_impressions"),
    ],
)
def test_too_little_history_is_said(history, reason):
    assert estimate(history, "facebook") == reason


@pytest.mark.parametrize("clicks", [0, 1, 10_000])
def test_extreme_ads_stay_within_bounds(clicks):
    found = estimate({"facebook": [Observed(10_000, clicks)] * 6}, "facebook")
    assert 0 < found.low <= found.expected <= found.high < 1
