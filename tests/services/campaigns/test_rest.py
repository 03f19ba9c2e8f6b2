"""The Agent API's campaigns, over HTTP."""

import json
from datetime import timedelta

import pytest

from accounts.models import Verdict
from campaigns.models import Campaign, Dispatch, PendingAction
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from platforms.metrics.services import upsert_facts
from tests.cast import NOW
from tests.services.campaigns.stage import camp_id, connect, count, running, set_modes

FLAT = {
    "name": "Summer Launch",
    "objective": "CONVERSIONS",
    "daily_budget": 50.0,
    "product_description": "Online accounting for small businesses",
    "message": "Simplify your books. Start free today!",
    "target_url": "https://acme.com/start",
    "audience_description": "Small business owners aged 25-55",
    "target_location": "United States",
}
NESTED = {
    "name": "Q3 Growth Campaign",
    "objective": "conversions",
    "platforms": ["facebook", "instagram"],
    "budget": {"type": "daily", "amount": 100, "currency": "USD"},
    "schedule": {"start_date": "2030-07-01", "end_date": "2030-09-30"},
    "optimization": {"enabled": True, "strategy": "maximize_conversions", "frequency": "hourly"},
}
AD_SET = {
    "name": "US Remote Workers 25-45",
    "targeting": {
        "age_min": 25,
        "age_max": 45,
        "locations": [{"type": "country", "value": "US"}],
        "interests": ["remote work", "startups"],
    },
}
AD = {
    "name": "Variation 1",
    "creative": {
        "headline": "Books made easy",
        "primary_text": "Start today",
        "description": "Free",
        "image_url": None,
        "call_to_action": "sign_up",
        "link_url": "https://yourapp.com/signup",
    },
}


@pytest.fixture
def api(client, acme):
    def call(method, path, body=None, headers=None):
        response = client.generic(
            method.upper(),
            f"/v1{path}",
            data=json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={**acme.headers, **(headers or {})},
        )
        response.doc = json.loads(response.content) if response.content else None
        return response

    return call


def test_flat_create_prints_the_superset(api, acme):
    response = api("post", "/campaigns", FLAT)
    doc = response.doc
    assert response.status_code == 201
    assert {key: doc[key] for key in FLAT} == FLAT
    assert doc["budget"] == {"type": "daily", "amount": 50.0, "currency": "USD"}
    assert (doc["status"], doc["facebook_campaign_id"]) == ("DRAFT", None)
    assert doc["metrics"]["impressions"] == 0
    assert doc["metrics"]["ctr"] is None
    assert doc["created_at"].endswith("Z")
    assert doc["id"].startswith("camp_")


def test_nested_create_reads_words_in_any_case(api):
    doc = api("post", "/campaigns", NESTED).doc
    assert doc["objective"] == "CONVERSIONS"
    assert doc["daily_budget"] == 100.0
    assert doc["schedule"] == NESTED["schedule"]
    assert doc["optimization"] == NESTED["optimization"]
    synonym = api("post", "/campaigns", {**NESTED, "objective": "lead-generation"}).doc
    assert synonym["objective"] == "LEADS"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"daily_budget": 9.99}, "campaign_budget_too_low", "daily_budget"),
        ({"daily_budget": 50, "budget": {"amount": 60}}, "contradictory_fields", "daily_budget"),
        ({"daily_budget": 50.001}, "validation_error", "daily_budget"),
        ({"daily_budget": "50"}, "validation_error", "daily_budget"),
        ({"objective": "WIN"}, "validation_error", "objective"),
        ({"name": ""}, "validation_error", "name"),
        ({"name": "x" * 401}, "validation_error", "name"),
        ({"platforms": ["myspace"]}, "validation_error", "platforms.0"),
        ({"target_url": "ftp://x"}, "validation_error", "target_url"),
        ({"schedule": {"end_date": "2020-01-01"}}, "schedule_in_past", "schedule.end_date"),
        ({"budget": {"currency": "EUR"}}, "currency_mismatch", "budget.currency"),
        ({"target_location": "Atlantis"}, "target_location_unknown", "target_location"),
        ({"colour": "red"}, "validation_error", "colour"),
    ],
)
def test_create_refuses_and_names_the_callers_key(api, acme, change, code, field):
    response = api("post", "/campaigns", {**FLAT, **change})
    error = response.doc["error"]
    assert (response.status_code, error["code"], error["details"]["field"]) == (422, code, field)
    assert count(acme, Campaign) == 0


