"""Authority, policy, ceilings and the kill switch."""

from dataclasses import replace
from unittest.mock import Mock

import pytest
from django.test import RequestFactory

from accounts.models import AuditEvent, OutboxEvent, Tenant
from accounts.web import attach_person
from campaigns import approvals, services, spend
from campaigns.models import (
    Campaign,
    Dispatch,
    DispatchStep,
    PendingAction,
    SpendCeiling,
    SpendExposure,
)
from campaigns.queries import gate_state
from core.actors import Role
from core.errors import ForbiddenError, InvalidError, NotFoundError
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.readers import FakeReader
from tests.services.campaigns.stage import (
    MICROS,
    act,
    camp_id,
    connect,
    count,
    create,
    fresh,
    running,
    set_modes,
)


@pytest.fixture
def reader(monkeypatch):
    fake = FakeReader().install(monkeypatch)
    fake.show("120001", budget_micros=50 * MICROS, budget_type="daily", status="ACTIVE")
    return fake


@pytest.fixture
def campaign(acme, reader):
    return running(acme, connect(acme))


def state_of(acme, business=None, campaign_id=None):
    with tenant_tx(acme.tenant.id, readonly=True):
        return gate_state((business or acme.test_business).id, campaign_id)


def rise(acme, campaign, dollars, **kwargs):
    return act(
        acme,
        "set_daily_budget",
        campaign_id=camp_id(campaign),
        budget_micros=dollars * MICROS,
        currency="USD",
        **kwargs,
    )


def test_set_authority_writes_a_version_and_keeps_other_axes(acme):
    owner = acme.person(Role.OWNER)
    business = acme.test_business.id
    services.set_authority(business, actor=owner, now=NOW, modes={"tactical": "off"})
    services.set_authority(business, actor=owner, now=NOW, modes={"creative": "draft"})
    state = state_of(acme)
    assert dict(state.modes) == {"creative": "draft", "structural": "auto", "tactical": "off"}
    assert state.authority_version == 2
    assert count(acme, AuditEvent, event_type="authority.changed") == 2


def test_campaign_block_wins_over_the_business(acme, campaign):
    owner = acme.person(Role.OWNER)
    services.set_authority(
        acme.test_business.id,
        actor=owner,
        now=NOW,
        modes={"tactical": "off"},
        campaign_id=camp_id(campaign),
    )
    assert state_of(acme, campaign_id=campaign.id).modes["tactical"] == "off"
    assert state_of(acme).modes["tactical"] == "auto"


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.ANALYST])
def test_only_governors_change_authority(acme, role):
    with pytest.raises(ForbiddenError):
        services.set_authority(
            acme.test_business.id, actor=acme.person(role), now=NOW, modes={"tactical": "off"}
        )
    assert state_of(acme).authority_version == 0


def test_auto_in_live_needs_a_fresh_factor(acme):
    stale = replace(acme.person(Role.OWNER), strong_auth_at=None)
    business = acme.live_business.id
    with pytest.raises(ForbiddenError) as caught:
        services.set_authority(business, actor=stale, now=NOW, modes={"tactical": "auto"})
    assert caught.value.code == "reauthentication_required"
    services.set_authority(business, actor=stale, now=NOW, modes={"tactical": "off"})
    assert state_of(acme, acme.live_business).modes["tactical"] == "off"


def test_policy_versions_and_ranges(acme):
    owner = acme.person(Role.OWNER)
    business = acme.test_business.id
    services.set_policy(business, actor=owner, now=NOW, undo_window_s=5)
    services.set_policy(business, actor=owner, now=NOW, four_eyes_micros=7)
    state = state_of(acme)
    assert (state.undo_window_s, state.four_eyes_micros, state.policy_version) == (5, 7, 2)
    with pytest.raises(InvalidError):
        services.set_policy(business, actor=owner, now=NOW, approval_expiry_h=0)


