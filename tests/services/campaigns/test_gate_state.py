"""gate_state: one statement, defaults, campaign block before business default."""

import pytest

from campaigns.models import Authority, BusinessPolicy, KillSwitch
from campaigns.queries import gate_state
from core.tenancy import tenant_tx
from tests.cast import NOW


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
