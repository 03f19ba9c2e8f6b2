"""D5, D7: what the bell was for is found without it."""

import os
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from campaigns.domain.steps import StepPlan
from campaigns.models import Dispatch
from core.clock import now
from core.tenancy import tenant_tx
from tests.bars.money_path import FAULTS, LONG, Launches, dispatchers, prepare, run_until_done
from tests.services.dispatch.world import intend, launch_steps, make_tree
from tests.simulator_process import free_port, running_simulator

pytestmark = [pytest.mark.bar, pytest.mark.clock]
CRASHES = 100 if LONG else 15
LAUNCHES = 200 if LONG else 12
SWEPT_WITHIN_S = 15


def mode() -> str:
    return "loops" if connection.vendor == "postgresql" else "embedded"


def first_step(plan: Launches) -> tuple:
    tree = make_tree(plan.world, name="Crashed", ads=0)
    steps: list[StepPlan] = launch_steps(plan.world, tree)[:1]
    return tree, steps


def crash_after_commit(plan: Launches) -> None:
    """Commit an intent in a child that dies in its first on_commit callback, before the bell."""
    tree, steps = first_step(plan)
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            with tenant_tx(plan.world.tenant_id):
                transaction.on_commit(lambda: os._exit(9))
                intend(plan.world, tree, steps, now=now())
        finally:
            os._exit(1)
    _pid, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 9


def crash_and_sweep(cast, tmp_path, *, wait_s: float, **env: str) -> tuple[int, float]:
    """How many of the crashed intents are done after `wait_s` at most, and after how long."""
    with running_simulator(folder=tmp_path) as sim:
        plan = prepare(cast, sim, accounts=1)
        tree, steps = first_step(plan)
        warm = intend(plan.world, tree, steps, now=now())
        with dispatchers(sim.url, tmp_path / "fleet", mode=mode(), workers=1, **env) as fleet:
            run_until_done(plan, fleet, seconds=60, pause=0.1)
            assert plan.states() == {"done": 1}, "the loops have made their first round"
            for _ in range(CRASHES):
                crash_after_commit(plan)
            started = time.monotonic()
            while plan.open_jobs() and time.monotonic() - started < wait_s:
                time.sleep(0.1)
            took = time.monotonic() - started
            with tenant_tx(plan.world.tenant_id, readonly=True):
                done = Dispatch.objects.filter(state="done").exclude(pk=warm).count()
            assert mode() == "loops" or fleet.is_reporting()
        return done, took


def test_d7_a_crash_between_commit_and_bell_loses_nothing(acme_committed, tmp_path):
    done, took = crash_and_sweep(acme_committed, tmp_path, wait_s=SWEPT_WITHIN_S)
    print(f"BAR D7 {mode()}: {done} of {CRASHES} crashed intents dispatched, {took:.1f} s after")
    assert done == CRASHES


def test_d7_control_without_the_beat_they_wait_for_ever(acme_committed, tmp_path):
    done, _took = crash_and_sweep(acme_committed, tmp_path, wait_s=4, DISPATCH_BEAT_S="3600")
    print(f"BAR D7 control: without the beat {done} of {CRASHES} are dispatched")
    assert done == 0


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def own_redis(folder):
    """A Redis of this test alone, which it may flush and stop."""
    port = free_port()
    arguments = ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    server = subprocess.Popen(arguments, cwd=folder, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    try:
        while not answers(port):
            assert time.monotonic() < deadline, "Redis does not start"
            time.sleep(0.05)
        yield server, f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


def flushed_and_killed(cast, tmp_path, *, seconds: float, **env: str) -> tuple:
    """Launches whose bells are tripled, then flushed, then gone with Redis itself."""
    import redis

    with running_simulator(folder=tmp_path) as sim, own_redis(tmp_path) as (server, url):
        plan = prepare(cast, sim, accounts=1)
        sim.faults(rules=FAULTS, seed=3)
        bell = redis.Redis.from_url(url)
        with dispatchers(sim.url, tmp_path / "fleet", REDIS_URL=url, **env) as fleet:
            plan.plan(LAUNCHES)
            for _ in range(3):
                bell.lpush("bell:campaigns.dispatch", "1", "1", "1")
                time.sleep(0.2)
            bell.flushall()
            time.sleep(0.5)
            server.kill()
            took = run_until_done(plan, fleet, seconds=seconds)
        bell.close()
        sim.faults(rules=[])
        return plan.count(), plan.states(), took


REDIS = pytest.mark.skipif(not settings.REDIS_URL, reason="needs Redis beside PostgreSQL")


@REDIS
def test_d5_redis_flushed_and_lost_costs_time_only(acme_committed, tmp_path):
    count, states, took = flushed_and_killed(acme_committed, tmp_path, seconds=120)
    print(
        f"BAR D5 bells tripled, flushed, Redis killed: {states['done']} of {LAUNCHES} launches in "
        f"{took:.0f} s, {count.duplicates} duplicates, {count.lost} lost"
    )
    assert states == {"done": LAUNCHES}
    assert (count.duplicates, count.lost) == (0, 0)


@REDIS
def test_d5_control_work_that_only_a_message_starts_is_never_finished(acme_committed, tmp_path):
    count, states, _took = flushed_and_killed(
        acme_committed, tmp_path, seconds=15, CONTROL="messages_only"
    )
    open_ones = LAUNCHES - states["done"]
    print(
        f"BAR D5 control: where only a message starts work, {open_ones} of {LAUNCHES} launches "
        f"stay unfinished, {count.lost} objects are missing"
    )
    assert open_ones > 0