def test_rival_cannot_govern(acme, rival):
    with pytest.raises(NotFoundError):
        services.set_authority(
            acme.test_business.id, actor=rival.person(), now=NOW, modes={"tactical": "off"}
        )


def test_ceiling_counts_what_runs_and_denies_the_rise(acme, campaign):
    with tenant_tx(acme.tenant.id):
        spend.correct(campaign, None, "ACTIVE", now=NOW)
    row = services.set_ceiling(
        acme.test_business.id,
        actor=acme.person(Role.ADMIN),
        now=NOW,
        scope="business",
        limit_micros=100 * MICROS,
        currency="USD",
    )
    assert row.used_micros == 87_500_000  # 50 x 1.75
    assert rise(acme, campaign, 57).status == "dispatching"  # 99.75
    over = rise(acme, campaign, 58)
    assert (over.status, over.reason, over.detail) == ("denied", "ceiling_exceeded", "business")
    with tenant_tx(acme.tenant.id):
        assert SpendCeiling.objects.get().used_micros == 99_750_000
        exposure = SpendExposure.objects.get()
    assert (exposure.running_micros, exposure.reserved_micros) == (87_500_000, 12_250_000)


def test_a_ceiling_whose_count_never_came_lets_nothing_rise(acme, campaign, monkeypatch):
    with tenant_tx(acme.tenant.id):
        spend.correct(campaign, None, "ACTIVE", now=NOW)
    wanted = {"scope": "business", "limit_micros": 1000 * MICROS, "currency": "USD"}
    with monkeypatch.context() as patch:
        patch.setattr(spend, "recount", Mock(side_effect=SystemExit))
        with pytest.raises(SystemExit):
            services.set_ceiling(
                acme.test_business.id, actor=acme.person(Role.ADMIN), now=NOW, **wanted
            )
    denied = rise(acme, campaign, 51)
    assert (denied.reason, denied.detail) == ("ceiling_exceeded", "business")
    assert count(acme, Dispatch) == 0
    row = services.set_ceiling(
        acme.test_business.id, actor=acme.person(Role.ADMIN), now=NOW, **wanted
    )
    assert row.used_micros == 87_500_000
    assert rise(acme, campaign, 51).status == "dispatching"


def test_settle_and_release_move_the_ceiling(acme, campaign):
    with tenant_tx(acme.tenant.id):
        spend.correct(campaign, None, "ACTIVE", now=NOW)
    services.set_ceiling(
        acme.test_business.id,
        actor=acme.person(Role.ADMIN),
        now=NOW,
        scope="tenant",
        limit_micros=1000 * MICROS,
        currency="USD",
    )
    rise(acme, campaign, 60)
    with tenant_tx(acme.tenant.id):
        dispatch = Dispatch.objects.get()
        spend.release(dispatch, now=NOW)
        spend.release(dispatch, now=NOW)
        assert SpendCeiling.objects.get().used_micros == 87_500_000
        Dispatch.objects.all().delete()
    rise(acme, campaign, 40)
    with tenant_tx(acme.tenant.id):
        assert SpendCeiling.objects.get().used_micros == 87_500_000
        spend.settle(Dispatch.objects.get(), now=NOW)
        assert SpendCeiling.objects.get().used_micros == 70_000_000


def test_old_read_back_denies_rises_but_not_falls(acme, campaign):
    from datetime import timedelta

    with tenant_tx(acme.tenant.id):
        spend.correct(campaign, None, "ACTIVE", now=NOW - timedelta(hours=7))
    services.set_ceiling(
        acme.test_business.id,
        actor=acme.person(Role.ADMIN),
        now=NOW,
        scope="business",
        limit_micros=1000 * MICROS,
        currency="USD",
    )
    denied = rise(acme, campaign, 60)
    assert (denied.reason, denied.detail) == ("ceiling_exceeded", "read_back_stale")
    assert rise(acme, campaign, 40).status == "dispatching"


