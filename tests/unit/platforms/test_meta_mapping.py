from datetime import date
from zoneinfo import ZoneInfo

import pytest

from core.money import Money
from platforms.domain.targeting import unsent_interests
from platforms.domain.words import OBJECTIVES_NOT_OFFERED
from platforms.errors import PlatformError
from platforms.meta import mapping
from platforms.ports import AdSetSpec, AdSpec, CampaignSpec, Changes, CreativeSpec

LA = ZoneInfo("America/Los_Angeles")
TAG = "0123456789"
CAMPAIGN = CampaignSpec(
    name="Spring",
    objective="CONVERSIONS",
    budget_type="daily",
    budget=Money(50_000_000, "USD"),
    start_date=date(2026, 3, 1),
    end_date=date(2026, 3, 31),
)
AD_SET = AdSetSpec(
    name="Women 25-40",
    campaign_external_id="120",
    objective="CONVERSIONS",
    targeting={
        "age_min": 25,
        "age_max": 40,
        "locations": [{"type": "country", "value": "US"}, {"type": "country", "value": "DE"}],
        "interests": ["sailing", {"id": "6003", "name": "Surfing"}],
    },
    platforms=("instagram", "facebook"),
    page_id="7",
    pixel_id="8",
)


def test_campaign_is_paused_tagged_and_in_minor_units_and_account_time():
    assert mapping.campaign_params(CAMPAIGN, tag=TAG, tz=LA) == {
        "name": "Spring [0123456789]",
        "adlabels": [{"name": "adm-0123456789"}],
        "objective": "OUTCOME_SALES",
        "status": "PAUSED",
        "buying_type": "AUCTION",
        "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
        "special_ad_categories": [],
        "daily_budget": 5000,
        "start_time": "2026-03-01T00:00:00-0800",
        "stop_time": "2026-03-31T23:59:59-0700",
    }


def test_ad_set_says_goal_pixel_targeting_and_who_pays_in_the_union():
    assert mapping.ad_set_params(AD_SET, tag=TAG, tz=LA, advertiser="Acme Ltd") == {
        "name": "Women 25-40 [0123456789]",
        "adlabels": [{"name": "adm-0123456789"}],
        "campaign_id": "120",
        "status": "PAUSED",
        "billing_event": "IMPRESSIONS",
        "optimization_goal": "OFFSITE_CONVERSIONS",
        "destination_type": "WEBSITE",
        "promoted_object": {"pixel_id": "8", "custom_event_type": "PURCHASE"},
        "attribution_spec": [{"event_type": "CLICK_THROUGH", "window_days": 7}],
        "dsa_beneficiary": "Acme Ltd",
        "dsa_payor": "Acme Ltd",
        "targeting": {
            "geo_locations": {"countries": ["DE", "US"]},
            "targeting_automation": {"advantage_audience": 0},
            "age_min": 25,
            "age_max": 40,
            "flexible_spec": [{"interests": [{"id": "6003", "name": "Surfing"}]}],
            "publisher_platforms": ["facebook", "instagram"],
        },
    }
    assert unsent_interests(AD_SET.targeting) == ["sailing"]


@pytest.mark.parametrize(
    ("currency", "micros", "wire"),
    [("USD", 50_000_000, 5000), ("JPY", 5_000_000_000, 5000), ("KWD", 1_500_000, 1500)],
)
def test_budget_is_in_the_smallest_unit(currency, micros, wire):
    assert mapping.budget_params("lifetime", Money(micros, currency)) == {"lifetime_budget": wire}


@pytest.mark.parametrize(
    ("budget_type", "money"),
    [
        ("", Money(1_000_000, "USD")),
        ("daily", Money(1, "USD")),
        ("daily", Money(0, "USD")),
        ("daily", Money(1_500_000, "JPY")),
    ],
)
def test_budget_that_cannot_be_said_exactly_is_refused(budget_type, money):
    with pytest.raises(PlatformError) as caught:
        mapping.budget_params(budget_type, money)
    assert caught.value.kind == "invalid"


def test_unknown_country_is_refused_before_anything_is_sent():
    with pytest.raises(PlatformError) as caught:
        mapping.countries_of({"locations": [{"type": "country", "value": "Atlantis"}]})
    assert (caught.value.kind, caught.value.platform_code) == ("invalid", "not_sent")


def test_creative_leaves_empty_texts_out():
    spec = CreativeSpec(
        name="c",
        page_id="7",
        headline="Go",
        primary_text="Now",
        description="",
        link_url="https://acme.example/x",
        call_to_action="sign_up",
    )
    assert mapping.creative_params(spec, tag=TAG)["object_story_spec"] == {
        "page_id": "7",
        "link_data": {
            "link": "https://acme.example/x",
            "message": "Now",
            "name": "Go",
            "call_to_action": {"type": "SIGN_UP", "value": {"link": "https://acme.example/x"}},
        },
    }


def test_ad_names_the_domain_of_conversions():
    spec = AdSpec(
        name="a",
        ad_set_external_id="5",
        creative_external_id="6",
        link_url="https://www.acme.example/x",
    )
    params = mapping.ad_params(spec, tag=TAG)
    assert params["creative"] == {"creative_id": "6"}
    assert params["conversion_domain"] == "acme.example"
    assert params["status"] == "PAUSED"


