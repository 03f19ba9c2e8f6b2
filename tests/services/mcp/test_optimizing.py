"""The tool that suggests and applies: what it answers, and that it goes through the gate."""

from typing import get_args

import pytest

from accounts.models import Verdict
from analytics.optimizer.models import StoredSuggestion
from analytics.optimizer.services.suggest import STRATEGIES
from analytics.optimizer.tools import Strategy
from campaigns.models import Ad, Dispatch, PendingAction
from core.operations import OPERATIONS
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.stage import camp_id, connect, count, running, set_modes
from tests.services.mcp.talk import data, refused, result
from tests.services.optimizer.stage import add_ad, deliver, every_day, only_ad, read_today

BAD = {"impressions": 9000, "clicks": 30, "spend_micros": 9_000_000}
GOOD = {"impressions": 9000, "clicks": 300, "spend_micros": 9_000_000}


@pytest.fixture
def campaign(acme, monkeypatch):
    monkeypatch.setattr("analytics.optimizer.tools.now", lambda: NOW)
    account = connect(acme)
    read_today(acme, account)
    made = running(acme, account)
    deliver(acme, only_ad(acme, made), every_day(14, **BAD))
    deliver(acme, add_ad(acme, made, 2), every_day(14, **GOOD))
    set_modes(acme)
    return made


def suggest(acme, campaign, **more):
    return data(acme.token, "optimize_campaign", {"campaign_id": camp_id(campaign), **more})


def untouched(acme):
    return all(count(acme, model) == 0 for model in (Verdict, Dispatch, PendingAction))


def test_it_suggests_with_evidence_and_applies_through_the_gate_once(acme, campaign):
    found = suggest(acme, campaign, strategies=["pause_ad", "raise_budget"])
    [one] = found["suggestions"]
    assert (one["type"], one["evidence"]["n"]) == ("pause_ad", 126_000)
    assert set(found["nothing_from"]) == {"raise_budget"}
    assert "suggestion_id" in found["next_step"]
    assert untouched(acme)
    applied = data(acme.token, "optimize_campaign", {"suggestion_id": one["id"]})
    assert applied["status"] == "dispatching"
    again = data(
        acme.token,
        "optimize_campaign",
        {"campaign_id": camp_id(campaign), "suggestion_id": one["id"]},
    )
    assert again["job_id"] == applied["job_id"]
    with tenant_tx(acme.tenant.id, readonly=True):
        [dispatch] = Dispatch.objects.all()
        assert dispatch.target_id == Ad.objects.get(name="Ad").pk
        assert dispatch.actor_id == acme.agent.id


def test_in_draft_it_waits_for_a_person_with_the_models_reason(acme, campaign):
    set_modes(acme, structural="draft")
    [one] = suggest(acme, campaign, strategies=["pause_ad"])["suggestions"]
    given = {"suggestion_id": one["id"], "rationale": "The user chose it"}
    waiting = data(acme.token, "optimize_campaign", given)
    assert waiting["status"] == "pending_approval"
    with tenant_tx(acme.tenant.id, readonly=True):
        [row] = PendingAction.objects.all()
    assert waiting["dashboard_url"].endswith(f"/inbox/{waiting['pending_action_id']}/")
    assert (row.channel, row.rationale) == ("mcp", "The user chose it")
    assert count(acme, Dispatch) == 0


def test_a_denial_is_an_error_and_leaves_the_suggestion_open(acme, campaign):
    set_modes(acme, structural="off")
    [one] = suggest(acme, campaign, strategies=["pause_ad"])["suggestions"]
    answer = result(
        acme.token,
        "tools/call",
        {"name": "optimize_campaign", "arguments": {"suggestion_id": one["id"]}},
    )
    shown = answer["structuredContent"]
    assert answer["isError"] is True
    assert (shown["status"], shown["reason"]) == ("denied", "authority_axis_off")
    with tenant_tx(acme.tenant.id, readonly=True):
        assert StoredSuggestion.objects.get(type="pause_ad").applied_at is None
    assert count(acme, Dispatch) == count(acme, PendingAction) == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "validation_error"),
        ({"campaign_id": "camp_x"}, "not_found"),
        ({"suggestion_id": "sug_x"}, "not_found"),
        ({"strategies": ["luck"]}, "validation_error"),
        ({"campaign_id": "camp_x", "limit": 3}, "validation_error"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_happens(acme, campaign, given, code):
    assert refused(acme.token, "optimize_campaign", given).startswith(f"{code}:")
    assert count(acme, StoredSuggestion) == 0
    assert untouched(acme)


def test_a_suggestion_of_another_campaign_is_not_applied(acme, campaign):
    other = running(acme, campaign.ad_account, name="Second", external_id="130001")
    [one] = suggest(acme, campaign, strategies=["pause_ad"])["suggestions"]
    given = {"campaign_id": camp_id(other), "suggestion_id": one["id"]}
    assert refused(acme.token, "optimize_campaign", given).startswith("not_found:")
    assert untouched(acme)


def test_rest_calls_the_same_by_the_same_name_with_the_same_words():
    assert get_args(Strategy) == STRATEGIES
    assert OPERATIONS["POST", "/ai/optimize/suggest"].id == "optimize_campaign"