def test_older_read_back_than_the_last_change_says_nothing(acme, campaign):
    from datetime import timedelta

    with tenant_tx(acme.tenant.id):
        spend.correct(campaign, None, "ACTIVE", now=NOW)
        spend.correct(campaign, None, "PAUSED", now=NOW - timedelta(seconds=1))
        assert SpendExposure.objects.get().running_micros == 87_500_000


def test_kill_switch_denies_agents_and_lets_persons_pause(acme, campaign):
    owner = acme.person(Role.OWNER)
    services.engage_kill_switch(
        acme.test_business.id, actor=acme.person(Role.APPROVER), now=NOW, stop_delivery=False
    )
    denied = rise(acme, campaign, 60)
    assert (denied.status, denied.reason) == ("denied", "kill_switch_active")
    assert rise(acme, campaign, 60, actor=owner).reason == "kill_switch_active"
    paused = act(acme, "pause_campaign", actor=owner, campaign_id=camp_id(campaign))
    assert paused.status == "dispatching"
    with tenant_tx(acme.tenant.id):
        assert Dispatch.objects.get().survives_kill is True


def test_analyst_does_not_engage(acme):
    with pytest.raises(ForbiddenError):
        services.engage_kill_switch(
            acme.test_business.id, actor=acme.person(Role.ANALYST), now=NOW, stop_delivery=False
        )


def test_kill_holds_ready_dispatches_and_returns_approved_ones(acme, campaign):
    set_modes(acme, structural="draft")
    owner = acme.person(Role.OWNER)
    ready = rise(acme, campaign, 60)
    name = act(acme, "update_campaign", campaign_id=camp_id(campaign), name="Other")
    reader_row = approvals.approve(name.pending_action_id, actor=owner, now=NOW)
    assert reader_row.status == "approved"
    services.engage_kill_switch(acme.test_business.id, actor=owner, now=NOW, stop_delivery=False)
    with tenant_tx(acme.tenant.id):
        states = dict(Dispatch.objects.values_list("command_kind", "state"))
    assert states == {"set_daily_budget": "held", "update_campaign": "failed"}
    assert fresh(acme, PendingAction, name.pending_action_id).status == "pending"
    with pytest.raises(ForbiddenError) as caught:
        approvals.approve(name.pending_action_id, actor=owner, now=NOW)
    assert caught.value.code == "kill_switch_active"
    services.release_kill_switch(
        acme.test_business.id, actor=owner, now=NOW, restore_delivery=False
    )
    with tenant_tx(acme.tenant.id):
        again = PendingAction.objects.get(command_kind="set_daily_budget")
        assert Dispatch.objects.filter(state="held").count() == 0
    assert (again.status, again.proposer_id) == ("pending", acme.agent.id)
    assert ready.status == "dispatching"


def test_stop_and_restore_touch_exactly_what_was_stopped(acme, campaign):
    owner = acme.person(Role.OWNER)
    with tenant_tx(acme.tenant.id):
        account = campaign.ad_account
    other = running(acme, account, name="Paused before", external_id="9", status="PAUSED")
    services.engage_kill_switch(acme.test_business.id, actor=owner, now=NOW, stop_delivery=True)
    with tenant_tx(acme.tenant.id):
        dispatch = Dispatch.objects.get()
        step = DispatchStep.objects.get()
    assert (dispatch.command_kind, dispatch.survives_kill) == ("stop_delivery", True)
    assert (dispatch.campaign_id, step.params) == (campaign.id, {"status": "PAUSED"})
    with tenant_tx(acme.tenant.id):
        Dispatch.objects.update(state="done")
        Campaign.objects.filter(pk=campaign.id).update(status="PAUSED")
    services.release_kill_switch(acme.test_business.id, actor=owner, now=NOW, restore_delivery=True)
    with tenant_tx(acme.tenant.id):
        restored = Dispatch.objects.exclude(pk=dispatch.pk).get()
    assert (restored.command_kind, restored.campaign_id) == ("restore_delivery", campaign.id)
    assert other.id != campaign.id
    assert count(acme, OutboxEvent, event_type="kill_switch.released") == 1


