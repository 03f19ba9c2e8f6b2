"""gate_state: one statement, defaults, campaign block before business default."""

import pytest

from campaigns.models import Authority, BusinessPolicy, Dispatch, KillSwitch, PendingAction
from campaigns.queries import gate_state
from campaigns.queries.gate import standing
from core.actors import Role
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.stage import act, camp_id, connect, running, set_modes


@pytest.fixture
def scope(acme):
    with tenant_tx(acme.tenant.id):
        yield acme


def test_gate_state_without_rows_is_the_environments_default(scope):
    live = gate_state(scope.live_business.id, None)
    test = gate_state(scope.test_business.id, None)
    assert dict(live.modes) == {"creative": "draft", "tactical": "draft", "structural": "draft"}
    assert dict(test.modes) == {"creative": "auto", "tactical": "auto", "structural": "auto"}
    assert (live.undo_window_s, live.approval_expiry_h, live.kill_engaged) == (30, 72, False)


def test_gate_state_reads_everything_in_one_statement(scope, django_assert_num_queries):
    common = {"tenant_id": scope.tenant.id, "business": scope.test_business}
    Authority.objects.create(
        **common,
        version=3,
        creative="off",
        tactical="draft",
        structural="auto",
        created_by="user_x",
        created_at=NOW,
    )
    BusinessPolicy.objects.create(
        **common,
        version=2,
        undo_window_s=5,
        approval_expiry_h=7,
        cooldown_h=1,
        four_eyes_micros=9_000_000,
        created_by="user_x",
        created_at=NOW,
    )
    KillSwitch.objects.create(**common, is_engaged=True, epoch=4)
    with django_assert_num_queries(1):
        state = gate_state(scope.test_business.id, None, environment="test")
    assert dict(state.modes) == {"creative": "off", "tactical": "draft", "structural": "auto"}
    assert (state.authority_version, state.policy_version) == (3, 2)
    assert (state.kill_engaged, state.kill_epoch) == (True, 4)
    assert (state.undo_window_s, state.approval_expiry_h, state.cooldown_h) == (5, 7, 1)
    assert state.four_eyes_micros == 9_000_000


def test_standing_says_what_is_there_already_in_the_same_statement(acme, django_assert_num_queries):
    set_modes(acme, tactical="draft")
    account = connect(acme)
    proposed, sent = (running(acme, account, external_id=str(number)) for number in (1, 2))
    budget = {"currency": "USD", "budget_micros": 60_000_000}
    act(acme, "set_daily_budget", campaign_id=camp_id(proposed), **budget)
    act(acme, "pause_campaign", acme.person(Role.OWNER), campaign_id=camp_id(sent))
    with tenant_tx(acme.tenant.id):
        digest = PendingAction.objects.get().command_digest
        asked = {"proposer_id": acme.agent.id, "digest": digest}
        with django_assert_num_queries(3):
            found = [
                standing(proposed, target_id=proposed.id, **asked),
                standing(sent, target_id=sent.id, **asked),
                standing(proposed, target_id=proposed.id, **{**asked, "digest": "0" * 64}),
            ]
        assert [(one.has_open, one.has_earlier) for one in found] == [
            (False, True),
            (True, False),
            (False, False),
        ]
        assert found[0].state == gate_state(proposed.business_id, proposed.id)
        PendingAction.objects.update(status="superseded")
        Dispatch.objects.update(state="done")
        assert not standing(proposed, target_id=proposed.id, **asked).has_earlier
        assert not standing(sent, target_id=sent.id, **asked).has_open