def test_budget_too_low_is_the_documented_error(api):
    error = api("post", "/campaigns", {**NESTED, "budget": {"amount": 5}}).doc["error"]
    assert error["code"] == "campaign_budget_too_low"
    assert error["details"] == {"field": "budget.amount", "min_value": 10.0}
    assert "$10.00" in error["message"]


def test_missing_fields_are_named(api):
    for missing, field in (
        ("name", "name"),
        ("objective", "objective"),
        ("daily_budget", "daily_budget"),
    ):
        body = {key: value for key, value in FLAT.items() if key != missing}
        error = api("post", "/campaigns", body).doc["error"]
        assert error["details"]["field"] == field


def test_patch_merges_the_amount_alone(api):
    created = api("post", "/campaigns", NESTED).doc
    response = api("patch", f"/campaigns/{created['id']}", {"budget": {"amount": 75}})
    assert response.status_code == 200
    assert response.doc["budget"] == {"type": "daily", "amount": 75.0, "currency": "USD"}
    assert response.doc["schedule"] == NESTED["schedule"]


def test_guides_journey_to_launch(api, acme):
    connect(acme)
    campaign = api("post", "/campaigns", NESTED).doc
    ad_set = api("post", f"/campaigns/{campaign['id']}/ad-sets", AD_SET)
    assert ad_set.status_code == 201
    ad = api("post", f"/campaigns/{campaign['id']}/ad-sets/{ad_set.doc['id']}/ads", AD)
    assert (ad.status_code, ad.doc["creative"]["call_to_action"]) == (201, "sign_up")
    launch = api("post", f"/campaigns/{campaign['id']}/launch")
    assert (launch.status_code, launch.doc["status"]) == (202, "LAUNCHING")
    job = api("get", f"/jobs/{launch.doc['job_id']}").doc
    assert job["status"] == "ready"
    assert [step["kind"] for step in job["steps"]][:2] == ["create_campaign", "create_ad_set"]


def test_gated_launch_answers_202_and_waits(api, acme):
    connect(acme)
    set_modes(acme, structural="draft")
    campaign = api("post", "/campaigns", FLAT).doc
    launch = api("post", f"/campaigns/{campaign['id']}/launch", {"rationale": "Season starts"})
    doc = launch.doc
    assert (launch.status_code, doc["status"]) == (202, "PENDING_APPROVAL")
    assert doc["dashboard_url"].endswith(f"/inbox/{doc['pending_action_id']}/")
    assert doc["verdict_id"].startswith("ver_")
    assert doc["expires_at"].endswith("Z")
    pending = api("get", f"/pending-actions/{doc['pending_action_id']}").doc
    assert (pending["status"], pending["rationale"]) == ("pending", "Season starts")
    listed = api("get", "/pending-actions?axis=structural").doc
    assert [row["id"] for row in listed["data"]] == [doc["pending_action_id"]]
    gone = api("post", f"/pending-actions/{doc['pending_action_id']}/cancel")
    assert (gone.status_code, gone.doc["status"]) == (200, "cancelled")
    assert api("get", f"/campaigns/{campaign['id']}").doc["effective_status"] == "DRAFT"
    assert count(acme, Dispatch) == 0


def test_denial_is_403_with_the_reason_and_its_verdict_stays(api, acme):
    campaign = running(acme, connect(acme))
    set_modes(acme, tactical="off")
    response = api(
        "patch",
        f"/campaigns/{camp_id(campaign)}",
        {"budget": {"amount": 60}},
        headers={"Idempotency-Key": "deny-1"},
    )
    error = response.doc["error"]
    assert (response.status_code, error["code"]) == (403, "authority_axis_off")
    assert error["details"]["verdict_id"].startswith("ver_")
    assert count(acme, Verdict, decision="deny") == 1
    assert (count(acme, Dispatch), count(acme, PendingAction)) == (0, 0)


