"""Rules at work: through the gate, in their owner's name, once a day for each object."""

from datetime import timedelta

import pytest

from accounts.models import ApiKey, AuditEvent, Business, Membership, Tenant, Verdict
from analytics.optimizer.models import Rule, RuleFiring
from analytics.optimizer.presenters import firing_json
from analytics.optimizer.services.evaluation import due_rules, evaluate_rule
from campaigns import approvals
from campaigns.models import Ad, AdSet, Campaign, Dispatch, PendingAction
from core.actors import Role
from core.errors import ForbiddenError
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.stage import camp_id, connect, count, fresh, running, set_modes
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

BAD = {"impressions": 9000, "clicks": 30, "spend_micros": 9_000_000}
GOOD = {"impressions": 9000, "clicks": 300, "spend_micros": 9_000_000}


@pytest.fixture
def campaign(acme):
    account = connect(acme)
    read_today(acme, account)
    made = running(acme, account)
    deliver(acme, only_ad(acme, made), every_day(3, **BAD))
    deliver(acme, add_ad(acme, made, 2), every_day(3, **GOOD))
    set_modes(acme)
    return made


def rule_of(acme, campaign, **change):
    body = {**RULE, "campaign_id": camp_id(campaign), **change}
    made = call(acme, "POST", "/optimization/rules", body)
    assert made.status_code == 201, made.doc
    return fresh(acme, Rule, made.doc["id"])


def evaluate(acme, rule, at=NOW):
    return evaluate_rule(acme.tenant.id, rule.pk, now=at)


def firings(acme):
    with tenant_tx(acme.tenant.id, readonly=True):
        return list(RuleFiring.objects.order_by("created_at", "id"))


def untouched(acme):
    """That no rule left a verdict, an intent or a proposal."""
    return all(count(acme, model) == 0 for model in (Verdict, Dispatch, PendingAction, RuleFiring))


def test_a_match_goes_through_the_gate_and_changes_that_object_alone(acme, campaign):
    bad = only_bad(acme, campaign)
    rule = rule_of(acme, campaign)
    assert evaluate(acme, rule) == {"dispatching": 1, "not_matched": 1}
    [firing] = firings(acme)
    assert (firing.target_id, firing.day, firing.command_kind) == (bad.pk, YESTERDAY, "pause_ad")
    with tenant_tx(acme.tenant.id, readonly=True):
        [dispatch] = Dispatch.objects.all()
        [verdict] = Verdict.objects.all()
    assert (dispatch.target_id, dispatch.actor_kind) == (bad.pk, "optimizer")
    assert dispatch.actor_id == verdict.actor_id == encode("rule", rule.pk)
    shown = firing_json(firing)
    assert shown["job_id"] == encode("job", dispatch.pk)
    assert shown["evidence"]["interval"]["percent"] == 90
    assert fresh(acme, Rule, rule.pk).last_result == {"dispatching": 1, "not_matched": 1}


def only_bad(acme, campaign):
    with tenant_tx(acme.tenant.id, readonly=True):
        return Ad.objects.get(campaign=campaign, name="Ad")


def test_once_a_day_and_then_after_its_cooldown(acme, campaign):
    rule = rule_of(acme, campaign, action={"type": "decrease_budget"}, cooldown_hours=48)
    assert evaluate(acme, rule) == {"not_matched": 1}
    rule = rule_of(
        acme,
        campaign,
        action={"type": "decrease_budget"},
        condition={**RULE["condition"], "value": 3},
    )
    assert evaluate(acme, rule) == {"dispatching": 1}
    assert evaluate(acme, rule) == {"cooling_down_or_changed": 1}
    later = NOW + timedelta(days=1)
    read_today(acme, campaign.ad_account, later)
    assert evaluate(acme, rule, later) == {"cooling_down_or_changed": 1}
    assert len(firings(acme)) == 1
    assert count(acme, Dispatch) == 1


def test_in_draft_it_proposes_and_its_own_agent_cannot_approve(acme, campaign):
    set_modes(acme, structural="draft")
    rule = rule_of(acme, campaign)
    assert evaluate(acme, rule)["pending_approval"] == 1
    with tenant_tx(acme.tenant.id, readonly=True):
        [row] = PendingAction.objects.all()
    owner = encode("user", acme.people[Role.OWNER].id)
    assert row.proposer_kind == "optimizer"
    assert row.proposer_chain == [encode("rule", rule.pk), acme.agent.id, owner]
    assert row.rationale.startswith("Pause low CTR ads: ctr 0.33")
    with tenant_tx(acme.tenant.id):
        acme.key.scopes = [*acme.key.scopes, "ads:write:pending"]
        acme.key.save()
    with pytest.raises(ForbiddenError):
        approvals.approve(encode("pa", row.pk), actor=acme.agent, now=NOW)
    assert fresh(acme, PendingAction, row.pk).status == "pending"
    assert count(acme, Dispatch) == 0


def test_an_axis_that_is_off_denies_and_that_is_recorded(acme, campaign):
    set_modes(acme, structural="off")
    rule = rule_of(acme, campaign)
    assert evaluate(acme, rule)["denied"] == 1
    [firing] = firings(acme)
    assert (firing.outcome, firing.reason) == ("denied", "authority_axis_off")
    assert count(acme, Dispatch) == count(acme, PendingAction) == 0


