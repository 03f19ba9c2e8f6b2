"""Loosening a policy takes two people where the business says so; tightening takes one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import AuditEvent, Membership, OutboxEvent, OutgoingMail
from campaigns import services
from campaigns.models import (
    Authority,
    BusinessPolicy,
    Campaign,
    Dispatch,
    KillSwitch,
    PolicyChange,
    SpendCeiling,
)
from campaigns.queries import gate_state
from campaigns.services.policy import rules_of
from campaigns.services.policy_changes import cancel_change, confirm_change, expire_changes
from core.actors import Channel, Role
from core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from core.ids import encode
from core.tenancy import tenant_tx
from tests.bars.threads import race
from tests.cast import NOW
from tests.services.campaigns.stage import (
    MICROS,
    camp_id,
    ceiling,
    connect,
    count,
    running,
    set_modes,
)


def later(**kwargs):
    return NOW + timedelta(**kwargs)


@pytest.fixture
def cast(acme):
    """The test business asks for a second person; agents' modes are draft."""
    set_modes(acme, creative="draft", tactical="draft", structural="draft")
    rules(acme, ask_second_person=True, four_eyes_micros=100 * MICROS)
    return acme


def rules(cast, role=Role.OWNER, now=NOW, business=None, **values):
    business = business or cast.test_business
    return services.set_policy(business.id, actor=cast.person(role), now=now, **values)


def modes(cast, role=Role.OWNER, now=NOW, campaign_id="", **values):
    return services.set_authority(
        cast.test_business.id,
        actor=cast.person(role),
        now=now,
        modes=values,
        campaign_id=campaign_id,
    )


def limit(cast, dollars, role=Role.OWNER, scope="business", business=None, **more):
    return services.set_ceiling(
        (business or cast.test_business).id,
        actor=cast.person(role),
        now=NOW,
        scope=scope,
        limit_micros=dollars * MICROS,
        currency="USD",
        **more,
    )


def release(cast, role=Role.OWNER, **more):
    return services.release_kill_switch(
        cast.test_business.id,
        actor=cast.person(role),
        now=NOW,
        **{"restore_delivery": False, **more},
    )


def engage(cast, **more):
    return services.engage_kill_switch(
        cast.test_business.id,
        actor=cast.person(Role.BUYER),
        now=NOW,
        **{"stop_delivery": False, **more},
    )


def public(row):
    return encode("pch", row.pk)


def confirm(cast, row, role=Role.ADMIN, now=NOW):
    return confirm_change(public(row), actor=cast.person(role), now=now)


def state_of(cast):
    """Everything a loosening could touch."""
    with tenant_tx(cast.tenant.id, readonly=True):
        state = gate_state(cast.test_business.id, None)
        rows = SpendCeiling.objects.order_by("id").values_list("scope", "limit_micros")
        return (
            dict(state.modes),
            rules_of(cast.test_business),
            list(rows),
            (state.kill_engaged, state.authority_version, state.policy_version),
        )


def status_of(cast, row):
    with tenant_tx(cast.tenant.id, readonly=True):
        return PolicyChange.objects.get(pk=row.pk).status


def kill_release(cast):
    engage(cast)
    return release(cast)


def ceiling_raise(cast):
    ceiling(cast, "business", 100)
    return limit(cast, 200)


def ceiling_end(cast):
    row = ceiling(cast, "business", 100)
    return services.remove_ceiling(row.pk, actor=cast.person(), now=NOW)


LOOSENINGS = {
    "axis to auto": lambda cast: modes(cast, tactical="auto"),
    "axis looser": lambda cast: (modes(cast, creative="off"), modes(cast, creative="draft"))[1],
    "four-eyes higher": lambda cast: rules(cast, four_eyes_micros=101 * MICROS),
    "four-eyes off": lambda cast: rules(cast, clear_four_eyes=True),
    "second person off": lambda cast: rules(cast, ask_second_person=False),
    "expiry longer": lambda cast: rules(cast, approval_expiry_h=73),
    "undo shorter": lambda cast: rules(cast, undo_window_s=0),
    "cool-down shorter": lambda cast: rules(cast, cooldown_h=1),
    "ceiling raise": ceiling_raise,
    "ceiling end": ceiling_end,
    "kill release": kill_release,
}


@pytest.fixture(params=LOOSENINGS)
def loosen(request, settings):
    settings.UNDO_WINDOW_S = 30
    return LOOSENINGS[request.param]