def test_change_on_its_way_answers_202_with_before_and_after(api, acme):
    campaign = running(acme, connect(acme))
    doc = api("patch", f"/campaigns/{camp_id(campaign)}", {"budget": {"amount": 60}}).doc
    assert doc["status"] == "dispatching"
    assert doc["before"] == {"budget": {"amount": 50.0, "currency": "USD"}}
    assert doc["after"] == {"budget": {"amount": 60.0, "currency": "USD"}}
    assert doc["campaign"]["daily_budget"] == 50.0


def test_delete_is_204_or_202_when_a_person_must_agree(api, acme):
    local = api("post", "/campaigns", FLAT).doc
    assert api("delete", f"/campaigns/{local['id']}").status_code == 204
    assert api("get", f"/campaigns/{local['id']}").doc["status"] == "ARCHIVED"
    campaign = running(acme, connect(acme))
    set_modes(acme, structural="draft")
    response = api("delete", f"/campaigns/{camp_id(campaign)}")
    assert (response.status_code, response.doc["status"]) == (202, "pending_approval")


def test_keyed_create_is_one_campaign_and_the_same_bytes(api, acme):
    headers = {"Idempotency-Key": "k1"}
    first = api("post", "/campaigns", FLAT, headers)
    second = api("post", "/campaigns", FLAT, headers)
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert count(acme, Campaign) == 1


def test_pages_by_cursor(api, acme):
    connect(acme)
    for number in range(3):
        api("post", "/campaigns", {**FLAT, "name": f"C{number}"})
    first = api("get", "/campaigns?limit=2").doc
    rest = api("get", f"/campaigns?limit=2&cursor={first['pagination']['next_cursor']}").doc
    assert [row["name"] for row in first["data"]] == ["C2", "C1"]
    assert [row["name"] for row in rest["data"]] == ["C0"]
    assert first["pagination"]["total"] == 3
    assert rest["pagination"] == {"next_cursor": None, "has_more": False, "total": 3}


def test_pages_of_one_row_meet_every_campaign_once(api, acme):
    account = connect(acme)
    moments = [NOW, NOW, NOW + timedelta(microseconds=1), NOW - timedelta(microseconds=500_000)]
    for number, moment in enumerate(moments):
        running(acme, account, name=f"C{number}", external_id=str(number), created_at=moment)
    seen, cursor = [], ""
    while cursor is not None and len(seen) < 5:
        page = api("get", f"/campaigns?limit=1&cursor={cursor}").doc
        seen += [row["name"] for row in page["data"]]
        cursor = page["pagination"]["next_cursor"]
    assert seen == ["C2", "C1", "C0", "C3"]


