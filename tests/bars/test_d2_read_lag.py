"""D2: lists of the platform that show a create late."""

import pytest
from django.conf import settings

from tests.bars.money_path import FAULTS, LONG, dispatchers, prepare, run_until_done
from tests.simulator_process import running_simulator

pytestmark = [
    pytest.mark.bar,
    pytest.mark.clock,
    pytest.mark.skipif(not settings.IS_POSTGRES, reason="runs once, on PostgreSQL"),
]
LAUNCHES = 200 if LONG else 8


def run(cast, tmp_path, *, lag_s: int, declared_s: int, lease_s: int, seconds: int) -> tuple:
    with running_simulator(folder=tmp_path) as sim:
        plan = prepare(cast, sim, accounts=max(1, LAUNCHES // 25))
        rules = [{**rule, "share": rule["share"] * 1.5} for rule in FAULTS]
        sim.faults(rules=rules, read_lag_s=lag_s, seed=5)
        plan.plan(LAUNCHES)
        with dispatchers(
            sim.url,
            tmp_path / "fleet",
            workers=1,
            RECONCILE_LAG_S=str(declared_s),
            DISPATCH_LEASE_S=str(lease_s),
        ) as fleet:
            took = run_until_done(plan, fleet, seconds=seconds)
        sim.faults(rules=[])
        return plan.count(), plan.states(), took


@pytest.mark.parametrize("lag_s", [0, 1, 5])
def test_d2_creates_shown_late_are_not_made_twice(acme_committed, tmp_path, lag_s):
    count, states, took = run(
        acme_committed,
        tmp_path,
        lag_s=lag_s,
        declared_s=lag_s,
        lease_s=2,
        seconds=180 + 3 * LAUNCHES,
    )
    print(
        f"BAR D2 lag {lag_s} s: {count.launches} launches, {took:.0f} s, "
        f"{count.duplicates} duplicates, {count.lost} lost"
    )
    assert states == {"done": LAUNCHES}
    assert (count.duplicates, count.lost) == (0, 0)


def test_d2_control_a_lease_shorter_than_the_lag_makes_duplicates(acme_committed, tmp_path):
    count, _states, _took = run(
        acme_committed, tmp_path, lag_s=5, declared_s=0, lease_s=2, seconds=40
    )
    print(f"BAR D2 control: lease 2 s, lag 5 s: {count.duplicates} duplicates")
    assert count.duplicates > 0
