"""/optimization/rules over HTTP."""

from datetime import timedelta

import pytest

import analytics.optimizer.api.rules as face
from accounts.models import AuditEvent
from analytics.optimizer.answers import Rule as RuleAnswer
from analytics.optimizer.answers import RuleDryRun, RuleFiringPage, RulePage
from analytics.optimizer.models import Rule
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.stage import camp_id, connect, count, running
from tests.services.optimizer.stage import (
    RULE,
    YESTERDAY,
    add_ad,
    call,
    deliver,
    every_day,
    only_ad,
    read_today,
)


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch):
    monkeypatch.setattr(face, "now", lambda: NOW)


@pytest.fixture
def campaign(acme):
    account = connect(acme)
    read_today(acme, account)
    return running(acme, account)


def test_the_guides_rule_is_made_and_read(acme, campaign):
    body = {**RULE, "campaign_id": camp_id(campaign)}
    made = call(acme, "POST", "/optimization/rules", body)
    assert made.status_code == 201
    doc = made.doc
    RuleAnswer.model_validate(doc)
    assert doc["condition"] == {
        **RULE["condition"],
        "value": 1,
        "certainty": 90,
        "minimum_impressions": 1000,
        "minimum_clicks": 0,
    }
    assert doc["action"] == {"type": "pause_ad"}
    assert (doc["campaign_id"], doc["cooldown_hours"]) == (camp_id(campaign), 48)
    assert doc["owner"] == {"type": "api_key", "id": acme.agent.id}
    assert call(acme, "GET", f"/optimization/rules/{doc['id']}").doc == doc
    page = call(acme, "GET", "/optimization/rules").doc
    RulePage.model_validate(page)
    assert page["data"] == [doc]


def test_patch_merges_pause_resume_and_delete_leave_their_audit(acme, campaign):
    body = {**RULE, "campaign_id": camp_id(campaign)}
    path = f"/optimization/rules/{call(acme, 'POST', '/optimization/rules', body).doc['id']}"
    changed = call(acme, "PATCH", path, {"condition": {"value": 0.8}, "name": "Other"}).doc
    assert changed["condition"]["value"] == 0.8
    assert (changed["condition"]["timeframe_hours"], changed["name"]) == (48, "Other")
    other = call(acme, "PATCH", path, {"condition": {"metric": "cpa", "operator": "gt"}}).doc
    assert other["condition"]["minimum_clicks"] == 100
    raised = {"action": {"type": "increase_budget", "limit": 80}}
    assert call(acme, "PATCH", path, raised).doc["action"] == {
        "type": "increase_budget",
        "percent": 20,
        "limit": 80,
    }
    assert call(acme, "POST", f"{path}/pause").doc["active"] is False
    assert call(acme, "POST", f"{path}/resume").doc["active"] is True
    assert call(acme, "DELETE", path).status_code == 204
    assert call(acme, "GET", path).status_code == 404
    with tenant_tx(acme.tenant.id, readonly=True):
        kinds = list(AuditEvent.objects.values_list("event_type", flat=True).order_by("chain_seq"))
    assert [kind for kind in kinds if kind.startswith("rule.")] == [
        "rule.created",
        *["rule.updated"] * 3,
        "rule.paused",
        "rule.resumed",
        "rule.deleted",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"condition": {**RULE["condition"], "metric": "likes"}}, "condition.metric"),
        ({"condition": {**RULE["condition"], "operator": "eq"}}, "condition.operator"),
        ({"condition": {**RULE["condition"], "timeframe_hours": 36}}, "condition.timeframe_hours"),
        ({"condition": {**RULE["condition"], "timeframe_hours": 744}}, "condition.timeframe_hours"),
        ({"condition": {**RULE["condition"], "value": -1}}, "condition.value"),
        ({"condition": {**RULE["condition"], "value": "1"}}, "condition.value"),
        ({"condition": {**RULE["condition"], "certainty": 50}}, "condition.certainty"),
        ({"action": {"type": "delete_campaign"}}, "action.type"),
        ({"action": {"type": "increase_budget"}}, "action.limit"),
        ({"action": {"type": "increase_budget", "percent": 51, "limit": 9}}, "action.percent"),
        ({"action": {"type": "pause_ad", "percent": 5}}, "action.percent"),
        ({"cooldown_hours": 1}, "cooldown_hours"),
        ({"name": ""}, "name"),
    ],
)
def test_refusals_name_the_field(acme, campaign, change, field):
    refused = call(acme, "POST", "/optimization/rules", {**RULE, **change})
    assert refused.status_code == 422, refused.doc
    assert refused.doc["error"]["details"]["field"] == field
    assert count(acme, Rule) == 0