def test_nothing_changes_before_another_confirms_and_then_it_does(cast, loosen):
    row = loosen(cast)
    assert isinstance(row, PolicyChange)
    before = state_of(cast)
    assert status_of(cast, row) == "pending"
    with pytest.raises(ForbiddenError) as caught:
        confirm(cast, row, Role.OWNER)
    assert caught.value.code == "self_approval"
    assert (state_of(cast), status_of(cast, row)) == (before, "pending")
    assert confirm(cast, row).status == "confirmed"
    assert state_of(cast) != before
    with pytest.raises(ConflictError) as closed:
        confirm(cast, row)
    assert closed.value.code == "not_pending"


def test_what_is_confirmed_is_what_was_proposed(cast):
    confirm(cast, modes(cast, tactical="auto"))
    confirm(cast, rules(cast, approval_expiry_h=100, four_eyes_micros=150 * MICROS))
    confirm(cast, ceiling_raise(cast))
    found_modes, found_rules, ceilings, _ = state_of(cast)
    assert found_modes == {"creative": "draft", "structural": "draft", "tactical": "auto"}
    assert (found_rules["approval_expiry_h"], found_rules["four_eyes_micros"]) == (
        100,
        150 * MICROS,
    )
    assert ceilings == [("business", 200 * MICROS)]
    with tenant_tx(cast.tenant.id, readonly=True):
        assert Authority.objects.get(is_current=True).created_by == cast.person(Role.ADMIN).id


def test_second_session_of_the_proposer_and_keys_confirm_nothing(cast):
    row = modes(cast, tactical="auto")
    before = state_of(cast)
    owner = cast.person()
    session = replace(owner, request_id="req_other", label="", channel=Channel.ADMIN)
    key_of_another = replace(cast.agent, user_id=cast.people[Role.ADMIN].id)
    token_of_another = replace(cast.person(Role.ADMIN), channel=Channel.REST)
    codes = []
    for actor in (session, cast.agent, key_of_another, token_of_another):
        with pytest.raises(ForbiddenError) as caught:
            confirm_change(public(row), actor=actor, now=NOW)
        codes.append(caught.value.code)
    assert codes == ["self_approval", "role_required", "role_required", "role_required"]
    assert (state_of(cast), status_of(cast, row)) == (before, "pending")


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.ANALYST])
def test_only_governors_confirm_or_cancel(cast, role):
    row = modes(cast, tactical="auto")
    for decide in (confirm_change, cancel_change):
        with pytest.raises(ForbiddenError):
            decide(public(row), actor=cast.person(role), now=NOW)
    assert status_of(cast, row) == "pending"


def test_strangers_and_the_limited_see_no_change(cast, rival):
    row = modes(cast, tactical="auto")
    limited = replace(cast.person(Role.ADMIN), business_ids=frozenset({cast.live_business.id}))
    for actor in (rival.person(), limited):
        with pytest.raises(NotFoundError):
            confirm_change(public(row), actor=actor, now=NOW)
    assert status_of(cast, row) == "pending"


TIGHTENINGS = {
    "axis off": lambda cast: modes(cast, tactical="off"),
    "four-eyes lower": lambda cast: rules(cast, four_eyes_micros=1),
    "expiry shorter": lambda cast: rules(cast, approval_expiry_h=1),
    "undo longer": lambda cast: rules(cast, undo_window_s=600),
    "cool-down longer": lambda cast: rules(cast, cooldown_h=48),
    "first ceiling": lambda cast: limit(cast, 10),
    "ceiling fall": lambda cast: (ceiling(cast, "business", 100), limit(cast, 10))[1],
    "kill": engage,
}


@pytest.mark.parametrize("name", TIGHTENINGS)
def test_tightening_is_immediate(cast, name):
    before = state_of(cast)
    TIGHTENINGS[name](cast)
    assert state_of(cast) != before
    assert count(cast, PolicyChange) == 0


def test_of_a_mixed_change_the_tightening_is_immediate(cast):
    row = modes(cast, tactical="auto", creative="off")
    assert (row.before, row.after) == ({"tactical": "draft"}, {"tactical": "auto"})
    assert state_of(cast)[0] == {"creative": "off", "structural": "draft", "tactical": "draft"}
    wider = rules(cast, approval_expiry_h=100, cooldown_h=48)
    assert wider.after == {"approval_expiry_h": 100}
    found = state_of(cast)[1]
    assert (found["approval_expiry_h"], found["cooldown_h"]) == (72, 48)


def test_a_loosening_alone_writes_no_version(cast):
    before = state_of(cast)
    modes(cast, tactical="auto")
    rules(cast, approval_expiry_h=100)
    assert state_of(cast) == before
    with tenant_tx(cast.tenant.id, readonly=True):
        assert (Authority.objects.count(), BusinessPolicy.objects.count()) == (1, 1)


