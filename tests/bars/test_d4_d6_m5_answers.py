"""D4, D6, M5: what the loop makes of each answer, of a twin, and of a value that moved.

The loop runs in this process against a real simulator.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.cache import cache

from campaigns.dispatch import loop, reconcile
from campaigns.dispatch.loop import run_once
from campaigns.models import Dispatch
from core.clock import now
from core.http import platform_writes
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.meta import client
from platforms.meta.writer import MetaWriter
from platforms.queries import credentials
from tests.bars.money_path import LONG, Launches, prepare
from tests.services.dispatch.world import budget_step, intend
from tests.simulator_process import Simulator, running_simulator

pytestmark = [pytest.mark.bar, pytest.mark.clock]
AFTER_COMMIT = ["cut_after", "error_after", "bad_request_after", "error_in_200", "truncated"]
ANSWERS = ["slow", "error_before", "rate_limited_app", "expired_token", *AFTER_COMMIT]
CHANGED = 200 if LONG else 20


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def launches(acme_committed, sim, settings) -> Iterator[Launches]:
    settings.SIMULATOR_URL = sim.url
    settings.DISPATCH_LEASE_S, settings.DISPATCH_CALL_TIMEOUT_S = 2, 1
    settings.RECONCILE_LAG_S = 0
    yield prepare(acme_committed, sim, accounts=1)
    sim.faults(rules=[])


def drain(launches: Launches, *, seconds: float = 40, ahead_s: float = 0) -> None:
    """Run until nothing is open; `ahead_s` skips a wait the platform asked for."""
    deadline = time.monotonic() + seconds
    while launches.open_jobs() and time.monotonic() < deadline:
        if not run_once(now() + timedelta(seconds=ahead_s)):
            time.sleep(0.1)


def dispatch_of(launches: Launches, job: UUID) -> Dispatch:
    with tenant_tx(launches.world.tenant_id, readonly=True):
        return Dispatch.objects.get(pk=job)


def in_order(launches: Launches, kind: str, *, step: int) -> tuple[Dispatch, int, int]:
    """One launch whose `step`-th write meets the fault; its Dispatch, duplicates and lost."""
    edges = ["campaigns", "adsets", "adcreatives", "ads", "node"][step : step + 1]
    rule = {"kind": kind, "methods": ["POST"], "edges": edges, "times": 1, "seconds": 2.0}
    launches.sim.faults(rules=[rule])
    launches.jobs, launches.trees = [], []
    launches.plan(1, ads=1)
    waits = kind.startswith("rate_limited")
    if waits:
        run_once(now())
        assert run_once(now() + timedelta(seconds=50)) == 0
        cache.clear()
    drain(launches, ahead_s=61 if waits else 0)
    count = launches.count()
    return dispatch_of(launches, launches.jobs[0]), count.duplicates, count.lost


def test_d4_every_answer_ends_done_or_with_a_person(launches):
    ends: dict[str, int] = {}
    duplicates = 0
    answers = 0
    for kind in ANSWERS:
        for step in range(5) if LONG or kind == "bad_request_after" else (0,):
            dispatch, twins, _lost = in_order(launches, kind, step=step)
            expected = "failed" if kind == "expired_token" else "done"
            assert dispatch.state == expected, (kind, step, dispatch.error_message)
            duplicates += twins
            answers += 1
            ends[dispatch.state] = ends.get(dispatch.state, 0) + 1
            if kind == "expired_token":
                reconnect(launches)
    print(f"BAR D4 {answers} answers: {ends}, {duplicates} resent without a look-up")
    assert duplicates == 0


def reconnect(launches: Launches) -> None:
    connection = launches.accounts[0].connection
    with tenant_tx(launches.world.tenant_id):
        type(connection).objects.filter(pk=connection.pk).update(status="connected")


def test_d4_control_believing_a_400_loses_what_was_made(launches, monkeypatch):
    real = client.error_of

    def trusting(status, body, *, write, wait_s=0):
        error = real(status, body, write=write, wait_s=wait_s)
        return PlatformError("invalid", error.message) if status == 400 else error

    monkeypatch.setattr(client, "error_of", trusting)
    dispatch, _twins, lost = in_order(launches, "bad_request_after", step=0)
    made = len(launches.sim.objects(launches.accounts[0].external_id, kind="campaign"))
    print(f"BAR D4 control: a believed 400 ends {dispatch.state} with {made} campaign made")
    assert (dispatch.state, made >= 1, lost > 0) == ("failed", True, True)


def twin_launch(launches: Launches) -> tuple[Dispatch, list[str]]:
    """A launch whose first create is cut, and a second object with the same tag, ACTIVE."""
    launches.sim.faults(rules=[{"kind": "cut_after", "edges": ["campaigns"], "times": 1}])
    launches.jobs, launches.trees = [], []
    launches.plan(1, ads=1)
    run_once(now())
    account = launches.accounts[0]
    first = launches.sim.objects(account.external_id, kind="campaign")[-1]
    writer = MetaWriter(credentials(account))
    with platform_writes():
        reply = writer._client.post(
            f"{account.external_id}/campaigns",
            {
                "name": first["name"],
                "objective": "OUTCOME_TRAFFIC",
                "special_ad_categories": [],
                "daily_budget": "5000",
                "status": "ACTIVE",
            },
        )
    assert str(first["id"]) != reply["id"]
    drain(launches)
    objects = launches.sim.objects(account.external_id, kind="campaign")
    same = [one for one in objects if one["name"] == first["name"]]
    active = [str(one["id"]) for one in same if one["status"] == "ACTIVE"]
    assert len(same) == 2
    return dispatch_of(launches, launches.jobs[0]), active


def test_d6_of_two_objects_with_our_tag_one_runs(launches):
    dispatch, active = twin_launch(launches)
    print(
        f"BAR D6 forced twin: {len(active)} ACTIVE, flagged for a person: {dispatch.needs_person}"
    )
    assert (dispatch.state, dispatch.needs_person, len(active)) == ("done", True, 1)
    assert "Duplicate campaign" in dispatch.error_message


def test_d6_control_not_setting_aside_leaves_two_running(launches, monkeypatch):
    monkeypatch.setattr(reconcile, "set_aside_duplicates", lambda work, found, keep: None)
    _dispatch, active = twin_launch(launches)
    print(f"BAR D6 control: {len(active)} ACTIVE")
    assert len(active) == 2


def moved(launches: Launches) -> list[UUID]:
    """Launched campaigns, a budget change for each, and a person at the platform in between."""
    launches.jobs, launches.trees = [], []
    launches.plan(CHANGED, ads=1)
    drain(launches, seconds=CHANGED * 3)
    world = launches.world
    jobs = []
    for tree in launches.trees:
        with tenant_tx(world.tenant_id, readonly=True):
            tree.campaign.refresh_from_db()
        expects = {
            "object_type": "campaign",
            "object_id": str(tree.campaign.id),
            "values": {"budget_type": "daily", "budget_micros": 50_000_000, "status": "ACTIVE"},
        }
        steps = [budget_step(tree.campaign, 70)]
        jobs.append(intend(world, tree, steps, kind="set_daily_budget", expects=expects, now=now()))
        launches.sim.edit(tree.campaign.external_id, daily_budget=5500)
    drain(launches)
    return jobs


def budgets(launches: Launches) -> set[str]:
    objects = launches.sim.objects(launches.accounts[0].external_id, kind="campaign")
    return {str(one["data"]["daily_budget"]) for one in objects}


def test_m5_a_value_that_moved_is_stale_and_nothing_is_sent(launches):
    jobs = moved(launches)
    codes = [dispatch_of(launches, job).error_code for job in jobs]
    print(f"BAR M5 {codes.count('stale_value')} of {len(jobs)} stale, 0 dispatched")
    assert codes == ["stale_value"] * len(jobs)
    assert budgets(launches) == {"5500"}


def test_m5_control_without_the_read_every_change_goes_out(launches, monkeypatch):
    monkeypatch.setattr(loop, "_is_as_expected", lambda work: True)
    jobs = moved(launches)
    sent = [dispatch_of(launches, job).state for job in jobs].count("done")
    print(f"BAR M5 control: {sent} of {len(jobs)} dispatched over the moved value")
    assert (sent, budgets(launches)) == (len(jobs), {"7000"})