def test_list_and_single_read_print_the_row_and_its_lifetime_totals(api, acme):
    account = connect(acme)
    launched = NOW.replace(microsecond=999_999)
    delivered = running(acme, account, name="A", external_id="1", launched_at=launched)
    fresh = running(acme, account, name="B", external_id="2", launched_at=None, ad_account=None)
    for day in range(2):
        deliver(acme, delivered, day=NOW.date() + timedelta(days=day))
    listed = {row["id"]: row for row in api("get", "/campaigns").doc["data"]}
    assert listed.keys() == {camp_id(delivered), camp_id(fresh)}
    for row in (delivered, fresh):
        doc = listed[camp_id(row)]
        assert doc == api("get", f"/campaigns/{camp_id(row)}").doc
        for name in ("created_at", "updated_at", "launched_at"):
            moment = getattr(row, name)
            assert doc[name] == (moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
        assert doc["business_id"] == encode("biz", row.business_id)
    assert listed[camp_id(delivered)]["ad_account_id"] == encode("acct", account.pk)
    assert listed[camp_id(fresh)]["ad_account_id"] is None
    assert listed[camp_id(delivered)]["metrics"] == {
        "impressions": 2000,
        "clicks": 20,
        "ctr": 1.0,
        "conversions": 2,
        "spend": 12.5,
        "cpc": 0.63,
        "roas": 2.0,
    }
    assert listed[camp_id(fresh)]["metrics"]["impressions"] == 0
    assert listed[camp_id(fresh)]["metrics"]["roas"] is None


def test_text_that_holds_the_separator_of_a_row_is_printed_whole(api, acme):
    words = {"name": "a\x1fb", "message": "\x1f", "target_location": "x\x1f\x1fy"}
    row = running(acme, connect(acme), **words)
    [doc] = api("get", "/campaigns").doc["data"]
    assert {name: doc[name] for name in words} == words
    assert doc == api("get", f"/campaigns/{camp_id(row)}").doc


def deliver(cast, campaign, *, day):
    fact = MetricFact(
        tenant_id=cast.tenant.id,
        business_id=campaign.business_id,
        ad_account_id=campaign.ad_account_id,
        campaign_id=campaign.id,
        ad_set_id=campaign.id,
        ad_id=campaign.id,
        day=day,
        publisher_platform="facebook",
        currency="USD",
        impressions=1000,
        clicks=10,
        spend_micros=6_250_000,
        conversions=1,
        conversion_value_micros=12_500_000,
    )
    with tenant_tx(cast.tenant.id):
        upsert_facts([fact], now=NOW)


def test_query_counts_do_not_grow_with_rows(api, acme, django_assert_max_num_queries):
    account = connect(acme)
    with django_assert_max_num_queries(30) as few:
        api("get", "/campaigns?limit=100")
    for number in range(20):
        running(acme, account, name=f"R{number}", external_id=str(number))
    with django_assert_max_num_queries(30) as many:
        assert len(api("get", "/campaigns?limit=100").doc["data"]) == 20
    assert len(many) <= len(few) + 1  # totals are asked for only where there are rows


def test_pause_and_resume_of_an_ad(api, acme):
    campaign = api("post", "/campaigns", FLAT).doc
    ad_set = api("post", f"/campaigns/{campaign['id']}/ad-sets", AD_SET).doc
    base = f"/campaigns/{campaign['id']}/ad-sets/{ad_set['id']}/ads"
    ad = api("post", base, AD).doc
    assert api("post", f"{base}/{ad['id']}/pause").doc["status"] == "PAUSED"
    assert api("post", f"{base}/{ad['id']}/resume").doc["status"] == "DRAFT"
    assert api("delete", f"{base}/{ad['id']}").status_code == 204
    assert api("get", base).doc["data"] == []


def test_ad_set_of_another_campaign_is_not_found(api, acme):
    one = api("post", "/campaigns", FLAT).doc
    other = api("post", "/campaigns", FLAT).doc
    ad_set = api("post", f"/campaigns/{one['id']}/ad-sets", AD_SET).doc
    response = api("get", f"/campaigns/{other['id']}/ad-sets/{ad_set['id']}")
    assert response.status_code == 404


def test_key_without_the_scope_gets_403(api, acme, client):
    with tenant_tx(acme.tenant.id):
        acme.key.scopes = ["campaigns:read"]
        acme.key.save()
    response = api("post", "/campaigns", FLAT)
    assert response.doc["error"]["code"] == "insufficient_scope"
    assert count(acme, Campaign) == 0


def test_approve_by_the_proposing_key_changes_nothing(api, acme):
    with tenant_tx(acme.tenant.id):
        acme.key.scopes = [*acme.key.scopes, "ads:write:pending"]
        acme.key.granted_by_person = True
        acme.key.save()
    set_modes(acme, structural="draft")
    connect(acme)
    campaign = api("post", "/campaigns", FLAT).doc
    pending = api("post", f"/campaigns/{campaign['id']}/launch").doc["pending_action_id"]
    response = api("post", f"/pending-actions/{pending}/approve")
    assert (response.status_code, response.doc["error"]["code"]) == (403, "self_approval")
    with tenant_tx(acme.tenant.id, readonly=True):
        assert PendingAction.objects.get().status == "pending"
    assert count(acme, Dispatch) == 0


def test_budget_of_a_running_campaign_in_minor_units_is_exact(api, acme):
    campaign = running(acme, connect(acme))
    doc = api("patch", f"/campaigns/{camp_id(campaign)}", {"budget": {"amount": 60.1}}).doc
    assert doc["after"]["budget"]["amount"] == 60.1
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Dispatch.objects.get().command["budget_micros"] == 60_100_000
