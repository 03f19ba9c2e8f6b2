"""The tool get_analytics says what REST says."""

import pytest

from tests.services.mcp.talk import data, refused


@pytest.fixture
def token(acme):
    return acme.token


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_the_summary_is_that_of_rest(stage, get, token):
    stage.deliver(ago=1, clicks=30)
    stage.deliver(ago=2, on="instagram", ad=1)
    stage.deliver(ago=9)
    said = {"date_from": "2026-11-15", "date_to": "2026-11-21", "compare": "previous"}
    query = "date_from=2026-11-15&date_to=2026-11-21&compare=previous"
    _status, overview = get(f"overview?{query}")
    assert data(token, "get_analytics", said)["summary"] == without_nulls(overview)
    assert overview["metrics"]["clicks"] == 50
    _status, campaign = get(f"campaigns/{stage.campaign_id}?{query}")
    for part in ("by_ad_set", "by_ad", "has_more"):
        campaign.pop(part)
    one = data(token, "get_analytics", {**said, "campaign_id": stage.campaign_id})
    assert one["summary"] == without_nulls(campaign)
    assert "rows" not in one


def test_rows_and_points(stage, get, token):
    stage.deliver(ago=1)
    stage.deliver(ago=2, ad=1, clicks=5)
    said = {"date_from": "2026-11-20", "date_to": "2026-11-21"}
    found = data(token, "get_analytics", {**said, "by": "ad", "limit": 1})
    assert [row["metrics"]["clicks"] for row in found["rows"]] == [20]
    assert "points" not in found["rows"][0]
    more = {**said, "by": "ad", "limit": 1, "cursor": "c2VyaWVzOjA"}
    assert data(token, "get_analytics", more)["rows"] == found["rows"]
    [row] = data(token, "get_analytics", {**said, "interval": "daily"})["rows"]
    assert [(point["date"], point["clicks"]) for point in row["points"]] == [
        ("2026-11-20", 20),
        ("2026-11-21", 0),
    ]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"date_from": "2026-01-01", "date_to": "2026-11-01", "interval": "daily"}, "interval"),
        ({"date_from": "soon"}, "date_from"),
        ({"date_from": "2026-11-02", "date_to": "2026-11-01"}, "date_from"),
        ({"by": "moon"}, "by"),
        ({"campaign_id": "camp_x", "business_id": "biz_x"}, "business_id"),
        ({"by": "ad", "cursor": "x"}, "cursor"),
    ],
)
def test_a_refusal_names_the_field(stage, token, said, field):
    text = refused(token, "get_analytics", said)
    assert f'"field":"{field}"' in text
    assert " Next: " in text
