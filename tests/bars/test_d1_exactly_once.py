"""D1: launches through dispatchers that are killed, at a platform that cuts its answers."""

from collections import Counter

import pytest
from django.db import connection

from tests.bars.money_path import (
    AFTER_COMMIT,
    FAULTS,
    LONG,
    SOUND,
    dispatchers,
    prepare,
    run_until_done,
)
from tests.simulator_process import running_simulator

pytestmark = [pytest.mark.bar, pytest.mark.clock]
LAUNCHES = 2000 if LONG else 40
RANDOM_KILLS, POINT_KILLS, SPREAD = (100, 120, 600) if LONG else (6, 12, 15)
CONTROL_LAUNCHES, CONTROL_MINIMUM = (300, 20) if LONG else (10, 1)
MODE = "loops" if connection.vendor == "postgresql" else "embedded"


def run(cast, tmp_path, *, launches, kills, **env):
    with running_simulator(folder=tmp_path) as sim:
        plan = prepare(cast, sim, accounts=max(1, launches // 25))
        sim.faults(rules=[*FAULTS, SOUND], seed=11)
        plan.plan(launches)
        workers = 1 if MODE == "embedded" else 2
        with dispatchers(
            sim.url,
            tmp_path / "fleet",
            workers=workers,
            mode=MODE,
            kills=POINT_KILLS if kills else 0,
            spread=SPREAD,
            **env,
        ) as fleet:
            took = run_until_done(plan, fleet, kills=kills, seconds=60 + launches * 2)
            if MODE == "embedded":
                fleet.wait_for_report()
        calls = Counter(sim.fault_counts())
        sim.faults(rules=[])
        return plan.count(), plan.states(), fleet, calls, took


def test_launches_killed_and_cut_are_made_exactly_once(acme_committed, tmp_path):
    count, states, fleet, calls, took = run(
        acme_committed, tmp_path, launches=LAUNCHES, kills=RANDOM_KILLS
    )
    points = fleet.points
    after = sum(calls[kind] for kind in AFTER_COMMIT)
    print(
        f"BAR D1 {MODE}: {count.launches} launches, {count.objects} objects, "
        f"{fleet.total_kills} kills ({fleet.kills} random, {points.total()} at {len(points)} "
        f"points), {after} of {calls.total()} calls ({after / calls.total():.1%}) cut or failing "
        f"after the commit, {calls['error_before']} before it, {took:.0f} s: "
        f"{count.duplicates} duplicates, {count.lost} lost, "
        f"{count.launches - states['done']} unfinished"
    )
    print("BAR D1 kills by point: " + ", ".join(f"{k}={v}" for k, v in sorted(points.items())))
    assert states == {"done": count.launches}, fleet.log()[-3000:]
    assert (count.duplicates, count.lost) == (0, 0)
    assert count.active == count.running == count.launches
    assert len(points) >= 8
    if LONG:
        assert fleet.total_kills >= 200
        assert after / calls.total() >= 0.15


def test_without_reconcile_the_same_harness_finds_duplicates(acme_committed, tmp_path):
    count, *_ = run(acme_committed, tmp_path, launches=CONTROL_LAUNCHES, kills=0, CONTROL="resend")
    print(f"BAR D1 control: resending blindly makes {count.duplicates} duplicates")
    assert count.duplicates >= CONTROL_MINIMUM
