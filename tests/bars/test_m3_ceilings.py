"""M3: 64 threads against every kind of ceiling. And the lock order: nothing ever deadlocks."""

import os
import random
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from accounts.models import Verdict
from campaigns import approvals, services, spend
from campaigns.gateway import Outcome
from campaigns.models import (
    Campaign,
    Dispatch,
    PendingAction,
    SpendCeiling,
    SpendExposure,
    SpendReservation,
)
from core.actors import Role
from core.errors import AppError
from core.tenancy import tenant_tx
from tests.bars.threads import TOGETHER, race
from tests.cast import NOW
from tests.replay import replay, replay_tenant
from tests.services.campaigns.readers import FakeReader
from tests.services.campaigns.stage import MICROS, act, camp_id, connect, running, set_modes

pytestmark = pytest.mark.bar
LONG = os.environ.get("BARS") == "long"
LIMIT = 1_000


@pytest.fixture
def stage(acme_committed, monkeypatch):
    """Eight running campaigns of 20 USD a day (35 USD exposure each), read back now."""
    FakeReader().install(monkeypatch)
    account = connect(acme_committed)
    campaigns = [
        running(
            acme_committed,
            account,
            name=f"C{number}",
            external_id=f"c{number}",
            budget_micros=20 * MICROS,
        )
        for number in range(8)
    ]
    with tenant_tx(acme_committed.tenant.id):
        for campaign in campaigns:
            spend.correct(campaign, None, "ACTIVE", now=NOW)
    return acme_committed, campaigns


def limit(cast, scope, dollars, **more):
    return services.set_ceiling(
        cast.test_business.id,
        actor=cast.person(Role.OWNER),
        now=NOW,
        scope=scope,
        limit_micros=dollars * MICROS,
        currency="USD",
        **more,
    )


def rise(cast, campaign, dollars, actor=None):
    return act(
        cast,
        "set_daily_budget",
        actor=actor,
        campaign_id=camp_id(campaign),
        budget_micros=dollars * MICROS,
        currency="USD",
    )


def sums(cast):
    """(used by the ceiling, sum of exposures), each in micros."""
    with tenant_tx(cast.tenant.id, readonly=True):
        exposed = sum(
            row.running_micros + row.reserved_micros for row in SpendExposure.objects.all()
        )
        used = {row.scope: row.used_micros for row in SpendCeiling.objects.all()}
    return used, exposed


@pytest.mark.parametrize("scope", ["campaign", "business", "tenant"])
def test_m3_sum_ceilings_are_never_exceeded(stage, scope):
    cast, campaigns = stage
    target = campaigns[:1] if scope == "campaign" else campaigns
    more = {"campaign_id": camp_id(campaigns[0])} if scope == "campaign" else {}
    dollars = 100 if scope == "campaign" else 400
    ceiling = limit(cast, scope, dollars, **more)
    started = ceiling.used_micros

    def call(number):
        draw = random.Random(number)
        return rise(cast, target[number % len(target)], draw.randint(21, 120))

    results = race(TOGETHER, call)
    assert [r for r in results if not isinstance(r, Outcome)] == []
    allowed = sum(r.status == "dispatching" for r in results)
    refused = sum(r.reason == "ceiling_exceeded" for r in results)
    used, exposed = sums(cast)
    whole = exposed if scope != "campaign" else _exposure(cast, campaigns[0])
    print(
        f"BAR M3 {scope} threads={TOGETHER} allowed={allowed} refused={refused} "
        f"used={used[scope]} limit={dollars * MICROS}"
    )
    assert started < used[scope] <= dollars * MICROS
    assert used[scope] == whole
    assert (allowed > 0, refused > 0) == (True, True)
    replay_tenant([cast.tenant.id])


def _exposure(cast, campaign):
    with tenant_tx(cast.tenant.id, readonly=True):
        row = SpendExposure.objects.get(campaign=campaign)
    return row.running_micros + row.reserved_micros


