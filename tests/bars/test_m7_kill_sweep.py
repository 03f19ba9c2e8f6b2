"""M7b: the process that throws the kill switch is killed between its commit and the stops."""

import os
import subprocess
import sys
import time

import pytest
from django.db import connection

from campaigns.dispatch.loop import run_once
from campaigns.models import Dispatch, KillSwitch
from core.actors import Role
from core.clock import now
from core.tenancy import tenant_tx
from tests.bars.money_path import LONG, Launches, database_url, dispatchers, prepare
from tests.simulator_process import ROOT, running_simulator

pytestmark = [pytest.mark.bar, pytest.mark.clock]
RUNNING = 50 if LONG else 8
MODES = ("loops", "embedded") if connection.vendor == "postgresql" else ("embedded",)


def engage_and_die(cast) -> int:
    """Throw the switch in a process of its own that a failpoint kills; returns its exit code."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.services.campaigns.engage",
            str(cast.tenant.id),
            str(cast.test_business.id),
            str(cast.people[Role.APPROVER].id),
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url(),
            "ADAMANT_FAILPOINTS": "kill_switch.after_commit=kill",
        },
        check=False,
    ).returncode


def active(plan: Launches) -> int:
    objects = plan.sim.objects(plan.accounts[0].external_id, kind="campaign")
    return sum(1 for one in objects if one["status"] == "ACTIVE")


def stops(cast) -> list[Dispatch]:
    with tenant_tx(cast.tenant.id, readonly=True):
        return list(Dispatch.objects.filter(command_kind="stop_delivery"))


@pytest.mark.parametrize("mode", MODES)
def test_m7b_what_runs_is_stopped_although_the_thrower_died(
    acme_committed, tmp_path, settings, mode
):
    cast = acme_committed
    with running_simulator(folder=tmp_path) as sim:
        settings.SIMULATOR_URL = sim.url
        plan = prepare(cast, sim, accounts=1)
        plan.plan(RUNNING, ads=0)
        run_once(now())
        assert active(plan) == RUNNING
        assert engage_and_die(cast) == -9
        with tenant_tx(cast.tenant.id, readonly=True):
            assert KillSwitch.objects.get().is_engaged is True
        run_once(now())
        left = active(plan)
        print(f"BAR M7b control without the sweep {left} of {RUNNING} keep running")
        assert (left, stops(cast)) == (RUNNING, [])
        with dispatchers(sim.url, tmp_path / "fleet", mode=mode, workers=1) as fleet:
            begin = time.monotonic()
            while active(plan) and time.monotonic() - begin < 60:
                time.sleep(0.1)
            took = time.monotonic() - begin
            assert active(plan) == 0, fleet.log()[-2000:]
        found = stops(cast)
        print(
            f"BAR M7b {mode}: thrower killed after the commit, {RUNNING} of {RUNNING} running "
            f"campaigns stopped {took:.1f} s after the loops' start, {len(found)} stops"
        )
        assert len({stop.campaign_id for stop in found}) == len(found) == RUNNING
