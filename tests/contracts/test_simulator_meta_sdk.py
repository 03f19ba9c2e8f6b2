"""Meta's own client, pointed at the simulator: the tree, updates and insights by other people's
code; what went over the wire is read back from the simulator's ground truth.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

pytest.importorskip("facebook_business")
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from tests.simulator_process import APP_ID, APP_SECRET, SimPerson, Simulator, running_simulator

PIXEL_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class Sdk:
    sim: Simulator
    person: SimPerson
    api: FacebookAdsApi
    account: AdAccount


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    with running_simulator() as sim:
        person = sim.person()
        session = FacebookSession(APP_ID, APP_SECRET, person.access_token, timeout=30)
        session.GRAPH = sim.url
        api = FacebookAdsApi(session, api_version="v26.0")
        yield Sdk(sim, person, api, AdAccount(person.ad_account, api=api))
        session.requests.close()


def create_campaign(sdk: Sdk, **changes: object) -> Campaign:
    params = {
        "name": "SDK campaign",
        "objective": "OUTCOME_SALES",
        "special_ad_categories": [],
        "daily_budget": 7500,
        "status": "PAUSED",
        "adlabels": [{"name": "adm-sdk"}],
    }
    return sdk.account.create_campaign(params=params | changes)


def create_tree(sdk: Sdk) -> tuple[Campaign, AdSet, Ad]:
    campaign = create_campaign(sdk, status="ACTIVE")
    ad_set = sdk.account.create_ad_set(
        params={
            "name": "SDK set",
            "campaign_id": campaign["id"],
            "billing_event": "IMPRESSIONS",
            "optimization_goal": "OFFSITE_CONVERSIONS",
            "promoted_object": {"pixel_id": sdk.person.pixel, "custom_event_type": "PURCHASE"},
            "targeting": {
                "geo_locations": {"countries": ["US", "CA"]},
                "publisher_platforms": ["facebook", "instagram"],
                "targeting_automation": {"advantage_audience": 0},
            },
            "status": "ACTIVE",
        }
    )
    image = sdk.account.create_ad_image(params={"bytes": base64.b64encode(PIXEL_PNG).decode()})
    creative = sdk.account.create_ad_creative(
        params={
            "name": "SDK creative",
            "object_story_spec": {
                "page_id": sdk.person.page,
                "link_data": {
                    "link": "https://shop.example/",
                    "message": "Hello",
                    "image_hash": image["images"]["bytes"]["hash"]
                    if "images" in image
                    else image["hash"],
                    "call_to_action": {
                        "type": "SHOP_NOW",
                        "value": {"link": "https://shop.example/"},
                    },
                },
            },
        }
    )
    ad = sdk.account.create_ad(
        params={
            "name": "SDK ad",
            "adset_id": ad_set["id"],
            "creative": {"creative_id": creative["id"]},
            "status": "ACTIVE",
        }
    )
    return campaign, ad_set, ad


def truth(sdk: Sdk, graph_id: str) -> dict:
    return next(one for one in sdk.sim.objects() if one["id"] == graph_id)


def test_sdk_creates_the_whole_tree(sdk: Sdk) -> None:
    campaign, ad_set, ad = create_tree(sdk)
    assert truth(sdk, campaign["id"])["data"]["daily_budget"] == 7500
    assert truth(sdk, campaign["id"])["labels"] == ["adm-sdk"]
    placed = truth(sdk, ad_set["id"])
    assert placed["parent"] == campaign["id"]
    assert placed["data"]["targeting"]["geo_locations"] == {"countries": ["US", "CA"]}
    assert truth(sdk, ad["id"])["parent"] == ad_set["id"]
    read = Ad(ad["id"], api=sdk.api).api_get(fields=["name", "adset_id", "effective_status"])
    assert (read["name"], read["adset_id"]) == ("SDK ad", ad_set["id"])
    assert read["effective_status"] == "PENDING_REVIEW"


def test_sdk_finds_who_it_is_and_what_it_may_use(sdk: Sdk) -> None:
    me = User("me", api=sdk.api)
    accounts = list(me.get_ad_accounts(fields=["id", "currency", "timezone_name"]))
    assert [one["id"] for one in accounts] == [sdk.person.ad_account]
    assert [one["id"] for one in me.get_accounts(fields=["id", "name"])] == [sdk.person.page]
    pixels = sdk.account.get_ads_pixels(fields=["id", "name"])
    assert [one["id"] for one in pixels] == [sdk.person.pixel]


def test_sdk_updates_pauses_archives_and_deletes(sdk: Sdk) -> None:
    campaign = create_campaign(sdk)
    campaign.api_update(params={"name": "Renamed", "daily_budget": 9000, "status": "ACTIVE"})
    changed = truth(sdk, campaign["id"])
    assert (changed["name"], changed["status"]) == ("Renamed", "ACTIVE")
    assert changed["data"]["daily_budget"] == 9000
    campaign.api_update(params={"status": "ARCHIVED"})
    assert truth(sdk, campaign["id"])["status"] == "ARCHIVED"
    campaign.api_delete()
    assert truth(sdk, campaign["id"])["status"] == "DELETED"
    assert campaign.api_get(fields=["status"])["status"] == "DELETED"


def test_sdk_walks_pages_of_a_list(sdk: Sdk) -> None:
    made = [create_campaign(sdk, name=f"Page {number}")["id"] for number in range(5)]
    listed = sdk.account.get_campaigns(fields=["id", "name"], params={"limit": 2})
    assert [one["id"] for one in listed if one["name"].startswith("Page ")] == made[::-1]


def test_sdk_reads_insights_that_equal_the_ledger(sdk: Sdk) -> None:
    campaign, _, ad = create_tree(sdk)
    sdk.sim.advance(24 * 4)
    params = {
        "level": "ad",
        "time_increment": 1,
        "breakdowns": ["publisher_platform"],
        "date_preset": "maximum",
    }
    fields = ["ad_id", "impressions", "clicks", "spend", "actions"]
    rows = list(Campaign(campaign["id"], api=sdk.api).get_insights(fields=fields, params=params))
    ledger = [row for row in sdk.sim.ledger() if row["ad"] == ad["id"]]
    assert len(rows) >= 6
    assert [
        (row["date_start"], row["publisher_platform"], row["impressions"], row["spend"])
        for row in rows
    ] == [
        (row["day"], row["publisher_platform"], str(row["impressions"]), row["spend"])
        for row in ledger
    ]


def test_sdk_runs_an_asynchronous_report(sdk: Sdk) -> None:
    campaign, _, _ = create_tree(sdk)
    sdk.sim.advance(48)
    job = Campaign(campaign["id"], api=sdk.api).get_insights_async(
        fields=["spend"], params={"date_preset": "maximum"}
    )
    run = AdReportRun(job["report_run_id"], api=sdk.api)
    states = [run.api_get()["async_status"] for _ in range(3)]
    assert states == ["Job Not Started", "Job Running", "Job Completed"]
    assert [float(row["spend"]) > 0 for row in run.get_insights()] == [True]


def test_sdk_raises_its_own_error_for_a_bad_create(sdk: Sdk) -> None:
    with pytest.raises(FacebookRequestError) as refused:
        create_campaign(sdk, objective="CONVERSIONS")
    assert refused.value.api_error_code() == 100
    assert "objective must be one of" in refused.value.api_error_message()
    assert refused.value.http_status() == 400
