"""The pages of rules and suggestions, used as a person without scripts does."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent, Verdict
from analytics.optimizer.models import Rule, RuleFiring, StoredSuggestion
from analytics.optimizer.services import evaluation
from analytics.optimizer.services.evaluation import evaluate_rule
from campaigns.models import Ad, Dispatch, KillSwitch, PendingAction
from campaigns.services import set_policy
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.routes import RULE_FORM
from tests.services.campaigns.stage import (
    camp_id,
    connect,
    count,
    fresh,
    running,
    set_modes,
)
from tests.services.optimizer.stage import (
    YESTERDAY,
    add_ad,
    deliver,
    every_day,
    only_ad,
    read_today,
)

BAD = {"impressions": 9000, "clicks": 30, "spend_micros": 9_000_000}
GOOD = {"impressions": 9000, "clicks": 300, "spend_micros": 9_000_000}


def client_of(cast, role=Role.OWNER):
    client = Client()
    client.force_login(cast.people[role])
    return client


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    for module in ("rules", "suggestions"):
        monkeypatch.setattr(f"analytics.optimizer.views.{module}.now", lambda: NOW)


@pytest.fixture
def campaign(acme):
    account = connect(acme)
    read_today(acme, account)
    made = running(acme, account)
    deliver(acme, only_ad(acme, made), every_day(14, **BAD))
    deliver(acme, add_ad(acme, made, 2), every_day(14, **GOOD))
    set_modes(acme)
    return made


@pytest.fixture
def buyer(acme):
    return client_of(acme, Role.BUYER)


def form(cast, campaign=None, **changes):
    return {
        **RULE_FORM,
        "business": encode("biz", cast.test_business.pk),
        "campaign": camp_id(campaign) if campaign else "",
        **changes,
    }


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def audits(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = AuditEvent.objects.filter(event_type__startswith="rule.").order_by("chain_seq")
        return list(rows.values_list("event_type", flat=True))


def rules(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return list(Rule.objects.order_by("created_at", "id"))


def made(cast, client, campaign, **changes):
    answer = client.post("/rules/new/", form(cast, campaign, **changes))
    assert answer.status_code == 302, text_of(answer)
    return answer["Location"]


def test_a_rule_is_written_shown_and_acts_in_the_persons_name(acme, campaign, buyer):
    page = made(acme, buyer, campaign)
    [rule] = rules(acme)
    assert page == f"/rules/{encode('rule', rule.pk)}/"
    assert (rule.metric, rule.operator, rule.value_micros) == ("ctr", "lt", 1_000_000)
    assert (rule.timeframe_hours, rule.cooldown_hours, rule.certainty) == (48, 48, 90)
    assert (rule.minimum_impressions, rule.minimum_clicks) == (1000, 0)
    assert rule.owner_id == encode("user", acme.people[Role.BUYER].pk)
    listed = text_of(buyer.get("/rules/"))
    assert "Click rate, percent of impressions is below 1 % over 2 days" in listed
    assert "pause the ad" in listed
    shown = text_of(buyer.get(page))
    assert "Buyer Acme" in shown
    assert "It has not acted yet" in shown
    assert audits(acme) == ["rule.created"]
    assert evaluate_rule(acme.tenant.id, rule.pk, now=NOW) == {"dispatching": 1, "not_matched": 1}
    done = text_of(buyer.get(page))
    assert "on its way" in done
    assert "0.333333 %" in done
    assert "n = 18000 impressions" in done


def test_trying_changes_nothing(acme, campaign, buyer):
    answer = buyer.post("/rules/new/", form(acme, campaign, **{"try": "1"}))
    shown = text_of(answer)
    assert answer.status_code == 200
    assert "1 match" in shown
    assert "nothing was changed" in shown
    assert rules(acme) == []
    assert audits(acme) == []
    page = made(acme, buyer, campaign)
    tried = text_of(buyer.get(f"{page}?try=1"))
    assert "1 match" in tried
    assert "did not meet it" in tried
    reader = client_of(acme, Role.ANALYST)
    assert "1 match" in text_of(reader.get(f"{page}?try=1"))
    assert all(count(acme, kind) == 0 for kind in (RuleFiring, Verdict, Dispatch, PendingAction))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"value": "-1"}, "greater than or equal to 0"),
        ({"value": "0.0000001"}, "no more than 6 decimal places"),
        ({"days": "31"}, "less than or equal to 30"),
        ({"metric": "luck"}, "Select a valid choice"),
        ({"percent": "20"}, "Leave this empty, or choose an action on the budget."),
        ({"action": "increase_budget"}, "needs the highest daily budget"),
        ({"action": "increase_budget", "limit": "10.001"}, "decimal"),
        ({"campaign": "camp_none"}, "Select a valid choice"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_stands_in_the_form(acme, campaign, buyer, wrong, words):
    answer = buyer.post("/rules/new/", form(acme, campaign) | wrong)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert rules(acme) == []
    assert audits(acme) == []


def test_a_budget_rule_is_edited_paused_resumed_and_deleted(acme, campaign, buyer):
    page = made(acme, buyer, campaign, action="increase_budget", percent="10", limit="80.50")
    assert "up to $80.50" in text_of(buyer.get(page))
    shown = buyer.get(f"{page}edit/")
    initial = shown.context["form"].initial
    assert (initial["percent"], str(initial["limit"]), initial["value"]) == (10, "80.50", "1")
    sent = {name: value for name, value in initial.items() if value is not None}
    answer = buyer.post(f"{page}edit/", {**sent, "active": "on", "name": "Raise", "value": "2.5"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    [rule] = rules(acme)
    assert (rule.name, rule.value_micros, rule.limit_micros) == ("Raise", 2_500_000, 80_500_000)
    buyer.post(f"{page}pause/")
    assert not rules(acme)[0].is_active
    assert "No rule matches" in text_of(buyer.get("/rules/?state=on"))
    client_of(acme, Role.ADMIN).post(f"{page}resume/")
    [rule] = rules(acme)
    assert rule.is_active
    assert rule.owner_id == encode("user", acme.people[Role.ADMIN].pk)
    assert buyer.post(f"{page}delete/")["Location"] == "/rules/"
    assert rules(acme) == []
    assert audits(acme) == [
        "rule.created", "rule.updated", "rule.paused", "rule.resumed", "rule.deleted",
    ]  # fmt: skip


def test_a_change_on_what_was_changed_meanwhile_is_a_conflict(acme, campaign, buyer, monkeypatch):
    page = made(acme, buyer, campaign)
    initial = buyer.get(f"{page}edit/").context["form"].initial
    sent = {name: value for name, value in initial.items() if value is not None} | {"active": "on"}
    later = NOW + timedelta(seconds=1)
    monkeypatch.setattr("analytics.optimizer.views.rules.now", lambda: later)
    other = client_of(acme).post(f"{page}edit/", {**sent, "name": "Theirs"})
    assert other.status_code == 302
    for seen in (sent["seen"], "", "yesterday"):
        answer = buyer.post(f"{page}edit/", {**sent, "name": "Mine", "seen": seen})
        assert answer.status_code == 409
        assert "The rule was changed in the meantime." in text_of(answer)
    [rule] = rules(acme)
    assert rule.name == "Theirs"
    assert rule.owner_id == encode("user", acme.people[Role.OWNER].pk)
    assert audits(acme) == ["rule.created", "rule.updated"]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.APPROVER])
def test_who_only_reads_changes_nothing(acme, campaign, buyer, role):
    page = made(acme, buyer, campaign)
    reader = client_of(acme, role)
    shown = text_of(reader.get(page))
    assert "Pause</button>" not in shown
    assert "/rules/new/" not in text_of(reader.get("/rules/"))
    for path in ("pause", "resume", "delete", "edit"):
        assert reader.post(f"{page}{path}/", form(acme)).status_code == 403
    assert reader.post("/rules/new/", form(acme, campaign)).status_code == 403
    asked = reader.post("/rules/suggestions/", {"campaign": camp_id(campaign)})
    assert asked.status_code == 403
    assert [rule.is_active for rule in rules(acme)] == [True]
    assert audits(acme) == ["rule.created"]
    assert count(acme, StoredSuggestion) == 0


def test_a_stopped_rule_says_why_and_a_firing_why_not(acme, campaign, buyer):
    set_modes(acme, structural="off")
    page = made(acme, buyer, campaign)
    [rule] = rules(acme)
    assert evaluate_rule(acme.tenant.id, rule.pk, now=NOW)["denied"] == 1
    with tenant_tx(acme.tenant.id):
        evaluation.stop_rule(Rule.objects.get(), "access_ended", actor=acme.person(), now=NOW)
    shown = text_of(buyer.get(page))
    assert "This kind of change is switched off in the policy." in shown
    assert "access was taken back or has expired." in shown
    assert "switched off" in text_of(buyer.get("/rules/"))


def test_suggestions_carry_evidence_and_are_applied_through_the_gate(acme, campaign, buyer):
    assert "No suggestions" in text_of(buyer.get("/rules/suggestions/"))
    asked = buyer.post("/rules/suggestions/", {"campaign": camp_id(campaign)})
    shown = text_of(asked)
    assert asked.status_code == 200
    assert "Why the others say nothing" in shown
    with tenant_tx(acme.tenant.id, readonly=True):
        row = StoredSuggestion.objects.get(type="pause_ad")
    assert row.description in shown
    assert "The others together" in shown
    assert "n = 126000 impressions" in shown
    apply = f"/rules/suggestions/{encode('sug', row.pk)}/apply/"
    for _ in range(2):
        assert buyer.post(apply)["Location"] == "/rules/suggestions/"
    with tenant_tx(acme.tenant.id, readonly=True):
        [dispatch] = Dispatch.objects.all()
    assert dispatch.actor_id == encode("user", acme.people[Role.BUYER].pk)
    assert dispatch.target_id == row.target_id
    assert "applied" in text_of(buyer.get("/rules/suggestions/"))


def test_a_suggestion_that_needs_a_second_person_waits_in_the_inbox(acme, campaign, buyer):
    strong = {"conversions": 60, "conversion_value_micros": 600_000_000}
    with tenant_tx(acme.tenant.id, readonly=True):
        ads = list(Ad.objects.select_related("campaign").filter(campaign=campaign))
    for ad in ads:
        spent = {**GOOD, **strong, "spend_micros": 25_000_000}
        deliver(acme, ad, every_day(14, **spent))
    set_policy(acme.test_business.id, actor=acme.person(), now=NOW, four_eyes_micros=1_000_000)
    buyer.post("/rules/suggestions/", {"campaign": camp_id(campaign)})
    with tenant_tx(acme.tenant.id, readonly=True):
        row = StoredSuggestion.objects.get(type="raise_budget")
    answer = buyer.post(f"/rules/suggestions/{encode('sug', row.pk)}/apply/")
    with tenant_tx(acme.tenant.id, readonly=True):
        [pending] = PendingAction.objects.all()
    assert answer["Location"] == f"/inbox/{encode('pa', pending.pk)}/"
    told = text_of(buyer.get("/rules/suggestions/"))
    assert "A second person has to approve this; it waits in the inbox." in told
    assert "waits for a person" in told
    assert count(acme, Dispatch) == 0


def test_a_stale_and_an_expired_suggestion_change_nothing(acme, campaign, buyer, monkeypatch):
    buyer.post("/rules/suggestions/", {"campaign": camp_id(campaign)})
    with tenant_tx(acme.tenant.id):
        row = StoredSuggestion.objects.get(type="pause_ad")
        Ad.objects.filter(pk=row.target_id).update(version=99)
    apply = f"/rules/suggestions/{encode('sug', row.pk)}/apply/"
    told = text_of(buyer.post(apply, follow=True))
    assert "The object has changed since the suggestion was made." in told
    later = NOW + timedelta(days=2)
    monkeypatch.setattr("analytics.optimizer.views.suggestions.now", lambda: later)
    told = text_of(buyer.post(apply, follow=True))
    assert "The suggestion has expired." in told
    assert "expired</span>" in told
    assert "Apply<" not in told
    assert count(acme, Dispatch) == count(acme, PendingAction) == 0
    assert fresh(acme, StoredSuggestion, encode("sug", row.pk)).applied_at is None


def test_a_denial_is_told_and_leaves_the_suggestion_open(acme, campaign, buyer):
    buyer.post("/rules/suggestions/", {"campaign": camp_id(campaign)})
    with tenant_tx(acme.tenant.id):
        row = StoredSuggestion.objects.exclude(type="pause_ad").first()
        KillSwitch.objects.create(
            tenant_id=acme.tenant.id,
            business=acme.test_business,
            is_engaged=True,
            engaged_at=NOW,
        )
    assert row is not None
    told = text_of(buyer.post(f"/rules/suggestions/{encode('sug', row.pk)}/apply/", follow=True))
    assert "The kill switch is on" in told
    assert count(acme, Dispatch) == 0
    assert fresh(acme, StoredSuggestion, encode("sug", row.pk)).applied_at is None


def test_evidence_stands_beside_its_window(acme, campaign, buyer):
    page = made(acme, buyer, campaign)
    [rule] = rules(acme)
    evaluate_rule(acme.tenant.id, rule.pk, now=NOW)
    since = YESTERDAY - timedelta(days=1)
    assert f"{since.isoformat()} – {YESTERDAY.isoformat()}" in text_of(buyer.get(page))