def test_targeting_update_keeps_what_others_set():
    current = {
        "geo_locations": {"countries": ["US"], "location_types": ["home"]},
        "age_min": 18,
        "age_max": 30,
        "excluded_custom_audiences": [{"id": "1"}],
        "publisher_platforms": ["facebook", "audience_network"],
        "facebook_positions": ["feed"],
        "audience_network_positions": ["classic"],
    }
    new = {"locations": [{"type": "country", "value": "FR"}], "age_min": 21}
    assert mapping.merged_targeting(current, new, ()) == {
        "geo_locations": {"countries": ["FR"]},
        "targeting_automation": {"advantage_audience": 0},
        "age_min": 21,
        "excluded_custom_audiences": [{"id": "1"}],
        "publisher_platforms": ["facebook", "audience_network"],
        "facebook_positions": ["feed"],
        "audience_network_positions": ["classic"],
    }
    platforms_only = mapping.merged_targeting(current, None, ("facebook", "instagram"))
    assert platforms_only["publisher_platforms"] == ["facebook", "instagram"]
    assert platforms_only["facebook_positions"] == ["feed"]
    assert "audience_network_positions" not in platforms_only
    assert platforms_only["age_min"] == 18


def test_remote_campaign_reads_back_what_was_sent():
    row = {
        "id": "120",
        "name": "Spring [0123456789]",
        "status": "PAUSED",
        "effective_status": "PAUSED",
        "daily_budget": "5000",
        "lifetime_budget": "0",
        "start_time": "2026-03-01T00:00:00-0800",
        "stop_time": "2026-03-31T23:59:59-0700",
        "created_time": "2026-02-20T10:00:00+0000",
    }
    seen = mapping.remote_object("campaign", row, currency="USD", tz=LA)
    assert (seen.name, seen.tag) == ("Spring", TAG)
    assert (seen.budget_type, seen.budget) == ("daily", Money(50_000_000, "USD"))
    assert (seen.start_date, seen.end_date) == (date(2026, 3, 1), date(2026, 3, 31))


def test_end_at_midnight_closes_the_day_before():
    row = {"id": "1", "stop_time": "2026-04-01T00:00:00-0700"}
    seen = mapping.remote_object("campaign", row, currency="USD", tz=LA)
    assert seen.end_date == date(2026, 3, 31)


def test_tag_is_known_by_label_when_a_person_renamed_the_object():
    row = {"id": "1", "name": "New name", "adlabels": [{"id": "9", "name": f"adm-{TAG}"}]}
    assert mapping.remote_object("ad", row, currency="USD", tz=LA).tag == TAG


def test_disapproval_reasons_become_issues():
    row = {
        "id": "1",
        "ad_review_feedback": {"global": {"Personal health": "Implies an attribute."}},
        "issues_info": [
            {"error_code": 1815869, "error_summary": "s", "error_message": "m", "level": "AD"}
        ],
    }
    assert mapping.remote_object("ad", row, currency="USD", tz=LA).issues == (
        {"code": "1815869", "level": "AD", "summary": "s", "message": "m"},
        {
            "code": "review",
            "level": "AD",
            "summary": "Personal health",
            "message": "Implies an attribute.",
        },
    )


def test_long_name_is_cut_to_leave_room_for_the_tag():
    name = mapping.tagged("x" * 500, TAG)
    assert len(name) == 400
    assert mapping.untagged(name) == ("x" * 387, TAG)


def test_rename_keeps_the_tag_and_an_update_sends_only_what_is_set():
    changes = Changes(name="Summer", budget_type="daily", budget=Money(60_000_000, "USD"))
    assert mapping.update_params("campaign", changes, tag=TAG, tz=LA) == {
        "name": "Summer [0123456789]",
        "daily_budget": 6000,
    }


def test_insight_row_takes_one_kind_of_conversion():
    row = {
        "ad_id": "5",
        "date_start": "2026-03-02",
        "publisher_platform": "instagram",
        "impressions": "1000",
        "clicks": "20",
        "spend": "12.34",
        "actions": [
            {"action_type": "link_click", "value": "20"},
            {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "3"},
            {"action_type": "omni_purchase", "value": "3"},
        ],
        "action_values": [{"action_type": "omni_purchase", "value": "90.5"}],
    }
    seen = mapping.insight_row(row, currency="USD")
    assert (seen.impressions, seen.clicks, seen.conversions) == (1000, 20, 3)
    assert seen.spend == Money(12_340_000, "USD")
    assert seen.conversion_value == Money(90_500_000, "USD")


@pytest.mark.parametrize("objective", sorted(mapping.GOALS))
def test_every_objective_is_sent_or_said_not_to_be_offered(objective):
    spec = AdSetSpec(
        name="Everyone",
        campaign_external_id="1",
        objective=objective,
        targeting={"locations": [{"type": "country", "value": "US"}]},
        platforms=(),
        page_id="2",
        pixel_id="3",
    )
    if objective in OBJECTIVES_NOT_OFFERED["meta"]:
        with pytest.raises(PlatformError):
            mapping.ad_set_params(spec, tag=TAG, tz=LA)
    else:
        assert mapping.ad_set_params(spec, tag=TAG, tz=LA)["campaign_id"] == "1"
