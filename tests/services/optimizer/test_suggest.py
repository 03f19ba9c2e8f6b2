"""/ai/optimize: what is suggested, with what evidence, and what applying it does."""

from datetime import timedelta

import pytest

import analytics.optimizer.api.suggestions as face
from accounts.models import OutboxEvent
from analytics.optimizer.answers import Applied, SuggestionPage, Suggestions
from analytics.optimizer.models import StoredSuggestion
from analytics.optimizer.services.suggest import STRATEGIES, suggest
from campaigns.commands import restore
from campaigns.models import Ad, AdSet, Campaign, Creative, Dispatch, PendingAction
from core.clock import now as wall
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.stage import (
    act,
    camp_id,
    connect,
    count,
    create,
    fresh,
    running,
    set_modes,
)
from tests.services.campaigns.test_end_to_end import drain
from tests.services.optimizer.stage import (
    add_ad,
    call,
    deliver,
    every_day,
    only_ad,
    read_today,
)

BAD = {"impressions": 9000, "clicks": 30, "spend_micros": 9_000_000}
GOOD = {"impressions": 9000, "clicks": 300, "spend_micros": 9_000_000}
IMAGE = {"image_url": "https://acme.example/i.png", "image_digest": "a" * 64}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    moment = {"now": NOW}
    monkeypatch.setattr(face, "now", lambda: moment["now"])
    return moment


@pytest.fixture
def campaign(acme):
    """Two ads in one ad set, the second surely better and with an image."""
    account = connect(acme)
    read_today(acme, account)
    made = running(acme, account)
    good = add_ad(acme, made, 2)
    deliver(acme, first(acme, made), every_day(5, **BAD))
    deliver(acme, good, every_day(5, **GOOD))
    with tenant_tx(acme.tenant.id):
        Creative.objects.filter(pk=good.creative_id).update(**IMAGE)
        rows = AdSet.objects.filter(campaign=made)
        targeting = {**rows.get().targeting, "age_min": 25, "age_max": 45}
        rows.update(targeting=targeting)
    set_modes(acme)
    return made


def first(acme, campaign):
    with tenant_tx(acme.tenant.id, readonly=True):
        return Ad.objects.get(campaign=campaign, name="Ad")


def ask(acme, campaign, *strategies):
    body = {"campaign_id": camp_id(campaign)}
    answer = call(
        acme,
        "POST",
        "/ai/optimize/suggest",
        {**body, "strategies": list(strategies)} if strategies else body,
    )
    assert answer.status_code == 200, answer.doc
    Suggestions.model_validate(answer.doc)
    return answer.doc


def apply(acme, suggestion_id, **headers):
    body = {"suggestion_id": suggestion_id}
    return call(acme, "POST", "/ai/optimize/apply", body, **headers)


def one(acme, campaign, strategy):
    [found] = ask(acme, campaign, strategy)["suggestions"]
    return found


def test_the_guides_strategies_answer_with_evidence_and_a_command(acme, campaign):
    doc = ask(acme, campaign)
    found = {row["type"]: row for row in doc["suggestions"]}
    assert found.keys() == {"new_message", "new_image", "similar_audience", "pause_ad"}
    assert {row["strategy"]: row["reason"] for row in doc["nothing_from"]} == {
        "shift_budget": "nothing_to_compare",
        "raise_budget": "budget_not_used_up",
        "lower_budget": "sample_too_small",
    }
    pause = found["pause_ad"]
    bad = encode("ad", first(acme, campaign).pk)
    assert (pause["ad_id"], pause["impact"]) == (bad, "high")
    assert pause["command"] == {"kind": "pause_ad", "schema_version": 1, "ad_id": bad} | {
        "group_id": "",
        "supersedes": "",
    }
    evidence = pause["evidence"]
    assert (evidence["metric"], evidence["n"]) == ("ctr", 45_000)
    assert evidence["interval"]["high"] < evidence["compared_with"]["interval"]["low"]
    message = found["new_message"]["command"]["creative"]
    assert (message["headline"], message["image_url"]) == ("Headline 2", "")
    image = found["new_image"]["command"]["creative"]
    assert (image["headline"], image["image_digest"]) == ("Old", "a" * 64)
    wider = found["similar_audience"]["command"]["targeting"]
    assert (wider["age_min"], wider["age_max"]) == (20, 50)
    with tenant_tx(acme.tenant.id, readonly=True):
        row = Campaign.objects.select_related("ad_account").get(pk=campaign.pk)
        assert [one.type for one in suggest(row, now=NOW)] == list(found)
    for row in found.values():
        payload = dict(row["command"])
        restore(payload.pop("kind"), payload)