def _revoke(acme):
    ApiKey.objects.filter(pk=acme.key.pk).update(revoked_at=NOW)


def _expire(acme):
    ApiKey.objects.filter(pk=acme.key.pk).update(expires_at=NOW)


def _leave(acme):
    Membership.objects.filter(user_id=acme.key.user_id).delete()


def _limit(acme):
    rows = Membership.objects.filter(user_id=acme.key.user_id)
    rows.update(business_ids=[str(acme.live_business.id)])


def _weaken(acme):
    ApiKey.objects.filter(pk=acme.key.pk).update(scopes=["ads:read", "ads:write:campaigns"])


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (_revoke, "key_ended"),
        (_expire, "key_ended"),
        (_leave, "membership_ended"),
        (_limit, "business_not_allowed"),
        (_weaken, "scope_missing"),
    ],
)
def test_a_rule_ends_with_its_owners_authority(acme, campaign, ends, reason):
    rule = rule_of(acme, campaign)
    with tenant_tx(acme.tenant.id):
        ends(acme)
    assert evaluate(acme, rule) == {}
    after = fresh(acme, Rule, rule.pk)
    assert (after.is_active, after.stopped_reason) == (False, reason)
    assert untouched(acme)
    assert count(acme, AuditEvent, event_type="rule.stopped") == 1
    assert (acme.tenant.id, rule.pk) not in due_rules(NOW + timedelta(days=1))


def test_a_persons_rule_ends_with_the_role(acme, campaign):
    rule = rule_of(acme, campaign)
    buyer = acme.people[Role.BUYER]
    with tenant_tx(acme.tenant.id):
        Rule.objects.filter(pk=rule.pk).update(
            owner_kind="user", owner_id=encode("user", buyer.id), owner_user_id=buyer.id
        )
        Membership.objects.filter(user=buyer).update(role="analyst")
    assert evaluate(acme, rule) == {}
    assert fresh(acme, Rule, rule.pk).stopped_reason == "scope_missing"
    assert untouched(acme)


def test_a_suspended_tenant_and_an_archived_business_act_no_more(acme, campaign):
    rule = rule_of(acme, campaign)
    Tenant.objects.filter(pk=acme.tenant.id).update(is_suspended=True)
    assert evaluate(acme, rule) == {}
    Tenant.objects.filter(pk=acme.tenant.id).update(is_suspended=False)
    with tenant_tx(acme.tenant.id):
        Business.objects.filter(pk=acme.test_business.pk).update(is_archived=True)
    assert evaluate(acme, rule) == {}
    assert fresh(acme, Rule, rule.pk).is_active
    assert untouched(acme)


def test_days_that_were_not_read_to_their_end_are_not_judged(acme, campaign):
    read_today(acme, campaign.ad_account, NOW - timedelta(days=1))
    assert evaluate(acme, rule_of(acme, campaign)) == {"facts_not_read": 1}
    assert untouched(acme)


def test_a_paused_rule_and_what_is_not_running_rest(acme, campaign):
    rule = rule_of(acme, campaign, active=False)
    assert evaluate(acme, rule) == {}
    assert due_rules(NOW + timedelta(days=9)) == []
    rule = rule_of(acme, campaign)
    with tenant_tx(acme.tenant.id):
        Ad.objects.filter(campaign=campaign).update(status="PAUSED")
    assert evaluate(acme, rule) == {}
    assert untouched(acme)


def test_what_the_gate_cannot_decide_is_recorded_as_refused(acme, campaign, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise ForbiddenError(code="nope")

    monkeypatch.setattr("analytics.optimizer.services.evaluation.submit", refuse)
    assert evaluate(acme, rule_of(acme, campaign))["refused"] == 1
    [firing] = firings(acme)
    assert (firing.outcome, firing.reason) == ("refused", "nope")


def test_a_business_rule_judges_every_campaign_but_no_other_business(acme, rival, campaign):
    second = running(acme, campaign.ad_account, name="Second", external_id="130001")
    deliver(acme, only_ad(acme, second), every_day(3, **BAD))
    foreign = running(rival, connect(rival))
    deliver(rival, only_ad(rival, foreign), every_day(3, **BAD))
    made = call(acme, "POST", "/optimization/rules", {**RULE, "action": {"type": "pause_campaign"}})
    rule = fresh(acme, Rule, made.doc["id"])
    assert evaluate(acme, rule) == {"dispatching": 1, "not_matched": 1}
    assert [row.campaign_id for row in firings(acme)] == [second.pk]
    assert count(rival, Dispatch) == 0


def test_an_ad_sets_rule_pauses_the_ad_set(acme, campaign):
    rule = rule_of(
        acme,
        campaign,
        action={"type": "pause_ad_set"},
        condition={**RULE["condition"], "value": 3},
    )
    assert evaluate(acme, rule) == {"dispatching": 1}
    with tenant_tx(acme.tenant.id, readonly=True):
        ad_set = AdSet.objects.get(campaign=campaign)
        assert Dispatch.objects.get().target_id == ad_set.pk
        assert Campaign.objects.get(pk=campaign.pk).status == "ACTIVE"