def test_without_a_campaign_the_business_is_asked_for_or_taken(acme, rival, campaign):
    made = call(acme, "POST", "/optimization/rules", RULE)
    assert made.doc["business_id"] == encode("biz", acme.test_business.id)
    assert made.doc["campaign_id"] is None
    foreign = running(rival, connect(rival))
    for body in (
        {**RULE, "campaign_id": camp_id(foreign)},
        {**RULE, "business_id": encode("biz", rival.test_business.id)},
    ):
        assert call(acme, "POST", "/optimization/rules", body).status_code == 404
    assert count(acme, Rule) == 1


def test_nobody_makes_a_rule_that_does_more_than_they_may(acme, campaign):
    with tenant_tx(acme.tenant.id):
        acme.key.scopes = ["ads:read", "ads:write:campaigns", "ads:write:lifecycle"]
        acme.key.save()
    wanted = {**RULE, "action": {"type": "decrease_budget"}}
    refused = call(acme, "POST", "/optimization/rules", wanted)
    assert refused.status_code == 403
    assert refused.doc["error"]["details"]["required_scope"] == "ads:write:budgets"
    assert count(acme, Rule) == 0


def test_dry_run_counts_what_would_have_matched(acme, campaign):
    bad, good = only_ad(acme, campaign), add_ad(acme, campaign, 2)
    deliver(acme, bad, every_day(10, impressions=9000, clicks=30, spend_micros=9_000_000))
    deliver(acme, good, every_day(10, impressions=9000, clicks=200, spend_micros=9_000_000))
    body = {**RULE, "campaign_id": camp_id(campaign)}
    tried = call(acme, "POST", "/optimization/rules/dry-run", body)
    assert tried.status_code == 200
    doc = tried.doc
    RuleDryRun.model_validate(doc)
    assert (doc["rule_id"], doc["matched"], doc["command"]) == (None, 1, "pause_ad")
    match = doc["matches"][0]
    assert match["target"] == {"type": "ad", "id": encode("ad", bad.pk), "name": "Ad"}
    assert match["day"] == (YESTERDAY - timedelta(days=9)).isoformat()
    evidence = match["evidence"]
    assert (evidence["n"], evidence["n_of"], evidence["clicks"]) == (9000, "impressions", 30)
    assert evidence["interval"]["high"] < 1
    assert doc["object_days"] == {"no_data": 40, "matched": 1, "not_matched": 10}
    assert count(acme, Rule) == 0
    stored = call(acme, "POST", "/optimization/rules", body).doc
    again = call(acme, "POST", f"/optimization/rules/{stored['id']}/dry-run").doc
    assert again == {**doc, "rule_id": stored["id"]}


def test_dry_run_of_a_budget_rule_waits_out_the_cooldown(acme, campaign):
    deliver(acme, only_ad(acme, campaign), every_day(12, impressions=9000, clicks=300))
    body = {
        **RULE,
        "condition": {**RULE["condition"], "operator": "gt"},
        "action": {"type": "increase_budget", "limit": 100},
        "cooldown_hours": 96,
    }
    doc = call(acme, "POST", "/optimization/rules/dry-run", body).doc
    assert doc["matched"] == 3
    assert doc["object_days"] == {"no_data": 18, "matched": 3, "cooling_down": 9}


def test_dry_run_says_what_it_leaves_out(acme, campaign):
    with tenant_tx(acme.tenant.id):
        type(campaign).objects.filter(pk=campaign.pk).update(budget_type="lifetime")
    body = {**RULE, "action": {"type": "decrease_budget"}}
    doc = call(acme, "POST", "/optimization/rules/dry-run", body).doc
    assert doc["campaigns_left_out"] == {"lifetime_budget": 1}
    assert doc["matches"] == []


def test_firings_start_empty(acme, campaign):
    made = call(acme, "POST", "/optimization/rules", RULE).doc
    page = call(acme, "GET", f"/optimization/rules/{made['id']}/firings").doc
    RuleFiringPage.model_validate(page)
    assert page["data"] == []
