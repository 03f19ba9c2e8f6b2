"""Broken requests: each is refused for the stated reason and leaves nothing behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.simulator_process import SimPerson, Simulator, Tree, running_simulator

CAMPAIGN = {
    "name": "C",
    "objective": "OUTCOME_SALES",
    "special_ad_categories": [],
    "daily_budget": 5000,
}
AD_SET = {
    "name": "S",
    "campaign_id": "{campaign}",
    "billing_event": "IMPRESSIONS",
    "optimization_goal": "OFFSITE_CONVERSIONS",
    "promoted_object": {"pixel_id": "{pixel}", "custom_event_type": "PURCHASE"},
    "targeting": {"geo_locations": {"countries": ["US"]}},
}
STORY = {"page_id": "{page}", "link_data": {"link": "https://shop.example/", "message": "Hi"}}
CREATIVE = {"name": "K", "object_story_spec": STORY}
AD = {"name": "A", "adset_id": "{ad_set}", "creative": {"creative_id": "{creative}"}}
GONE = object()
PLACES = {"countries": ["US"]}


@dataclass(frozen=True)
class Broken:
    """A request, with the code, subcode and words of its refusal."""

    id: str
    path: str
    params: dict[str, Any]
    says: str
    subcode: int = 0
    code: int = 100
    method: str = "POST"


def on(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    merged = base | changes
    return {key: value for key, value in merged.items() if value is not GONE}


def campaign(id_: str, says: str, subcode: int = 0, **changes: Any) -> Broken:
    return Broken(id_, "{account}/campaigns", on(CAMPAIGN, **changes), says, subcode)


def ad_set(id_: str, says: str, subcode: int = 0, **changes: Any) -> Broken:
    return Broken(id_, "{account}/adsets", on(AD_SET, **changes), says, subcode)


def creative(id_: str, says: str, subcode: int = 0, **changes: Any) -> Broken:
    return Broken(id_, "{account}/adcreatives", on(CREATIVE, **changes), says, subcode)


def ad(id_: str, says: str, subcode: int = 0, **changes: Any) -> Broken:
    return Broken(id_, "{account}/ads", on(AD, **changes), says, subcode)


def read(id_: str, path: str, says: str, subcode: int = 0, **params: Any) -> Broken:
    return Broken(id_, path, params, says, subcode, method="GET")


def story(**link: Any) -> dict[str, Any]:
    return STORY | {"link_data": STORY["link_data"] | link}


BROKEN = [
    campaign("campaign_unknown_param", "Unknown parameter: dayly_budget", dayly_budget=1),
    campaign("campaign_without_name", "name is required", name=GONE),
    campaign("campaign_without_objective", "objective is required", objective=GONE),
    campaign(
        "campaign_without_special_ad_categories",
        "special_ad_categories is required",
        special_ad_categories=GONE,
    ),
    campaign("campaign_legacy_objective", "objective must be one of", objective="CONVERSIONS"),
    campaign("campaign_seed_objective", "objective must be one of", objective="TRAFFIC"),
    campaign("campaign_draft_status", "status must be one of", status="DRAFT"),
    campaign("campaign_budget_in_dollars", "daily_budget must be a whole", daily_budget="50.00"),
    campaign("campaign_budget_as_float", "daily_budget must be a whole", daily_budget=50.5),
    campaign("campaign_budget_negative", "daily_budget must be a whole", daily_budget="-5000"),
    campaign("campaign_budget_too_small", "at least 100", 1885272, daily_budget=99),
    campaign("campaign_two_budgets", "Only one of daily_budget", lifetime_budget=90000),
    campaign(
        "campaign_without_budget_or_sharing",
        "is_adset_budget_sharing_enabled must be",
        4834011,
        daily_budget=GONE,
    ),
    campaign(
        "campaign_special_category_unknown",
        "special_ad_categories.0 must be one of",
        special_ad_categories=["POLITICS"],
    ),
    campaign(
        "campaign_special_categories_no_list", "special_ad_categories", special_ad_categories="X"
    ),
    campaign("campaign_with_targeting", "Unknown parameter: targeting", targeting={}),
    campaign(
        "campaign_end_before_start",
        "end time must be after",
        1487110,
        start_time="2099-02-01T00:00:00+0000",
        stop_time="2099-01-01T00:00:00+0000",
    ),
    campaign(
        "campaign_end_in_the_past",
        "end time is in the past",
        1487079,
        stop_time="2001-01-01T00:00:00+0000",
    ),
    campaign("campaign_time_is_no_time", "start_time must be an ISO", start_time="tomorrow"),
    campaign("campaign_bid_strategy", "bid_strategy must be one of", bid_strategy="CHEAP"),
    campaign("campaign_option", "execution_options.0 must be one of", execution_options=["dry"]),
    ad_set("ad_set_budget_on_both_levels", "already has a budget", 1885621, daily_budget=5000),
    ad_set(
        "ad_set_without_any_budget", "needs daily_budget", 1885645, campaign_id="{open_campaign}"
    ),
    ad_set("ad_set_without_campaign", "campaign_id is required", campaign_id=GONE),
    ad_set("ad_set_of_a_missing_campaign", "does not exist", 33, campaign_id="120200999999999999"),
    ad_set("ad_set_without_goal", "optimization_goal is required", optimization_goal=GONE),
    ad_set("ad_set_without_billing", "billing_event is required", billing_event=GONE),
    ad_set("ad_set_without_targeting", "targeting is required", targeting=GONE),
    ad_set("ad_set_goal_unknown", "optimization_goal must be one of", optimization_goal="SALES"),
    ad_set(
        "ad_set_goal_of_another_objective",
        "not available for the objective",
        2490408,
        optimization_goal="POST_ENGAGEMENT",
    ),
    ad_set(
        "ad_set_billed_by_another_goal",
        "not available for the optimization_goal",
        1815001,
        billing_event="LINK_CLICKS",
    ),
    ad_set(
        "ad_set_targeting_key_misspelt",
        "Unknown parameter: targeting.geo_location",
        targeting={"geo_location": {"countries": ["US"]}},
    ),
    ad_set(
        "ad_set_targeting_nested_key_misspelt",
        "Unknown parameter: targeting.geo_locations.country",
        targeting={"geo_locations": {"country": ["US"]}},
    ),
    ad_set(
        "ad_set_country_by_name",
        "targeting.geo_locations.countries.0",
        targeting={"geo_locations": {"countries": ["Germany"]}},
    ),
    ad_set("ad_set_nowhere", "needs geo_locations", targeting={"age_min": 20}),
    ad_set(
        "ad_set_too_young",
        "targeting.age_min",
        targeting={"geo_locations": PLACES, "age_min": 12},
    ),
    ad_set(
        "ad_set_ages_reversed",
        "age_min is above age_max",
        targeting={"geo_locations": PLACES, "age_min": 40, "age_max": 30},
    ),
    ad_set(
        "ad_set_platform_unknown",
        "targeting.publisher_platforms.0 must be one of",
        targeting={"geo_locations": PLACES, "publisher_platforms": ["tiktok"]},
    ),
    ad_set("ad_set_targeting_is_no_json", "targeting must be valid JSON", targeting="{age_min:"),
    ad_set("ad_set_without_pixel", "needs pixel_id", 1885154, promoted_object=GONE),
    ad_set(
        "ad_set_with_a_foreign_pixel",
        "does not belong to the ad account",
        promoted_object={"pixel_id": "{foreign_pixel}", "custom_event_type": "PURCHASE"},
    ),
    ad_set("ad_set_cap_without_bid", "bid_amount is required", 1815857, bid_strategy="COST_CAP"),
    ad_set(
        "ad_set_attribution_window",
        "window_days must be one of",
        attribution_spec=[{"event_type": "CLICK_THROUGH", "window_days": 30}],
    ),
    ad_set(
        "ad_set_lifetime_without_end",
        "end_time is required",
        campaign_id="{open_campaign}",
        lifetime_budget=50000,
    ),
    creative(
        "creative_flat",
        "needs object_story_spec",
        1487194,
        object_story_spec=GONE,
        title="T",
        body="B",
        link_url="https://shop.example/",
    ),
    creative(
        "creative_without_page",
        "object_story_spec.page_id is required",
        object_story_spec={"link_data": STORY["link_data"]},
    ),
    creative(
        "creative_with_a_foreign_page",
        "cannot be used by this ad account",
        1443121,
        object_story_spec=STORY | {"page_id": "{foreign_page}"},
    ),
    creative(
        "creative_without_content",
        "needs link_data",
        object_story_spec={"page_id": "{page}"},
    ),
    creative(
        "creative_call_to_action",
        "call_to_action.type must be one of",
        object_story_spec=story(call_to_action={"type": "CLICK_HERE"}),
    ),
    creative("creative_link", "link_data.link", object_story_spec=story(link="shop.example")),
    creative(
        "creative_image_unknown",
        "is not in the ad account",
        1487242,
        object_story_spec=story(image_hash="0" * 32),
    ),
    creative(
        "creative_removed_param", "Unknown parameter: instagram_actor_id", instagram_actor_id=1
    ),
    ad("ad_without_name", "name is required", name=GONE),
    ad("ad_without_ad_set", "adset_id is required", adset_id=GONE),
    ad("ad_without_creative", "creative is required", creative=GONE),
    ad("ad_creative_as_text", "creative", creative="{creative}"),
    ad("ad_creative_id_is_no_id", "creative.creative_id must be", creative={"creative_id": "x"}),
    ad("ad_with_a_bid", "Unknown parameter: bid_amount", bid_amount=100),
    ad("ad_under_a_campaign_id", "does not exist", 33, adset_id="{campaign}"),
    Broken("image_without_bytes", "{account}/adimages", {}, "bytes is required"),
    Broken("image_not_base64", "{account}/adimages", {"bytes": "***"}, "must be base64"),
    Broken("label_without_name", "{account}/adlabels", {}, "name is required"),
    Broken("update_unknown_param", "{campaign}", {"state": "PAUSED"}, "Unknown parameter: state"),
    Broken("update_objective", "{campaign}", {"objective": "OUTCOME_LEADS"}, "Unknown parameter"),
    Broken("update_budget_float", "{campaign}", {"daily_budget": "1.5"}, "must be a whole"),
    Broken("update_creative_content", "{creative}", {"object_story_spec": STORY}, "Unknown param"),
    Broken("update_deleted", "{deleted}", {"name": "X"}, "deleted object cannot", 1487056),
    Broken("put_is_refused", "{campaign}", {}, "Unsupported request", method="PUT"),
    Broken("post_on_an_unknown_edge", "{account}/adgroups", {}, "Unsupported post request", 33),
    Broken("too_deep_a_path", "{account}/a/b", {}, "Unknown path components", 2500),
    read("read_unknown_field", "{campaign}", "nonexisting field (budget)", fields="id,budget"),
    read("read_field_of_another_kind", "{ad_set}", "nonexisting field", fields="objective"),
    read("read_nested_unknown_field", "{ad}", "(colour)", fields="adset{colour}"),
    read("read_broken_fields", "{campaign}", "Syntax error", fields="id,adlabels{id"),
    read("list_unknown_param", "{account}/ads", "Unknown parameter: offset", offset=5),
    read("list_status", "{account}/ads", "must be one of", effective_status=["RUNNING"]),
    read(
        "list_filter_field",
        "{account}/ads",
        "Filtering field colour is invalid",
        filtering=[{"field": "colour", "operator": "EQUAL", "value": "x"}],
    ),
    read("list_cursor", "{account}/ads", "Invalid cursors", after="%%%"),
    read("labels_without_ids", "{account}/adsbylabels", "ad_label_ids is required"),
    read("insights_field", "{account}/insights", "(profit)", fields="profit"),
    read("insights_level", "{account}/insights", "level must be one of", level="creative"),
    read(
        "insights_range_reversed",
        "{account}/insights",
        "until is before since",
        time_range={"since": "2026-02-01", "until": "2026-01-01"},
    ),
    read("insights_increment", "{account}/insights", "time_increment", time_increment=91),
    read(
        "insights_window_that_ended",
        "{account}/insights",
        "action_attribution_windows.0 must be one of",
        action_attribution_windows=["7d_view"],
    ),
    read("insights_breakdown", "{account}/insights", "breakdowns.0", breakdowns=["planet"]),
]


@dataclass(frozen=True)
class Ground:
    sim: Simulator
    person: SimPerson
    names: dict[str, str]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with running_simulator() as sim:
        person, foreign = sim.person(), sim.person()
        tree: Tree = sim.build_tree(person)
        opened = sim.create(
            person,
            "campaigns",
            **on(CAMPAIGN, daily_budget=GONE, is_adset_budget_sharing_enabled=False),
        )
        deleted = sim.create(person, "campaigns", **CAMPAIGN)
        sim.graph("DELETE", deleted, token=person.access_token)
        yield Ground(
            sim,
            person,
            {
                "{account}": person.ad_account,
                "{campaign}": tree.campaign,
                "{ad_set}": tree.ad_set,
                "{creative}": tree.creative,
                "{ad}": tree.ads[0],
                "{page}": person.page,
                "{pixel}": person.pixel,
                "{open_campaign}": opened,
                "{deleted}": deleted,
                "{foreign_page}": foreign.page,
                "{foreign_pixel}": foreign.pixel,
            },
        )


def filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if isinstance(value, str):
        for name, real in names.items():
            value = value.replace(name, real)
    return value


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.id)
def test_broken_request_is_refused_for_its_reason(ground: Ground, broken: Broken) -> None:
    sim, token = ground.sim, ground.person.access_token
    before = sim.objects(ground.person.ad_account)
    answer = sim.graph(
        broken.method,
        filled(broken.path, ground.names),
        token=token,
        **filled(broken.params, ground.names),
    )
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert broken.says in error["message"], error
    assert (error["code"], error.get("error_subcode", 0)) == (broken.code, broken.subcode)
    assert error["fbtrace_id"]
    assert sim.objects(ground.person.ad_account) == before


@pytest.mark.parametrize(
    ("edge", "params"),
    [("campaigns", CAMPAIGN), ("adsets", AD_SET), ("adcreatives", CREATIVE), ("ads", AD)],
)
def test_unbroken_request_is_accepted_and_a_dry_run_makes_nothing(
    ground: Ground, edge: str, params: dict[str, Any]
) -> None:
    sim, token = ground.sim, ground.person.access_token
    path, sent = f"{ground.person.ad_account}/{edge}", filled(params, ground.names)
    before = sim.objects(ground.person.ad_account)
    dry = sim.graph("POST", path, token=token, execution_options=["validate_only"], **sent)
    assert dry.json() == {"success": True}
    assert sim.objects(ground.person.ad_account) == before
    assert sim.graph("POST", path, token=token, **sent).status_code == 200


def test_fifth_budget_change_of_an_ad_set_in_an_hour_is_refused(ground: Ground) -> None:
    sim, person = ground.sim, ground.person
    ad_set_id = sim.create(
        person,
        "adsets",
        **filled(on(AD_SET, campaign_id="{open_campaign}", daily_budget=5000), ground.names),
    )
    answers = [
        sim.graph("POST", ad_set_id, token=person.access_token, daily_budget=6000 + step)
        for step in range(5)
    ]
    assert [one.status_code for one in answers] == [200, 200, 200, 200, 400]
    assert answers[4].json()["error"]["code"] == 17
    sim.advance(1)
    again = sim.graph("POST", ad_set_id, token=person.access_token, daily_budget=9000)
    assert again.status_code == 200


def test_call_above_the_score_limit_is_refused_with_headers(ground: Ground) -> None:
    sim, token = ground.sim, ground.person.access_token
    sim.faults(score_limit=10, score_decay_s=3600)
    statuses = [sim.graph("GET", "me", token=token).status_code for _ in range(12)]
    last = sim.graph("GET", "me", token=token)
    sim.faults()
    assert statuses[:10] == [200] * 10
    assert statuses[11] == 400
    assert last.json()["error"]["code"] == 17
    assert '"estimated_time_to_regain_access": 1' in last.headers["X-Business-Use-Case-Usage"]


def test_missing_token_is_refused(ground: Ground) -> None:
    answer = ground.sim.graph("GET", "me")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 190