def test_m3_action_ceiling_binds_each_change(stage):
    cast, campaigns = stage
    limit(cast, "action", 70)
    results = race(16, lambda n: rise(cast, campaigns[n % 8], 55 + 10 * (n // 8)))
    assert {r.status for r in results[:8]} == {"dispatching"}  # +35 x 1.75 = 61.25
    assert all(r.status == "denied" or r.status == "dispatching" for r in results[8:])
    with tenant_tx(cast.tenant.id, readonly=True):
        deltas = list(SpendReservation.objects.values_list("delta_micros", flat=True))
    print(f"BAR M3 action changes={len(deltas)} largest={max(deltas)} limit={70 * MICROS}")
    assert max(deltas) <= 70 * MICROS


def test_m3_control_sum_then_insert_goes_over(stage):
    cast, campaigns = stage
    with tenant_tx(cast.tenant.id):
        SpendReservation.objects.all().delete()
    arrived = threading.Barrier(16)

    def careless(number):
        with tenant_tx(cast.tenant.id, readonly=True):
            rows = SpendReservation.objects.values_list("delta_micros", flat=True)
            fits = sum(rows) + 100 <= LIMIT
        arrived.wait(timeout=30)
        if fits:
            with tenant_tx(cast.tenant.id):
                SpendReservation.objects.create(
                    tenant_id=cast.tenant.id,
                    dispatch_id=campaigns[number % 8].id.__class__(int=number + 1),
                    campaign=campaigns[number % 8],
                    currency="USD",
                    delta_micros=100,
                    target_micros=0,
                    state="held",
                    created_at=NOW,
                )

    race(16, careless)
    with tenant_tx(cast.tenant.id, readonly=True):
        total = sum(SpendReservation.objects.values_list("delta_micros", flat=True))
    print(f"BAR M3 control sum-then-insert total={total} limit={LIMIT}")
    assert total > LIMIT


def test_lock_order_never_deadlocks(stage):
    """64 threads do everything at once: submit, approve, undo, reject, finish, correct, govern."""
    cast, campaigns = stage
    set_modes(cast, structural="draft")
    limit(cast, "business", 2000)
    limit(cast, "tenant", 2000)
    owner, buyer = cast.person(Role.OWNER), cast.person(Role.BUYER)
    rounds = 20 if LONG else 3

    def finish():
        with tenant_tx(cast.tenant.id, readonly=True):
            row = Dispatch.objects.filter(state="ready").order_by("?").first()
        if row is not None:
            with tenant_tx(cast.tenant.id):
                if Dispatch.objects.filter(pk=row.pk, state="ready").update(state="done"):
                    spend.settle(row, now=NOW)

    def decide(number):
        with tenant_tx(cast.tenant.id, readonly=True):
            row = (
                PendingAction.objects.filter(status__in=["pending", "approved"])
                .order_by("?")
                .first()
            )
        if row is None:
            return
        from core.ids import encode

        key = encode("pa", row.pk)
        if row.status == "approved":
            approvals.undo(key, actor=owner, now=NOW)
        elif number % 3:
            approvals.approve(key, actor=owner, now=NOW)
        else:
            approvals.reject(key, actor=owner, now=NOW, comment="no")

    def correct(number):
        with tenant_tx(cast.tenant.id):
            spend.correct(
                campaigns[number % 8], None, "ACTIVE", now=NOW + timedelta(seconds=number)
            )

    def one(number):
        campaign = campaigns[number % 8]
        step = number % 7
        if step == 0:
            return rise(cast, campaign, 21 + number % 50)
        if step == 1:
            return act(cast, "update_campaign", campaign_id=camp_id(campaign), name=f"N{number}")
        if step == 2:
            return decide(number)
        if step == 3:
            return finish()
        if step == 4:
            return correct(number)
        if step == 5:
            return limit(cast, "business", 2000 + number)
        return act(cast, "pause_campaign", actor=buyer, campaign_id=camp_id(campaign))

    bad = []
    done = 0
    for turn in range(rounds):
        results = race(TOGETHER, lambda number, turn=turn: one(number * 31 + turn))
        done += len(results)
        bad += [r for r in results if isinstance(r, Exception) and not isinstance(r, AppError)]
    used, exposed = sums(cast)
    print(f"BAR deadlock calls={done} threads={TOGETHER} deadlocks={len(bad)} {connection.vendor}")
    assert [error for error in bad if isinstance(error, OperationalError)] == []
    assert bad == []
    assert used == {"business": exposed, "tenant": exposed}
    replay_tenant([cast.tenant.id])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, no row locks")
def test_lock_order_control_rows_locked_in_any_order_deadlock(stage):
    """The same two rows, locked from both ends: what the order of the locks keeps away."""
    cast, campaigns = stage
    pair, half = campaigns[:2], threading.Barrier(2)

    def lock_both(number):
        first, second = pair if number else reversed(pair)
        with tenant_tx(cast.tenant.id):
            Campaign.objects.select_for_update().get(pk=first.pk)
            half.wait(timeout=30)
            Campaign.objects.select_for_update().get(pk=second.pk)

    ended = race(2, lock_both)
    deadlocks = [one for one in ended if isinstance(one, OperationalError)]
    print(f"BAR deadlock control locks in any order: deadlocks={len(deadlocks)} of 1")
    assert len(deadlocks) == 1
    assert ended.count(None) == 1


def test_replay_control_an_altered_verdict_is_found(stage):
    """Each of the ways a recorded verdict can lie, one at a time."""
    cast, campaigns = stage
    set_modes(cast, tactical="draft")
    budget = {"budget_micros": 30 * MICROS, "currency": "USD"}
    act(cast, "set_daily_budget", campaign_id=camp_id(campaigns[0]), **budget)
    with tenant_tx(cast.tenant.id):
        row = Verdict.objects.get(command_kind="set_daily_budget")
        replay(row)
        lies = {
            "decision": "allow",
            "reason": "kill_switch_active",
            "input": {**row.input, "kill_engaged": True},
            "input_digest": "0" * 64,
        }
        assert row.input["kill_engaged"] is False
        found = 0
        for name, lie in lies.items():
            true = getattr(row, name)
            setattr(row, name, lie)
            with pytest.raises(AssertionError):
                replay(row)
            found += 1
            setattr(row, name, true)
    print(f"BAR replay control {len(lies)} altered verdicts, {found} found")
    assert found == len(lies)