def test_engaging_again_stops_what_an_interrupted_engagement_left_running(
    acme, campaign, monkeypatch
):
    from campaigns.services import stopping

    def crash(*_args, **_kwargs):
        raise RuntimeError("the process died behind the switch's commit")

    owner, business = acme.person(Role.OWNER), acme.test_business.id
    with monkeypatch.context() as patched:
        patched.setattr(stopping, "submit", crash)
        with pytest.raises(RuntimeError):
            services.engage_kill_switch(business, actor=owner, now=NOW, stop_delivery=True)
    assert (state_of(acme).kill_engaged, count(acme, Dispatch)) == (True, 0)
    for _ in range(2):
        switch = services.engage_kill_switch(business, actor=owner, now=NOW, stop_delivery=True)
        assert switch.stopped_campaigns == [str(campaign.id)]
        assert count(acme, Dispatch, command_kind="stop_delivery", survives_kill=True) == 1


def test_buyer_does_not_release(acme):
    services.engage_kill_switch(
        acme.test_business.id, actor=acme.person(Role.BUYER), now=NOW, stop_delivery=False
    )
    with pytest.raises(ForbiddenError):
        services.release_kill_switch(
            acme.test_business.id, actor=acme.person(Role.BUYER), now=NOW, restore_delivery=False
        )
    assert state_of(acme).kill_engaged is True


@pytest.mark.parametrize(
    ("kind", "fields", "status"),
    [
        ("pause_campaign", {}, "dispatching"),
        ("archive_campaign", {}, "dispatching"),
        ("set_daily_budget", {"budget_micros": 40 * MICROS, "currency": "USD"}, "dispatching"),
        ("set_daily_budget", {"budget_micros": 60 * MICROS, "currency": "USD"}, "denied"),
        ("update_campaign", {"name": "Other"}, "denied"),
        ("launch_campaign", {}, "denied"),
    ],
)
def test_people_of_a_suspended_tenant_stop_and_lower_only(acme, campaign, kind, fields, status):
    person = replace(acme.person(Role.OWNER), is_suspended=True)
    campaign_id = create(acme).created_id if kind == "launch_campaign" else camp_id(campaign)
    with tenant_tx(acme.tenant.id):
        spend.correct(campaign, None, "ACTIVE", now=NOW)
    outcome = act(acme, kind, person, campaign_id=campaign_id, **fields)
    assert outcome.status == status
    if status == "denied":
        assert (outcome.reason, outcome.detail) == ("policy_refused", "suspended")


def test_people_of_a_suspended_tenant_approve_nothing(acme, campaign):
    set_modes(acme, tactical="draft")
    fields = {"campaign_id": camp_id(campaign), "budget_micros": 40 * MICROS, "currency": "USD"}
    waiting = act(acme, "set_daily_budget", **fields).pending_action_id
    person = replace(acme.person(Role.APPROVER), is_suspended=True)
    with pytest.raises(ForbiddenError) as caught:
        approvals.approve(waiting, actor=person, now=NOW)
    assert caught.value.details == {"reason": "policy_refused", "detail": "suspended"}
    assert (fresh(acme, PendingAction, waiting).status, count(acme, Dispatch)) == ("pending", 0)
    assert approvals.reject(waiting, actor=person, now=NOW, comment="no").status == "rejected"


@pytest.mark.parametrize("suspended", [False, True])
def test_a_session_knows_that_its_tenant_is_suspended(acme, suspended):
    Tenant.objects.filter(pk=acme.tenant.pk).update(is_suspended=suspended)
    request = RequestFactory().get("/")
    request.user, request.session = acme.people[Role.OWNER], {}
    attach_person(request)
    assert request.actor.is_suspended is suspended