def test_asking_again_keeps_ids_and_lists_them(acme, campaign):
    before = {row["id"] for row in ask(acme, campaign)["suggestions"]}
    assert {row["id"] for row in ask(acme, campaign)["suggestions"]} == before
    page = call(acme, "GET", "/ai/optimize/suggestions").doc
    SuggestionPage.model_validate(page)
    assert {row["id"] for row in page["data"]} == before
    assert count(acme, Dispatch) == count(acme, PendingAction) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "PAUSED"}, "not_running"),
        ({"synced": NOW - timedelta(days=2)}, "facts_not_read"),
    ],
)
def test_nothing_is_said_without_ground(acme, campaign, change, reason):
    if "synced" in change:
        read_today(acme, campaign.ad_account, change["synced"])
    else:
        with tenant_tx(acme.tenant.id):
            Campaign.objects.filter(pk=campaign.pk).update(**change)
    doc = ask(acme, campaign, "pause_ad", "new_message")
    assert doc["suggestions"] == []
    assert {row["reason"] for row in doc["nothing_from"]} == {reason}


def test_equal_ads_get_no_suggestion(acme):
    account = connect(acme)
    read_today(acme, account)
    made = running(acme, account)
    for number, clicks in ((2, 190), (3, 200), (4, 215)):
        sums = {**GOOD, "clicks": clicks // 5}
        deliver(acme, add_ad(acme, made, number), every_day(5, **sums))
    doc = ask(acme, made, "pause_ad", "new_message", "new_image")
    assert doc["suggestions"] == []
    assert {row["reason"] for row in doc["nothing_from"]} == {"no_certain_difference"}


def test_an_unknown_strategy_is_named(acme, campaign):
    body = {"campaign_id": camp_id(campaign), "strategies": ["guess"]}
    refused = call(acme, "POST", "/ai/optimize/suggest", body)
    assert refused.status_code == 422
    assert refused.doc["error"]["details"]["allowed"] == list(STRATEGIES)
    assert count(acme, StoredSuggestion) == 0


@pytest.mark.parametrize(("value", "kind"), [(60, "raise_budget"), (2, "lower_budget")])
def test_budgets_follow_what_they_return(acme, value, kind):
    account = connect(acme)
    read_today(acme, account)
    made = running(acme, account)
    sums = {"impressions": 9000, "clicks": 300, "spend_micros": 49_000_000, "conversions": 5}
    value_micros = 5 * value * 1_000_000
    days = every_day(14, **sums, conversion_value_micros=value_micros)
    deliver(acme, only_ad(acme, made), days)
    doc = ask(acme, made, "raise_budget", "lower_budget")
    [found] = doc["suggestions"]
    assert (found["type"], found["evidence"]["metric"]) == (kind, "roas")
    micros = 60_000_000 if kind == "raise_budget" else 40_000_000
    assert found["command"]["budget_micros"] == micros


def test_apply_goes_through_the_gate_once(acme, campaign):
    found = one(acme, campaign, "pause_ad")
    applied = apply(acme, found["id"])
    assert applied.status_code == 202, applied.doc
    Applied.model_validate(applied.doc)
    assert (applied.doc["status"], applied.doc["suggestion_id"]) == ("dispatching", found["id"])
    again = apply(acme, found["id"])
    assert (again.status_code, again.doc["duplicate"]) == (202, True)
    assert again.doc["job_id"] == applied.doc["job_id"]
    assert count(acme, Dispatch) == 1


def test_in_draft_it_waits_and_an_axis_that_is_off_denies(acme, campaign):
    found = one(acme, campaign, "pause_ad")
    set_modes(acme, structural="off")
    denied = apply(acme, found["id"])
    assert (denied.status_code, denied.doc["error"]["code"]) == (403, "authority_axis_off")
    assert count(acme, Dispatch) == count(acme, PendingAction) == 0
    set_modes(acme, structural="draft")
    waits = apply(acme, found["id"])
    assert waits.doc["status"] == "pending_approval"
    with tenant_tx(acme.tenant.id, readonly=True):
        row = PendingAction.objects.get()
    assert (row.group_id, row.rationale) == (found["id"], found["description"])


def test_expired_stale_and_foreign_suggestions_do_nothing(acme, rival, campaign, clock):
    found = one(acme, campaign, "pause_ad")
    assert apply(rival, found["id"]).status_code == 404
    clock["now"] = NOW + timedelta(hours=24)
    assert apply(acme, found["id"]).doc["error"]["code"] == "suggestion_expired"
    clock["now"] = NOW
    with tenant_tx(acme.tenant.id):
        Ad.objects.filter(pk=first(acme, campaign).pk).update(version=7)
    assert apply(acme, found["id"]).doc["error"]["code"] == "suggestion_stale"
    assert count(acme, Dispatch) == count(acme, PendingAction) == 0


def test_apply_needs_the_scope_of_the_command(acme, campaign):
    found = one(acme, campaign, "pause_ad")
    with tenant_tx(acme.tenant.id):
        acme.key.scopes = ["ads:read", "ads:write:campaigns"]
        acme.key.save()
    refused = apply(acme, found["id"])
    assert refused.doc["error"]["details"]["required_scope"] == "ads:write:lifecycle"
    assert count(acme, Dispatch) == 0


def tree(sim, person, nodes):
    """What the platform shows of each object."""
    fields = {
        Campaign: "name,status,daily_budget,objective",
        AdSet: "name,status,targeting",
        Ad: "name,status,creative{id}",
    }
    return {
        row.external_id: sim.graph(
            "GET", row.external_id, token=person.access_token, fields=fields[type(row)]
        ).json()
        for row in nodes
    }


@pytest.fixture
def live(connected):
    """A launched campaign at the simulated platform: two ad sets with two ads each."""
    cast, sim, person = connected
    public = create(cast, objective="CONVERSIONS", budget_micros=50_000_000).created_id
    for number, country in enumerate(("US", "DE")):
        targeting = {"age_min": 25, "age_max": 45, "interests": []}
        targeting["locations"] = [{"type": "country", "value": country}]
        ad_set = act(
            cast, "create_ad_set", campaign_id=public, name=country, targeting=targeting, now=wall()
        ).created_id
        for ad in range(2):
            creative = {"headline": f"H{number}{ad}", "primary_text": "T"}
            creative["link_url"] = "https://acme.example/x"
            act(
                cast,
                "create_ad",
                ad_set_id=ad_set,
                name=f"Ad {number}{ad}",
                creative=creative,
                now=wall(),
            )
    act(cast, "launch_campaign", campaign_id=public, now=wall())
    assert drain(cast) == []
    return cast, sim, person, public


def test_applied_at_the_simulator_each_changes_its_object_alone(live, clock):
    cast, sim, person, public = live
    clock["now"] = wall()
    campaign = fresh(cast, Campaign, public)
    with tenant_tx(cast.tenant.id, readonly=True):
        account = campaign.ad_account
    read_today(cast, account, wall())
    with tenant_tx(cast.tenant.id, readonly=True):
        ads = list(Ad.objects.select_related("campaign").order_by("name"))
        nodes = [campaign, *AdSet.objects.order_by("name"), *ads]
    yesterday = wall().date() - timedelta(days=1)
    for ad, sold in zip(ads, (1, 20, 3, 3), strict=True):
        sums = {"impressions": 9000, "clicks": 300, "spend_micros": 12_000_000}
        value = {"conversions": sold, "conversion_value_micros": sold * 20_000_000}
        deliver(cast, ad, every_day(14, yesterday, **sums, **value))
    doc = ask(cast, campaign)
    found = {row["type"]: row for row in doc["suggestions"]}
    assert found.keys() == set(STRATEGIES) - {"new_image", "lower_budget"}
    order = sorted(found, key=lambda kind: kind in ("pause_ad", "shift_budget"))
    changed = 0
    for kind in order:
        row = one(cast, campaign, kind)
        before = tree(sim, person, nodes)
        assert apply(cast, row["id"]).status_code == 202
        assert drain(cast) == []
        after = tree(sim, person, nodes)
        target = row.get("ad_id") or row.get("ad_set_id") or row["campaign_id"]
        touched = {key for key, shown in after.items() if shown != before[key]}
        wanted = {encode(PREFIX[type(node)], node.pk): node.external_id for node in nodes}
        assert touched == {wanted[target]}, kind
        changed += 1
    with tenant_tx(cast.tenant.id, readonly=True):
        events = set(OutboxEvent.objects.values_list("event_type", flat=True))
    assert {"ad.optimized", "ad.paused", "budget.reallocated"} <= events
    print(f"BAR R2 {changed} kinds of suggestions applied, each changed 1 object of {len(nodes)}")


PREFIX = {Campaign: "camp", AdSet: "aset", Ad: "ad"}