def test_without_the_setting_one_person_loosens(acme):
    assert isinstance(modes(acme, tactical="auto"), Authority)
    assert isinstance(rules(acme, approval_expiry_h=100), BusinessPolicy)
    assert isinstance(ceiling_raise(acme), SpendCeiling)
    assert isinstance(kill_release(acme), KillSwitch)
    assert (count(acme, PolicyChange), state_of(acme)[3][0]) == (0, False)


def test_a_campaigns_own_modes_are_measured_against_those_in_force(cast):
    campaign = running(cast, connect(cast))
    row = modes(cast, campaign_id=camp_id(campaign), tactical="auto")
    assert row.target_id == camp_id(campaign)
    with tenant_tx(cast.tenant.id, readonly=True):
        assert gate_state(cast.test_business.id, campaign.id).modes["tactical"] == "draft"
    confirm(cast, row)
    with tenant_tx(cast.tenant.id, readonly=True):
        assert gate_state(cast.test_business.id, campaign.id).modes["tactical"] == "auto"
        assert gate_state(cast.test_business.id, None).modes["tactical"] == "draft"


def test_the_tenants_ceiling_is_guarded_by_any_business_that_asks(cast):
    with tenant_tx(cast.tenant.id):
        other = type(cast.test_business).objects.create(
            tenant_id=cast.tenant.id, name="other", environment="test", created_at=NOW
        )
    row = ceiling(cast, "tenant", 100)
    held = limit(cast, 200, scope="tenant", business=other)
    assert (held.business_id, held.kind) == (cast.test_business.id, "ceiling")
    gone = services.remove_ceiling(row.pk, actor=cast.person(), now=NOW)
    assert gone.kind == "no_ceiling"
    assert state_of(cast)[2] == [("tenant", 100 * MICROS)]
    own = limit(cast, 5, business=other)
    assert isinstance(limit(cast, 6, business=other), SpendCeiling)
    assert own.scope == "business"


@pytest.mark.parametrize("moved", ["value", "proposer"])
def test_what_was_proposed_on_other_ground_is_not_confirmed(cast, moved):
    row = modes(cast, tactical="auto")
    if moved == "value":
        modes(cast, tactical="off")
    else:
        with tenant_tx(cast.tenant.id):
            Membership.objects.filter(user=cast.people[Role.OWNER]).update(role="analyst")
    before = state_of(cast)
    with pytest.raises(ConflictError) as caught:
        confirm(cast, row)
    assert caught.value.code == "stale_value"
    assert (state_of(cast), status_of(cast, row)) == (before, "conflict")
    assert count(cast, OutboxEvent, event_type="policy.conflict") == 1


def test_a_release_proposed_for_an_older_kill_does_not_release_the_next(cast):
    row = kill_release(cast)
    other = release(cast, restore_delivery=True)
    confirm(cast, other)
    engage(cast)
    with pytest.raises(ConflictError):
        confirm(cast, row)
    assert state_of(cast)[3][0] is True


def test_a_confirmed_release_restores_what_was_stopped(cast):
    campaign = running(cast, connect(cast))
    engage(cast, stop_delivery=True)
    with tenant_tx(cast.tenant.id):
        Dispatch.objects.update(state="done")
        Campaign.objects.update(status="PAUSED")
    row = release(cast, restore_delivery=True)
    assert count(cast, Dispatch) == 1
    confirm(cast, row)
    with tenant_tx(cast.tenant.id, readonly=True):
        restored = Dispatch.objects.get(command_kind="restore_delivery")
    assert (restored.campaign_id, restored.actor_id) == (
        campaign.id,
        cast.person(Role.ADMIN).id,
    )


def test_expired_is_not_confirmed_and_ends_once(cast, rival):
    row = modes(cast, tactical="auto")
    before = state_of(cast)
    assert expire_changes(later(hours=71)) == 0
    with pytest.raises(ConflictError) as caught:
        confirm(cast, row, now=later(hours=72))
    assert caught.value.details == {"status": "expired"}
    assert [expire_changes(later(hours=72)) for _ in range(2)] == [1, 0]
    assert (state_of(cast), status_of(cast, row)) == (before, "expired")
    assert count(cast, AuditEvent, event_type="policy.expired") == 1


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_proposer_and_any_other_governor_cancel(cast, role):
    row = modes(cast, tactical="auto")
    before = state_of(cast)
    assert cancel_change(public(row), actor=cast.person(role), now=NOW).status == "cancelled"
    with pytest.raises(ConflictError):
        confirm(cast, row)
    assert (state_of(cast), status_of(cast, row)) == (before, "cancelled")
    assert count(cast, OutboxEvent, event_type="policy.cancelled") == 1


