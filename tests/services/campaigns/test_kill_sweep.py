"""The sweep finishes what an interrupted kill or release left undone, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import AuditEvent, Verdict
from campaigns import approvals, services
from campaigns.models import Campaign, Dispatch, KillSwitch, PendingAction
from campaigns.services import kill, stopping
from campaigns.services.sweep import MOST_CAMPAIGNS, sweep_once
from core.actors import Role
from core.failpoints import FailpointError
from core.tenancy import tenant_tx
from tests.bars.threads import race
from tests.cast import NOW
from tests.services.campaigns.readers import FakeReader
from tests.services.campaigns.stage import (
    MICROS,
    act,
    camp_id,
    connect,
    count,
    fresh,
    running,
    set_modes,
)


def later(**kwargs):
    return NOW + timedelta(**kwargs)


@pytest.fixture
def campaign(acme, monkeypatch):
    fake = FakeReader().install(monkeypatch)
    fake.show("120001", budget_micros=50 * MICROS, budget_type="daily", status="ACTIVE")
    return running(acme, connect(acme))


@pytest.fixture
def dies_after_commit(monkeypatch):
    """Whoever throws the switch dies between its commit and the stops."""

    def reach(name):
        raise FailpointError(name)

    monkeypatch.setattr(kill, "reach", reach)


def engage(cast, role=Role.APPROVER, *, stop_delivery=True, now=NOW):
    return services.engage_kill_switch(
        cast.test_business.id, actor=cast.person(role), now=now, stop_delivery=stop_delivery
    )


def release(cast, *, now=NOW, restore_delivery=False):
    services.release_kill_switch(
        cast.test_business.id,
        actor=cast.person(),
        now=now,
        restore_delivery=restore_delivery,
    )


def stops(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = Dispatch.objects.filter(command_kind="stop_delivery").order_by("created_at")
        return list(rows)


def end(cast, dispatch, state="failed"):
    with tenant_tx(cast.tenant.id):
        Dispatch.objects.filter(pk=dispatch.pk).update(state=state)


def test_the_stop_is_submitted_once_in_the_engagers_name(acme, campaign, dies_after_commit):
    with pytest.raises(FailpointError):
        engage(acme)
    assert stops(acme) == []
    assert [sweep_once(NOW) for _ in range(3)] == [1, 0, 0]
    (stop,) = stops(acme)
    engager = acme.person(Role.APPROVER).id
    assert (stop.campaign_id, stop.survives_kill, stop.state) == (campaign.id, True, "ready")
    assert (stop.actor_kind, stop.actor_id) == ("user", engager)
    with tenant_tx(acme.tenant.id, readonly=True):
        verdict = Verdict.objects.get(pk=stop.id)
        assert (verdict.decision, verdict.actor_id) == ("allow", engager)
        assert verdict.input["is_person"] is True
        switch = KillSwitch.objects.get()
    assert switch.stopped_campaigns == [str(campaign.id)]
    assert set(switch.engager) == {"id", "user_id", "role", "business_ids", "request_id"}


def test_the_engager_keeps_the_limits_of_that_day(acme):
    limited = replace(
        acme.person(Role.BUYER), business_ids=frozenset({acme.test_business.id}), label=""
    )
    services.engage_kill_switch(acme.test_business.id, actor=limited, now=NOW, stop_delivery=False)
    with tenant_tx(acme.tenant.id, readonly=True):
        again = stopping.engager_of(KillSwitch.objects.get())
    assert again == limited


def test_who_adds_the_stop_is_the_one_it_is_finished_for(acme, campaign):
    engage(acme, Role.BUYER, stop_delivery=False)
    assert sweep_once(NOW) == 0
    engage(acme, Role.ADMIN, stop_delivery=True)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert KillSwitch.objects.get().engager["id"] == acme.person(Role.ADMIN).id
    assert [stop.actor_id for stop in stops(acme)] == [acme.person(Role.ADMIN).id]


def test_without_a_stop_of_delivery_nothing_is_stopped(acme, campaign):
    engage(acme, stop_delivery=False)
    assert sweep_once(NOW) == 0
    assert stops(acme) == []


def test_nothing_is_stopped_after_the_release(acme, campaign, dies_after_commit):
    with pytest.raises(FailpointError):
        engage(acme)
    release(acme)
    assert (sweep_once(NOW), sweep_once(later(hours=2))) == (0, 0)
    late = stopping.stop(acme.person(), acme.test_business.id, campaign.id, epoch=1, now=NOW)
    assert (late, stops(acme)) == (False, [])


def test_the_stop_of_an_older_engagement_is_not_carried_over(acme, campaign):
    engage(acme, stop_delivery=False)
    release(acme)
    engage(acme, stop_delivery=True)
    (first,) = stops(acme)
    end(acme, first)
    late = stopping.stop(acme.person(), acme.test_business.id, campaign.id, epoch=1, now=NOW)
    assert (late, len(stops(acme))) == (False, 1)


def test_a_stop_that_failed_is_repeated_ever_more_slowly(acme, campaign):
    engage(acme)
    made = []
    for minute in range(361):
        if sweep_once(later(minutes=minute)):
            made.append(minute)
        end(acme, stops(acme)[-1])
    assert made == [1, 3, 7, 15, 31, 63, 123, 183, 243, 303]


def test_what_is_paused_or_on_its_way_is_left_alone(acme, campaign):
    act(acme, "pause_campaign", actor=acme.person(), campaign_id=camp_id(campaign))
    engage(acme)
    assert (sweep_once(NOW), stops(acme)) == (0, [])
    with tenant_tx(acme.tenant.id):
        Dispatch.objects.update(state="done")
        Campaign.objects.update(status="PAUSED")
    assert (sweep_once(later(hours=2)), stops(acme)) == (0, [])


def test_resumed_at_the_platform_it_is_stopped_again_and_restored_at_the_release(acme, campaign):
    with tenant_tx(acme.tenant.id):
        Campaign.objects.update(status="PAUSED")
    engage(acme)
    assert stops(acme) == []
    with tenant_tx(acme.tenant.id):
        Campaign.objects.update(status="ACTIVE")  # as a read-back would say
    assert sweep_once(later(minutes=5)) == 1
    (stop,) = stops(acme)
    end(acme, stop, "done")
    with tenant_tx(acme.tenant.id):
        Campaign.objects.update(status="PAUSED")
    release(acme, now=later(minutes=6), restore_delivery=True)
    assert count(acme, Dispatch, command_kind="restore_delivery") == 1


def test_approved_but_unsent_goes_back_to_pending(acme, campaign, dies_after_commit):
    set_modes(acme, tactical="draft")
    asked = act(
        acme,
        "set_daily_budget",
        campaign_id=camp_id(campaign),
        budget_micros=60 * MICROS,
        currency="USD",
    )
    approvals.approve(asked.pending_action_id, actor=acme.person(), now=NOW)
    with pytest.raises(FailpointError):
        engage(acme, stop_delivery=False)
    assert fresh(acme, PendingAction, asked.pending_action_id).status == "approved"
    for _ in range(2):
        sweep_once(NOW)
        assert fresh(acme, PendingAction, asked.pending_action_id).status == "pending"
        assert count(acme, AuditEvent, event_type="approval.undone") == 1


def test_what_an_interrupted_release_left_held_is_proposed_after_a_minute(
    acme, campaign, monkeypatch
):
    act(
        acme,
        "set_daily_budget",
        campaign_id=camp_id(campaign),
        budget_micros=60 * MICROS,
        currency="USD",
    )
    engage(acme, stop_delivery=False)
    with monkeypatch.context() as patched:
        patched.setattr(kill, "decide_held", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            release(acme)
    sweep_once(later(seconds=59))
    assert count(acme, PendingAction) == 0
    for _ in range(2):
        sweep_once(later(seconds=60))
        with tenant_tx(acme.tenant.id, readonly=True):
            row = PendingAction.objects.get()
            assert Dispatch.objects.get().state == "failed"
    assert (row.status, row.proposer_id) == ("pending", acme.agent.id)


def test_one_campaign_that_cannot_be_stopped_does_not_save_the_others(acme, campaign):
    with tenant_tx(acme.tenant.id):
        account = campaign.ad_account
    running(acme, account, name="No account", external_id="7", ad_account=None)
    engage(acme)
    assert [stop.campaign_id for stop in stops(acme)] == [campaign.id]
    assert sweep_once(NOW) == 0


def test_one_pass_is_bounded_and_the_next_goes_on(acme, campaign, dies_after_commit, monkeypatch):
    from campaigns.services import sweep

    assert MOST_CAMPAIGNS == 200
    with tenant_tx(acme.tenant.id):
        account = campaign.ad_account
    for number in range(3):
        running(acme, account, external_id=f"9{number}")
    with pytest.raises(FailpointError):
        engage(acme)
    monkeypatch.setattr(sweep, "MOST_CAMPAIGNS", 3)
    assert [sweep_once(NOW) for _ in range(3)] == [3, 1, 0]


def test_a_rivals_switch_stops_only_its_own(acme, rival, campaign):
    other = running(rival, connect(rival))
    engage(rival)
    assert sweep_once(NOW) == 0
    assert [stop.campaign_id for stop in stops(rival)] == [other.id]
    assert stops(acme) == []


def test_sweeps_at_one_moment_make_one_stop_a_campaign(acme_committed, monkeypatch):
    cast = acme_committed
    account = connect(cast)
    for number in range(4):
        running(cast, account, external_id=f"12{number}")
    with monkeypatch.context() as patched:
        patched.setattr(stopping, "submit", lambda *_args, **_kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engage(cast)
    found = race(8, lambda _number: sweep_once(NOW))
    assert sum(found) == 4
    assert len({stop.campaign_id for stop in stops(cast)}) == len(stops(cast)) == 4
    assert sweep_once(NOW) == 0
