"""D1: launches through dispatchers that are killed, at a platform that cuts its answers."""

import pytest
from django.db import connection

from tests.bars.money_path import FAULTS, LONG, dispatchers, prepare, run_until_done
from tests.simulator_process import running_simulator

pytestmark = pytest.mark.bar
LAUNCHES, KILLS, ODDS = (2000, 100, 1200) if LONG else (40, 6, 160)
CONTROL_LAUNCHES, CONTROL_MINIMUM = (300, 20) if LONG else (10, 1)


def run(cast, tmp_path, *, launches, kills, mode="loops", odds=ODDS, **env):
    with running_simulator(folder=tmp_path) as sim:
        plan = prepare(cast, sim, accounts=max(1, launches // 25))
        sim.faults(rules=FAULTS, seed=11)
        plan.plan(launches)
        points = f"*=kill%{odds}" if odds else ""
        workers = 1 if mode == "embedded" else 2
        with dispatchers(
            sim.url, tmp_path / "fleet", workers=workers, mode=mode, failpoints=points, **env
        ) as fleet:
            took = run_until_done(plan, fleet, kills=kills, seconds=60 + launches * 2)
        faults = sim.fault_counts()
        sim.faults(rules=[])
        return plan, plan.count(), plan.states(), fleet, faults, took


def test_launches_killed_and_cut_are_made_exactly_once(acme_committed, tmp_path):
    mode = "loops" if connection.vendor == "postgresql" else "embedded"
    _plan, count, states, fleet, faults, took = run(
        acme_committed, tmp_path, launches=LAUNCHES, kills=KILLS, mode=mode
    )
    points = fleet.points
    print(
        f"BAR D1 {mode}: {count.launches} launches, {count.objects} objects, "
        f"{fleet.total_kills} kills ({fleet.kills} random, {sum(points.values())} at "
        f"{len(points)} points), {sum(faults.values())} faults, {took:.0f} s: "
        f"{count.duplicates} duplicates, {count.lost} lost, "
        f"{count.launches - states['done']} unfinished"
    )
    print("BAR D1 kills by point: " + ", ".join(f"{k}={v}" for k, v in sorted(points.items())))
    assert states == {"done": count.launches}, fleet.log()[-3000:]
    assert (count.duplicates, count.lost) == (0, 0)
    assert count.active == count.running == count.launches
    assert mode == "loops" or (fleet.folder / "pids.blocked").exists()
    assert len(points) >= (8 if LONG else 3)


def test_without_reconcile_the_same_harness_finds_duplicates(acme_committed, tmp_path):
    mode = "loops" if connection.vendor == "postgresql" else "embedded"
    _plan, count, *_ = run(
        acme_committed,
        tmp_path,
        launches=CONTROL_LAUNCHES,
        kills=0,
        odds=0,
        mode=mode,
        RECONCILE_ENABLED="0",
    )
    print(f"BAR D1 control: resending blindly makes {count.duplicates} duplicates")
    assert count.duplicates >= CONTROL_MINIMUM