def test_the_same_wish_waits_once_and_again_after_its_time(cast):
    modes(cast, tactical="auto")
    for role in (Role.OWNER, Role.ADMIN):
        with pytest.raises(ConflictError) as caught:
            modes(cast, role, tactical="auto")
        assert caught.value.code == "already_proposed"
    assert modes(cast, Role.ADMIN, now=later(hours=73), tactical="auto").status == "pending"
    with tenant_tx(cast.tenant.id, readonly=True):
        assert sorted(PolicyChange.objects.values_list("status", flat=True)) == [
            "expired",
            "pending",
        ]


def test_it_is_mailed_to_the_others_and_told_and_audited(cast):
    OutgoingMail.objects.all().delete()
    row = modes(cast, tactical="auto")
    assert list(OutgoingMail.objects.values_list("template", "recipient")) == [
        ("policy_proposed", "admin@acme.example")
    ]
    confirm(cast, row)
    with tenant_tx(cast.tenant.id, readonly=True):
        events = {
            event.event_type: event.payload
            for event in OutboxEvent.objects.filter(event_type__startswith="policy.")
        }
        audit = {
            event.event_type: event
            for event in AuditEvent.objects.filter(event_type__startswith="policy.")
        }
    business = encode("biz", cast.test_business.id)
    told = {
        "business_id": business,
        "target_id": business,
        "policy_change_id": public(row),
        "kind": "authority",
        "before": {"tactical": "draft"},
        "after": {"tactical": "auto"},
        "proposed_by": cast.person().id,
    }
    assert events == {"policy.proposed": told, "policy.confirmed": told}
    assert audit["policy.proposed"].actor_id == cast.person().id
    assert audit["policy.confirmed"].actor_id == cast.person(Role.ADMIN).id
    assert audit["policy.confirmed"].facts["proposed_by"] == cast.person().id


def test_mail_says_what_waits(cast):
    from django.core import mail

    from accounts.services.mail import send_due

    OutgoingMail.objects.all().delete()
    kill_release(cast)
    assert send_due(NOW) == 1
    text = mail.outbox[-1].body
    assert "release of the kill switch" in text
    assert f"/policy/?business={encode('biz', cast.test_business.id)}" in text


def test_in_live_both_need_a_fresh_factor(acme):
    live, stale = acme.live_business, replace(acme.person(), strong_auth_at=None)
    rules(acme, business=live, ask_second_person=True)
    with pytest.raises(ForbiddenError) as caught:
        services.set_authority(live.id, actor=stale, now=NOW, modes={"tactical": "auto"})
    assert caught.value.code == "reauthentication_required"
    row = services.set_authority(live.id, actor=acme.person(), now=NOW, modes={"tactical": "auto"})
    other = replace(acme.person(Role.ADMIN), strong_auth_at=None)
    with pytest.raises(ForbiddenError) as caught:
        confirm_change(public(row), actor=other, now=NOW)
    assert caught.value.code == "reauthentication_required"
    assert status_of(acme, row) == "pending"
    assert confirm(acme, row).status == "confirmed"


def test_alone_one_cannot_ask_for_a_second_person(acme):
    with tenant_tx(acme.tenant.id):
        Membership.objects.filter(user=acme.people[Role.ADMIN]).update(
            business_ids=[str(acme.live_business.id)]
        )
    with pytest.raises(InvalidError) as caught:
        rules(acme, ask_second_person=True)
    assert caught.value.code == "second_person_missing"
    assert state_of(acme)[1]["second_person"] is False


def test_at_one_moment_it_is_confirmed_or_cancelled_once(acme_committed):
    cast = acme_committed
    set_modes(cast, tactical="draft")
    rules(cast, ask_second_person=True)
    row = modes(cast, tactical="auto")

    def decide(number):
        if number % 2:
            return confirm(cast, row).status
        return cancel_change(public(row), actor=cast.person(), now=NOW).status

    found = race(16, decide)
    done = [one for one in found if isinstance(one, str)]
    refused = [one for one in found if isinstance(one, ConflictError)]
    assert (len(done), len(refused)) == (1, 15)
    assert status_of(cast, row) == done[0]
    expected = "auto" if done == ["confirmed"] else "draft"
    assert state_of(cast)[0]["tactical"] == expected
    assert count(cast, AuditEvent, event_type=f"policy.{done[0]}") == 1
