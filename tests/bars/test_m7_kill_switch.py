"""M7: the kill switch thrown at random moments while launches run in dispatcher processes."""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Business
from campaigns.dispatch.loop import run_once
from campaigns.models import Dispatch, DispatchStep
from campaigns.services import engage_kill_switch
from core.clock import now
from core.tenancy import tenant_tx
from tests.bars.money_path import LONG, Launches, dispatchers, prepare
from tests.simulator_process import running_simulator

pytestmark = [pytest.mark.bar, pytest.mark.clock]
BUSINESSES, LAUNCHES = (50, 20) if LONG else (6, 4)
GRACE = timedelta(seconds=1)


@dataclass
class Late:
    """What started more than a second after the switch had committed, over all businesses."""

    calls: int = 0
    activations: int = 0
    running: int = 0
    stopped_within_s: float = 0.0


def businesses(cast) -> list:
    casts = [cast]
    with tenant_tx(cast.tenant.id):
        for number in range(1, BUSINESSES):
            row = Business.objects.create(
                tenant_id=cast.tenant.id,
                name=f"acme {number}",
                environment="test",
                created_at=now(),
            )
            casts.append(replace(cast, test_business=row, extra={}))
    return casts


def throw(plan: Launches, at: float) -> datetime:
    """Engage the switch of a plan's business `at` seconds from now; the moment it committed."""
    time.sleep(at)
    cast = plan.world.cast
    engage_kill_switch(cast.test_business.id, actor=cast.person(), now=now(), stop_delivery=True)
    return now()


def measure(plans: list[Launches], thrown: list[datetime]) -> Late:
    late = Late()
    for plan, moment in zip(plans, thrown, strict=True):
        with tenant_tx(plan.world.tenant_id, readonly=True):
            mine = DispatchStep.objects.filter(
                dispatch__business=plan.world.cast.test_business, sent_at__gt=moment + GRACE
            )
            started = [
                params
                for params in mine.values_list("params", flat=True)
                if params.get("status") != "PAUSED"
            ]
            stops = Dispatch.objects.filter(
                business=plan.world.cast.test_business, command_kind="stop_delivery"
            )
            waits = [(d.steps.get().sent_at - d.created_at).total_seconds() for d in stops]
        late.calls += len(started)
        late.activations += sum(1 for params in started if params.get("status") == "ACTIVE")
        if waits:
            late.stopped_within_s = max(late.stopped_within_s, min(waits))
        objects = plan.sim.objects(plan.accounts[0].external_id, kind="campaign")
        late.running += sum(1 for one in objects if one["status"] == "ACTIVE")
    return late


def run(cast, tmp_path, settings, **env) -> tuple[Late, int, int]:
    mode = "loops" if connection.vendor == "postgresql" else "embedded"
    with running_simulator(folder=tmp_path) as sim:
        plans = [prepare(one, sim, accounts=1) for one in businesses(cast)]
        settings.SIMULATOR_URL = sim.url
        for plan in plans:
            plan.plan(1, ads=0)
        run_once(now())
        assert plans[0].states() == {"done": BUSINESSES}
        for plan in plans:
            plan.plan(LAUNCHES, ads=1)
        sim.faults(rules=[{"kind": "slow", "seconds": 0.3, "methods": ["POST"]}])
        workers = 1 if mode == "embedded" else 2
        with dispatchers(
            sim.url, tmp_path / "fleet", mode=mode, workers=workers, DISPATCH_LEASE_S="10", **env
        ) as fleet:
            begin = time.monotonic()
            while plans[0].states()["ready"] == BUSINESSES * LAUNCHES:
                assert time.monotonic() - begin < 60, fleet.log()[-2000:]
                time.sleep(0.05)
            draw = fleet.draw
            thrown = [throw(plan, draw.uniform(0.5, 5.0)) for plan in plans]
            deadline = time.monotonic() + 60
            while plans[0].open_jobs() and time.monotonic() < deadline:
                time.sleep(0.1)
            assert mode == "loops" or fleet.is_reporting()
            states = plans[0].states()
            late = measure(plans, thrown)
        return late, states["held"], states["done"]


def test_m7_after_the_switch_no_call_starts_and_nothing_is_activated(
    acme_committed, tmp_path, settings
):
    late, held, done = run(acme_committed, tmp_path, settings)
    print(
        f"BAR M7 {BUSINESSES} kills amid {BUSINESSES * LAUNCHES} launches ({held} held, {done} "
        f"done or stopped): {late.calls} calls and {late.activations} activations started more "
        f"than 1.0 s after commit, {late.running} still running, "
        f"stops began within {late.stopped_within_s:.2f} s"
    )
    assert held > 0
    assert (late.calls, late.activations, late.running) == (0, 0, 0)
    assert late.stopped_within_s <= 1.0


def test_m7_control_a_cached_flag_lets_calls_through(acme_committed, tmp_path, settings):
    late, _held, _done = run(acme_committed, tmp_path, settings, CONTROL="cached_flag")
    print(f"BAR M7 control: a cached flag lets {late.calls} calls start")
    assert late.calls > 0
