"""GET /analytics/overview and /analytics/campaigns/{id}: sums, ratios, ranges, limits."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Business, Membership
from accounts.services.keys import create_key
from core.actors import Role
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from platforms.models import AdAccount
from tests.cast import NOW
from tests.services.analytics.stage import TODAY, set_stage


def test_overview_without_facts_says_so(get, stage):
    status, doc = get("overview")
    assert status == 200
    assert (doc["currency"], doc["metrics"], doc["by_currency"]) == (None, None, [])
    assert (doc["date_from"], doc["date_to"]) == ("2026-10-23", "2026-11-21")
    assert doc["environment"] == "test"


def test_ratios_come_from_sums_not_from_ratios(get, stage):
    """A day of 10 % and a day of 1 % on ten times the impressions are 1.82 %, not 5.5 %."""
    stage.deliver(ago=1, impressions=100, clicks=10, spend_micros=5_000_000)
    stage.deliver(
        ago=2,
        impressions=1000,
        clicks=10,
        spend_micros=35_000_000,
        conversions=4,
        conversion_value_micros=120_000_000,
    )
    metrics = get("overview")[1]["metrics"]
    assert metrics == {
        "impressions": 1100,
        "clicks": 20,
        "conversions": 4,
        "spend": 40.0,
        "conversion_value": 120.0,
        "ctr": 1.82,
        "cpc": 2.0,
        "cpm": 36.36,
        "conversion_rate": 20.0,
        "cost_per_conversion": 10.0,
        "roas": 3.0,
    }


def test_currencies_stand_side_by_side(get, stage, acme):
    stage.deliver()
    yen = set_stage(acme, currency="JPY", name="Winter")
    yen.deliver(spend_micros=5_000_000_000)
    doc = get("overview")[1]
    assert (doc["currency"], doc["metrics"]) == (None, None)
    spent = {one["currency"]: one["metrics"]["spend"] for one in doc["by_currency"]}
    assert spent == {"JPY": 5000, "USD": 10.0}


def test_days_are_those_of_the_range_and_the_platforms_apart(get, stage):
    stage.deliver(ago=3)
    stage.deliver(ago=2, on="instagram", clicks=7)
    stage.deliver(ago=1)
    since, until = TODAY - timedelta(days=3), TODAY - timedelta(days=2)
    doc = get(f"overview?date_from={since}&date_to={until}")[1]
    only = doc["by_currency"][0]
    assert doc["metrics"]["clicks"] == 27
    assert {name: one["clicks"] for name, one in only["by_platform"].items()} == {
        "facebook": 20,
        "instagram": 7,
    }


@pytest.mark.parametrize(
    ("query", "since", "until", "clicks", "change"),
    [
        ("compare=previous", "2026-11-13", "2026-11-15", 10, 100.0),
        ("compare=year", "2025-11-16", "2025-11-18", 0, None),
        (
            "compare=custom&compare_from=2026-11-01&compare_to=2026-11-02",
            "2026-11-01",
            "2026-11-02",
            40,
            -50.0,
        ),
    ],
)
def test_compare(get, stage, *, query, since, until, clicks, change):
    stage.deliver(day=date(2026, 11, 16))
    stage.deliver(day=date(2026, 11, 15), clicks=10)
    stage.deliver(day=date(2026, 11, 1), clicks=40)
    doc = get(f"overview?date_from=2026-11-16&date_to=2026-11-18&{query}")[1]
    found = doc["by_currency"][0]["comparison"]
    assert (found["date_from"], found["date_to"]) == (since, until)
    assert found["metrics"]["clicks"] == clicks
    assert found["change_percent"]["clicks"] == change


def test_29_february_is_compared_with_the_28th(get, stage):
    stage.deliver(day=date(2028, 2, 29))
    doc = get("overview?date_from=2028-02-29&date_to=2028-02-29&compare=year")[1]
    assert doc["by_currency"][0]["comparison"]["date_from"] == "2027-02-28"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date_from=2026-11-02&date_to=2026-11-01", "date_from"),
        ("date_from=02.11.2026", "date_from"),
        ("date_from=1999-01-01&date_to=1999-01-02", "date_from"),
        ("date_from=2020-01-01", "date_from"),
        ("compare=last", "compare"),
        ("compare=custom", "compare_from"),
        ("compare_from=2026-11-01", "compare"),
        ("from=2026-11-01", "from"),
    ],
)
def test_bad_ranges_name_the_parameter(get, stage, *, query, field):
    status, doc = get(f"overview?{query}")
    assert (status, doc["error"]["details"]["field"]) == (422, field)


def test_late_conversions_are_shown_as_such(get, stage, settings):
    settings.METRICS_LATE_DAYS = 28
    stage.deliver(ago=40)
    stage.deliver(ago=5)
    old = get(f"overview?date_from=2026-09-01&date_to={TODAY - timedelta(days=29)}")[1]
    assert old["by_currency"][0]["is_final"] is True
    assert old["by_currency"][0]["still_counting_from"] is None
    young = get(f"overview?date_from={TODAY - timedelta(days=40)}")[1]["by_currency"][0]
    assert young["is_final"] is False
    assert young["still_counting_from"] == str(TODAY - timedelta(days=28))
    assert young["as_of"] == "2026-11-21T12:00:00Z"


def test_what_was_never_read_is_never_final(get, stage, acme):
    with tenant_tx(acme.tenant.id):
        AdAccount.objects.update(synced_at=None)
    stage.deliver(ago=400)
    day = TODAY - timedelta(days=400)
    doc = get(f"overview?date_from={day}&date_to={day}")[1]["by_currency"][0]
    assert (doc["is_final"], doc["still_counting_from"], doc["as_of"]) == (False, str(day), None)


def test_today_is_the_ad_accounts_day(get, acme, monkeypatch):
    set_stage(acme, timezone="Pacific/Auckland")
    evening = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
    monkeypatch.setattr("analytics.api.numbers.now", lambda: evening)
    doc = get("overview")[1]
    assert (doc["date_to"], doc["time_zones"]) == ("2026-11-22", ["Pacific/Auckland"])


def test_campaign_answers_as_documented(get, stage):
    stage.deliver(clicks=30, spend_micros=30_000_000, conversions=2, ad=0)
    stage.deliver(clicks=10, spend_micros=50_000_000, ad=1, on="instagram")
    status, doc = get(f"campaigns/{stage.campaign_id}?date_from=2026-11-01&date_to=2026-11-21")
    assert status == 200
    assert (doc["campaign_id"], doc["campaign_name"]) == (stage.campaign_id, "Summer")
    assert (doc["metrics"]["clicks"], doc["metrics"]["ctr"]) == (40, 2.0)
    assert sorted(doc["by_platform"]) == ["facebook", "instagram"]
    assert [one["name"] for one in doc["by_ad_set"]] == ["set 1", "set 0"]
    assert [(one["name"], one["metrics"]["clicks"]) for one in doc["by_ad"]] == [
        ("ad 1", 10),
        ("ad 0", 30),
    ]
    assert doc["by_ad"][0]["ad_set_id"] == doc["by_ad_set"][0]["ad_set_id"]
    assert doc["has_more"] == {"ad_sets": False, "ads": False}
    assert doc["other_currencies"] == []


def test_campaign_shows_the_dearest_parts_first_and_says_where_more_are(get, stage):
    stage.deliver(ad=0)
    stage.deliver(ad=1, spend_micros=90_000_000)
    doc = get(f"campaigns/{stage.campaign_id}?limit=1")[1]
    assert [one["name"] for one in doc["by_ad"]] == ["ad 1"]
    assert doc["has_more"] == {"ad_sets": True, "ads": True}
    assert doc["metrics"]["spend"] == 100.0


def test_campaign_never_adds_another_currency(get, stage):
    stage.deliver(ad=0)
    stage.deliver(ad=1, currency="EUR", spend_micros=7_000_000)
    doc = get(f"campaigns/{stage.campaign_id}")[1]
    assert (doc["currency"], doc["metrics"]["spend"]) == ("USD", 10.0)
    assert [(one["currency"], one["metrics"]["spend"]) for one in doc["other_currencies"]] == [
        ("EUR", 7.0)
    ]
    assert [one["name"] for one in doc["by_ad"]] == ["ad 0"]


def test_environments_and_businesses_stay_apart(get, stage, acme, rival):
    stage.deliver()
    live = set_stage(acme, business=acme.live_business, name="Live")
    live.deliver(spend_micros=999_000_000)
    set_stage(rival).deliver(spend_micros=555_000_000)
    assert get("overview")[1]["metrics"]["spend"] == 10.0
    assert get(f"campaigns/{live.campaign_id}")[0] == 404
    assert get(f"overview?business_id={encode('biz', acme.live_business.pk)}")[0] == 404
    assert get(f"overview?business_id={encode('biz', new_uuid())}")[0] == 404


def test_limited_membership_and_bound_key_see_their_business_alone(get, stage, acme, client):
    stage.deliver()
    with tenant_tx(acme.tenant.id):
        other = Business.objects.create(
            tenant_id=acme.tenant.id, name="other", environment="test", created_at=NOW
        )
    set_stage(acme, business=other, name="Other").deliver(spend_micros=70_000_000)
    assert get("overview")[1]["metrics"]["spend"] == 80.0
    owner = acme.people[Role.OWNER]
    with tenant_tx(acme.tenant.id):
        _key, bound = create_key(
            tenant_id=acme.tenant.id,
            user_id=owner.id,
            name="bound",
            environment="test",
            scopes=["analytics:read"],
            root=encode("user", owner.id),
            now=NOW,
            business_id=other.pk,
        )
    answer = client.get("/v1/analytics/overview", headers={"Authorization": f"Bearer {bound}"})
    assert answer.json()["metrics"]["spend"] == 70.0
    with tenant_tx(acme.tenant.id):
        Membership.objects.filter(user=owner).update(business_ids=[str(acme.test_business.pk)])
    assert get("overview")[1]["metrics"]["spend"] == 10.0
    assert get(f"overview?business_id={encode('biz', other.pk)}")[0] == 404


def test_statements_do_not_grow_with_facts(get, stage):
    def statements(path: str) -> int:
        get(path)
        with CaptureQueriesContext(connection) as captured:
            get(path)
        return len(captured)

    paths = ("overview?compare=previous", f"campaigns/{stage.campaign_id}?compare=previous")
    stage.deliver(ago=1)
    few = [statements(path) for path in paths]
    places = [(ago, ad, on) for ago in range(90) for ad in (0, 1) for on in ("facebook", "x")]
    stage.deliver_all([{"ago": ago, "ad": ad, "on": on} for ago, ad, on in places])
    assert [statements(path) for path in paths] == few
