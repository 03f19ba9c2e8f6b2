"""GET /analytics/time-series: points, breakdowns, pages, what is refused."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.ids import encode
from tests.services.analytics.stage import TODAY, set_stage

WEEK = "date_from=2026-11-14&date_to=2026-11-21"


def test_a_point_for_each_day_also_without_delivery(get, stage):
    stage.deliver(ago=3, clicks=5)
    stage.deliver(ago=1)
    status, doc = get(f"time-series?{WEEK}&metrics=clicks,ctr")
    assert status == 200
    only = doc["data"][0]
    assert [(p["date"][-2:], p["clicks"], p["ctr"]) for p in only["points"]] == [
        ("14", 0, None),
        ("15", 0, None),
        ("16", 0, None),
        ("17", 0, None),
        ("18", 5, 0.5),
        ("19", 0, None),
        ("20", 20, 2.0),
        ("21", 0, None),
    ]
    assert only["metrics"] == {"clicks": 25, "ctr": 1.25}
    assert sum(point["clicks"] for point in only["points"]) == only["metrics"]["clicks"]


def test_weeks_begin_on_monday_and_say_which_days_they_cover(get, stage):
    stage.deliver(day=date(2026, 11, 15), clicks=1)  # Sunday
    stage.deliver(day=date(2026, 11, 16), clicks=2)
    stage.deliver(day=date(2026, 11, 20), clicks=3)
    doc = get(f"time-series?{WEEK}&interval=weekly&metrics=clicks")[1]
    points = [(p["date"], p["date_to"], p["clicks"]) for p in doc["data"][0]["points"]]
    assert points == [("2026-11-14", "2026-11-15", 1), ("2026-11-16", "2026-11-21", 5)]


def test_no_point_lies_in_the_future(get, stage):
    stage.deliver()
    doc = get(f"time-series?date_from={TODAY}&date_to={TODAY + timedelta(days=5)}")[1]
    assert [p["date"] for p in doc["data"][0]["points"]] == [str(TODAY)]


def test_young_days_are_still_counting(get, stage, settings):
    settings.METRICS_LATE_DAYS = 3
    stage.deliver(ago=6)
    points = get(f"time-series?{WEEK}")[1]["data"][0]["points"]
    assert [p["date"][-2:] for p in points if not p["is_final"]] == ["18", "19", "20", "21"]


@pytest.mark.parametrize(
    ("breakdown", "names"),
    [
        ("business", ["acme test"]),
        ("ad_account", ["Summer account"]),
        ("campaign", ["Summer"]),
        ("ad_set", ["set 1", "set 0"]),
        ("ad", ["ad 1", "ad 0"]),
        ("platform", [None, None]),
    ],
)
def test_breakdowns_add_up_to_the_whole(get, stage, *, breakdown, names):
    stage.deliver(ago=1, ad=0, on="instagram")
    stage.deliver(ago=1, ad=1, spend_micros=30_000_000)
    stage.deliver(ago=2, ad=1, spend_micros=30_000_000)
    doc = get(f"time-series?{WEEK}&breakdown={breakdown}")[1]
    assert [row["name"] for row in doc["data"]] == names
    assert sum(row["metrics"]["spend"] for row in doc["data"]) == 70.0
    spent = [sum(p["spend"] for p in row["points"]) for row in doc["data"]]
    assert spent == [row["metrics"]["spend"] for row in doc["data"]]
    if breakdown == "platform":
        assert [row["key"] for row in doc["data"]] == ["facebook", "instagram"]


def test_currencies_are_series_of_their_own(get, stage, acme):
    stage.deliver(ago=1)
    set_stage(acme, currency="JPY", name="Winter").deliver(ago=1, spend_micros=900_000_000)
    for breakdown in ("none", "platform"):
        doc = get(f"time-series?{WEEK}&breakdown={breakdown}&metrics=spend")[1]
        found = [(row["currency"], row["metrics"]["spend"]) for row in doc["data"]]
        assert found == [("JPY", 900), ("USD", 10.0)]


def test_pages_show_each_series_once(get, stage):
    stage.deliver(ago=1, ad=0)
    stage.deliver(ago=1, ad=1)
    first = get(f"time-series?{WEEK}&breakdown=ad&limit=1")[1]
    assert first["pagination"]["has_more"] is True
    assert first["pagination"]["total"] == 2
    cursor = first["pagination"]["next_cursor"]
    second = get(f"time-series?{WEEK}&breakdown=ad&limit=1&cursor={cursor}")[1]
    assert second["pagination"] == {"next_cursor": None, "has_more": False, "total": 2}
    names = {row["name"] for page in (first, second) for row in page["data"]}
    assert names == {"ad 0", "ad 1"}


def test_filters_narrow_and_refuse_what_is_not_the_callers(get, stage, acme, rival):
    stage.deliver(ago=1)
    stage.deliver(ago=1, on="instagram")
    other = set_stage(acme, name="Other")
    other.deliver(ago=1, spend_micros=90_000_000)

    def spent(query):
        return get(f"time-series?{WEEK}&metrics=spend&{query}")[1]["data"][0]["metrics"]["spend"]

    assert spent("") == 110.0
    assert spent(f"campaign_id={stage.campaign_id}") == 20.0
    assert spent(f"campaign_id={stage.campaign_id}&platform=instagram") == 10.0
    assert spent(f"business_id={encode('biz', acme.test_business.pk)}") == 110.0
    foreign = set_stage(rival)
    assert get(f"time-series?campaign_id={foreign.campaign_id}")[0] == 404


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("interval=hourly", "interval_unavailable", "interval"),
        ("interval=yearly", "validation_error", "interval"),
        ("breakdown=colour", "validation_error", "breakdown"),
        ("metrics=likes", "validation_error", "metrics"),
        ("limit=0", "validation_error", "limit"),
        ("platform=Face%20Book", "validation_error", "platform"),
        ("cursor=abc", "validation_error", "cursor"),
        ("cursor=%C3%A4", "validation_error", "cursor"),
        ("date_from=2025-01-01&breakdown=ad&limit=100", "validation_error", "limit"),
    ],
)
def test_what_is_refused(get, stage, *, query, code, field):
    status, doc = get(f"time-series?{query}")
    error = doc["error"]
    assert (status, error["code"], error["details"]["field"]) == (422, code, field)


def test_hourly_names_the_next_step(get, stage):
    error = get("time-series?interval=hourly")[1]["error"]
    assert error["details"]["allowed"] == ["daily", "weekly"]
    assert error["hint"] == "Send interval=daily; as_of says how fresh the running day is."
    assert get("time-series?interval=daily")[0] == 200


def test_statements_do_not_grow(get, stage):
    path = f"time-series?{WEEK}&breakdown=ad"

    def statements():
        get(path)
        with CaptureQueriesContext(connection) as captured:
            get(path)
        return len(captured)

    stage.deliver(ago=1)
    few = statements()
    stage.deliver_all([{"ago": ago, "ad": ad} for ago in range(7) for ad in (0, 1)])
    assert statements() == few
