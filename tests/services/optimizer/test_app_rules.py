"""Rules of an app: with what the app may do, never more, and no longer than its access."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import ApiKey, AuditEvent, Membership, OAuthApplication, Verdict
from accounts.services.apps import revoke_access
from analytics.optimizer.models import Rule, RuleFiring
from analytics.optimizer.services.evaluation import due_rules, evaluate_rule
from campaigns.models import Dispatch, PendingAction
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.accounts.oauth_client import connected
from tests.services.campaigns.stage import camp_id, connect, count, fresh, running, set_modes
from tests.services.optimizer.stage import RULE, deliver, every_day, only_ad, read_today

BAD = {"impressions": 9000, "clicks": 30, "spend_micros": 9_000_000}
WRITES = "ads:read ads:write:campaigns ads:write:lifecycle"


@pytest.fixture
def campaign(acme):
    account = connect(acme)
    read_today(acme, account)
    made = running(acme, account)
    deliver(acme, only_ad(acme, made), every_day(3, **BAD))
    set_modes(acme)
    return made


def post(app, path, body):
    return Client().post(
        f"/v1{path}",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {app.tokens['access_token']}"},
    )


def rule_of(acme, app, campaign, **change):
    body = {**RULE, "campaign_id": camp_id(campaign), **change}
    made = post(app, "/optimization/rules", body)
    assert made.status_code == 201, made.content
    return fresh(acme, Rule, made.json()["id"])


def access_of(acme):
    with tenant_tx(acme.tenant.id, readonly=True):
        return ApiKey.objects.exclude(application=None).get()


def evaluate(acme, rule):
    return evaluate_rule(acme.tenant.id, rule.pk, now=NOW)


def untouched(acme):
    return all(count(acme, model) == 0 for model in (Verdict, Dispatch, PendingAction, RuleFiring))


def test_an_apps_rule_acts_for_the_app_through_the_gate(acme, campaign):
    set_modes(acme, structural="draft")
    rule = rule_of(acme, connected(acme, scope=WRITES), campaign)
    access = encode("key", access_of(acme).pk)
    assert (rule.owner_kind, rule.owner_id) == ("oauth_app", access)
    assert evaluate(acme, rule) == {"pending_approval": 1}
    with tenant_tx(acme.tenant.id, readonly=True):
        [row] = PendingAction.objects.all()
    owner = encode("user", acme.people[Role.OWNER].id)
    assert row.proposer_kind == "optimizer"
    assert row.proposer_chain == [encode("rule", rule.pk), access, owner]
    assert count(acme, Dispatch) == 0


def test_an_app_makes_no_rule_beyond_its_scopes(acme, campaign):
    app = connected(acme, scope="ads:read ads:write:campaigns")
    refused = post(app, "/optimization/rules", {**RULE, "campaign_id": camp_id(campaign)})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (403, "insufficient_scope")
    assert error["details"]["required_scope"] == "ads:write:lifecycle"
    assert count(acme, Rule) == 0


def test_a_rule_needs_the_token_that_makes_it_not_what_was_allowed_once(acme, campaign):
    app = connected(acme, scope=WRITES)
    assert app.refresh(scope="ads:read ads:write:campaigns").status_code == 200
    refused = post(app, "/optimization/rules", {**RULE, "campaign_id": camp_id(campaign)})
    assert refused.status_code == 403
    assert count(acme, Rule) == 0


def _revoke(acme):
    revoke_access(acme.person(), encode("key", access_of(acme).pk), now=NOW)


def _expire(acme):
    ApiKey.objects.exclude(application=None).update(expires_at=NOW)


def _remove_app(acme):
    OAuthApplication.objects.update(removed_at=NOW)


def _demote(acme):
    Membership.objects.filter(user=acme.people[Role.OWNER]).update(role="analyst")


def _narrow(acme):
    ApiKey.objects.exclude(application=None).update(scopes=["ads:read", "ads:write:campaigns"])


def _leave(acme):
    Membership.objects.filter(user=acme.people[Role.OWNER]).delete()


def _limit(acme):
    rows = Membership.objects.filter(user=acme.people[Role.OWNER])
    rows.update(business_ids=[str(acme.live_business.id)])


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (_revoke, "access_ended"),
        (_expire, "access_ended"),
        (_remove_app, "access_ended"),
        (_demote, "scope_missing"),
        (_narrow, "scope_missing"),
        (_leave, "membership_ended"),
        (_limit, "business_not_allowed"),
    ],
)
def test_it_stops_when_the_access_ends_and_nothing_is_submitted(acme, campaign, ends, reason):
    rule = rule_of(acme, connected(acme, scope=WRITES), campaign)
    with tenant_tx(acme.tenant.id):
        ends(acme)
    assert evaluate(acme, rule) == {}
    after = fresh(acme, Rule, rule.pk)
    assert (after.is_active, after.stopped_reason) == (False, reason)
    assert untouched(acme)
    assert count(acme, AuditEvent, event_type="rule.stopped") == 1
    assert (acme.tenant.id, rule.pk) not in due_rules(now() + timedelta(days=1))


def test_an_access_is_no_key_and_a_key_is_no_access(acme, campaign):
    """A row that calls one the other acts for nobody."""
    rule = rule_of(acme, connected(acme, scope=WRITES), campaign)
    with tenant_tx(acme.tenant.id):
        Rule.objects.filter(pk=rule.pk).update(owner_kind="api_key")
    assert evaluate(acme, rule) == {}
    assert fresh(acme, Rule, rule.pk).stopped_reason == "key_ended"
    with tenant_tx(acme.tenant.id):
        Rule.objects.filter(pk=rule.pk).update(
            owner_kind="oauth_app", owner_id=acme.agent.id, is_active=True
        )
    assert evaluate(acme, rule) == {}
    assert fresh(acme, Rule, rule.pk).stopped_reason == "access_ended"
    assert untouched(acme)
