"""GET /analytics/predictions: what is left out, what is refused, what the answer carries."""

import random
from datetime import timedelta

from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from platforms.models import AdAccount
from tests.cast import NOW
from tests.services.analytics.stage import set_stage

NUMBERS = ("expected", "low", "high")


def history(stage, days, **said):
    draw = random.Random(5)
    stage.deliver_all(
        [
            {"ago": ago, "spend_micros": draw.randint(80, 120) * 1_000_000, **said}
            for ago in range(days + 1)
        ]
    )


def by_horizon(doc):
    return {one["horizon_days"]: one for one in doc["predictions"]}


def test_long_history_is_continued_with_its_measured_coverage(get, stage):
    history(stage, 200, conversions=5)
    status, doc = get("predictions")
    assert status == 200
    week = by_horizon(doc)[7]
    assert (week["date_from"], week["date_to"]) == ("2026-11-21", "2026-11-27")
    spend = week["metrics"]["spend"]
    assert spend["low"] <= spend["expected"] <= spend["high"]
    assert 600 < spend["expected"] < 800
    assert spend["coverage"]["backtests"] > 100
    assert 0.65 <= spend["coverage"]["measured"] <= 1
    assert spend["reason"] is None
    assert by_horizon(doc)[30]["metrics"]["impressions"]["expected"] == 30_000
    assert week["metrics"]["conversions"]["expected"] == 35


def test_short_history_says_how_long_it_must_be(get, stage):
    history(stage, 40)
    for horizon, needed in ((7, 56), (30, 148)):
        spend = by_horizon(get("predictions")[1])[horizon]["metrics"]["spend"]
        assert [spend[name] for name in NUMBERS] == [None] * 3
        assert spend["reason"] == "history_too_short"
        assert f"{needed} days of history are needed; 40 count" in spend["message"]


def test_days_that_still_count_are_no_history_of_conversions(get, stage):
    history(stage, 80, conversions=5)
    week = by_horizon(get("predictions")[1])[7]["metrics"]
    assert week["spend"]["reason"] is None
    assert week["conversions"]["reason"] == "history_too_short"


def test_what_stopped_or_was_not_read_is_not_predicted(get, stage, acme):
    draw = range(10, 200)
    stage.deliver_all([{"ago": ago} for ago in draw])
    spend = by_horizon(get("predictions")[1])[7]["metrics"]["spend"]
    assert (spend["expected"], spend["reason"]) == (None, "not_delivering")
    with tenant_tx(acme.tenant.id):
        AdAccount.objects.update(synced_at=NOW - timedelta(days=5))
    spend = by_horizon(get("predictions")[1])[7]["metrics"]["spend"]
    assert (spend["expected"], spend["reason"]) == (None, "not_up_to_date")


def test_currencies_and_campaigns_are_predicted_apart(get, stage, acme):
    history(stage, 80)
    history(set_stage(acme, currency="JPY", name="Winter"), 80)
    doc = get("predictions")[1]
    assert [(one["currency"], one["horizon_days"]) for one in doc["predictions"]] == [
        ("JPY", 7),
        ("JPY", 30),
        ("USD", 7),
        ("USD", 30),
    ]
    one = get(f"predictions?campaign_id={stage.campaign_id}")[1]
    assert {row["currency"] for row in one["predictions"]} == {"USD"}
    assert get(f"predictions?campaign_id={encode('camp', new_uuid())}")[0] == 404
    assert get("predictions?horizon=9")[0] == 422
