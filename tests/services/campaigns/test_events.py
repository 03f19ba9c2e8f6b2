"""Events of campaigns and proposals are emitted with the payload subscribers rely on."""

from dataclasses import replace

import pytest

from accounts.models import OutboxEvent
from campaigns import approvals
from campaigns.commands import SetDailyBudget
from campaigns.dispatch import writers
from campaigns.dispatch.loop import run_once
from campaigns.gateway import submit
from campaigns.models import Dispatch, PendingAction
from core.actors import Role
from core.ids import encode
from core.money import Money
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.readers import FakeReader
from tests.services.campaigns.stage import (
    MICROS,
    act,
    camp_id,
    connect,
    fresh,
    running,
    set_modes,
)
from tests.services.dispatch.fake import FakePlatform


@pytest.fixture
def stage(acme_committed, monkeypatch):
    cast = acme_committed
    platform = FakePlatform()
    monkeypatch.setattr(writers, "connect", lambda account: (platform, platform))
    budget = Money(50 * MICROS, "USD")
    key = platform.add("campaign", "Running", status="ACTIVE", budget=budget, budget_type="daily")
    campaign = running(cast, connect(cast), external_id=key)
    reader = FakeReader().install(monkeypatch)
    reader.show(key, budget_micros=50 * MICROS, budget_type="daily", status="ACTIVE")
    return cast, campaign, reader


def payload(cast, event_type):
    with tenant_tx(cast.tenant.id, readonly=True):
        (event,) = OutboxEvent.objects.filter(event_type=event_type)
    assert (event.environment, event.business_id) == ("test", cast.test_business.id)
    return event.payload


def test_paused_resumed_and_archived(stage):
    cast, campaign, _reader = stage
    steps = [("pause_campaign", "paused", "PAUSED"), ("resume_campaign", "resumed", "ACTIVE")]
    for kind, word, status in [*steps, ("archive_campaign", "archived", "ARCHIVED")]:
        outcome = act(cast, kind, actor=cast.person(), campaign_id=camp_id(campaign))
        run_once(NOW)
        assert payload(cast, f"campaign.{word}") == {
            "campaign_id": camp_id(campaign),
            "job_id": outcome.job_id,
            "command": kind,
            "status": status,
            "name": "Running",
        }


def propose(cast, campaign, dollars=60, supersedes=""):
    set_modes(cast, tactical="draft")
    command = SetDailyBudget(
        campaign_id=camp_id(campaign),
        budget_micros=dollars * MICROS,
        currency="USD",
        supersedes=supersedes,
    )
    return submit(command, actor=cast.agent, now=NOW).pending_action_id


def about(campaign, pending, **more):
    return {
        "campaign_id": camp_id(campaign),
        "pending_action_id": pending,
        "command": "set_daily_budget",
        **more,
    }


def test_undone(stage):
    cast, campaign, _reader = stage
    pending = propose(cast, campaign)
    approvals.approve(pending, actor=cast.person(Role.ADMIN), now=NOW)
    approvals.undo(pending, actor=cast.person(Role.ADMIN), now=NOW)
    assert payload(cast, "approval.undone") == about(campaign, pending, status="pending")


def test_superseded(stage):
    cast, campaign, _reader = stage
    old = propose(cast, campaign)
    propose(cast, campaign, 70, supersedes=old)
    assert payload(cast, "approval.superseded") == about(
        campaign, old, business_id=encode("biz", cast.test_business.id)
    )


def test_conflict_at_the_decision(stage):
    cast, campaign, reader = stage
    pending = propose(cast, campaign)
    reader.show(campaign.external_id, budget_micros=55 * MICROS)
    approvals.approve(pending, actor=cast.person(Role.ADMIN), now=NOW)
    assert payload(cast, "approval.conflict") == about(campaign, pending, status="conflict")


def test_conflict_before_the_call(stage, settings):
    cast, campaign, _reader = stage
    settings.UNDO_WINDOW_S = 0
    pending = propose(cast, campaign)
    approvals.approve(pending, actor=cast.person(Role.ADMIN), now=NOW)
    with tenant_tx(cast.tenant.id):
        job = Dispatch.objects.get()
    platform, _ = writers.connect(campaign.ad_account)
    shown = platform.objects[campaign.external_id]
    platform.objects[shown.external_id] = replace(shown, budget=Money(51 * MICROS, "USD"))
    run_once(NOW)
    assert fresh(cast, PendingAction, pending).status == "conflict"
    told = payload(cast, "approval.conflict")
    assert told.pop("current")["budget_micros"] == 51 * MICROS
    assert told == {
        "campaign_id": camp_id(campaign),
        "job_id": encode("job", job.pk),
        "command": "set_daily_budget",
    }
