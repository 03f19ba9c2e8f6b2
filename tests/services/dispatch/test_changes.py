"""Changes of what runs: conflict, approval, kill switch, authority, order, removal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import OutboxEvent
from campaigns.dispatch.loop import run_once
from campaigns.models import Campaign, Dispatch, KillSwitch, PendingAction
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from tests.cast import NOW
from tests.services.dispatch.fake import dollars, unknown
from tests.services.dispatch.world import (
    budget_step,
    intend,
    launch_steps,
    make_tree,
    status_step,
)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def running(world, platform):
    """A launched campaign whose fake twin exists with 50 dollars a day."""
    tree = make_tree(world)
    intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    platform.calls.clear()
    return tree


def change_budget(world, tree, *, seen=50, to=60, **kwargs):
    expects = {
        "object_type": "campaign",
        "object_id": str(tree.campaign.id),
        "values": {"budget_micros": seen * 1_000_000, "status": "ACTIVE"},
    }
    kwargs = {"kind": "set_daily_budget", "expects": expects} | kwargs
    return intend(world, tree, [budget_step(tree.campaign, to)], **kwargs)


def remote(platform):
    return platform.of("campaign")[0]


def set_remote(platform, **values):
    platform.objects[remote(platform).external_id] = replace(remote(platform), **values)


def propose(world, tree, job, *, status="approved"):
    with tenant_tx(world.tenant_id):
        return PendingAction.objects.create(
            tenant_id=world.tenant_id,
            business=world.cast.test_business,
            environment="test",
            campaign_id=tree.campaign.id,
            status=status,
            command_kind="set_daily_budget",
            command={},
            command_digest="d",
            target_type="campaign",
            target_id=tree.campaign.id,
            target_name="Spring",
            fingerprint="f",
            proposer_kind="api_key",
            proposer_id="key_1",
            channel="rest",
            risk="low",
            verdict_id=job,
            expires_at=later(3600),
            created_at=NOW,
        )


def engage(world, *, stop_delivery=False, engaged=True, epoch=1):
    with tenant_tx(world.tenant_id):
        KillSwitch.objects.update_or_create(
            business=world.cast.test_business,
            defaults={
                "tenant_id": world.tenant_id,
                "is_engaged": engaged,
                "stop_delivery": stop_delivery,
                "epoch": epoch,
            },
        )


def test_budget_change_reaches_platform_and_row(world, platform, running):
    job = change_budget(world, running)
    run_once(NOW)
    assert world.dispatch(job).state == "done"
    assert remote(platform).budget == dollars(60)
    assert world.row(Campaign, running.campaign.id).budget_micros == 60_000_000


def test_value_changed_outside_is_a_conflict_and_nothing_is_sent(world, platform, running):
    pending = propose(world, running, running.campaign.id)
    job = change_budget(world, running, pending_action_id=pending.id)
    set_remote(platform, budget=dollars(55))
    run_once(NOW)
    assert platform.calls == []
    dispatch = world.dispatch(job)
    assert (dispatch.state, dispatch.error_code) == ("failed", "stale_value")
    row = world.row(PendingAction, pending.id)
    assert (row.status, row.current["budget_micros"]) == ("conflict", 55_000_000)


def test_approved_change_ends_as_dispatched(world, platform, running):
    pending = propose(world, running, running.campaign.id)
    change_budget(world, running, pending_action_id=pending.id)
    run_once(NOW)
    assert world.row(PendingAction, pending.id).status == "dispatched"


def test_withdrawn_approval_sends_nothing(world, platform, running):
    pending = propose(world, running, running.campaign.id, status="pending")
    job = change_budget(world, running, pending_action_id=pending.id)
    run_once(NOW)
    assert platform.calls == []
    assert world.dispatch(job).state == "failed"
    assert world.row(PendingAction, pending.id).status == "pending"


def test_unreadable_target_waits_and_sends_nothing(world, platform, running):
    job = change_budget(world, running)
    platform.read_error = PlatformError("unavailable", "down")
    run_once(NOW)
    assert (world.dispatch(job).state, platform.calls) == ("ready", [])
    platform.read_error = None
    run_once(later(10))
    assert world.dispatch(job).state == "done"


def test_cut_update_that_took_hold_is_not_repeated(world, platform, running):
    job = change_budget(world, running)
    platform.after[0] = unknown()
    run_once(NOW)
    run_once(later(2))
    assert world.dispatch(job).state == "done"
    assert [name for name, _ in platform.calls] == ["update"]


def test_cut_update_that_did_not_take_hold_is_repeated(world, platform, running):
    job = change_budget(world, running)
    platform.before[0] = unknown()
    run_once(NOW)
    run_once(later(2))
    assert world.dispatch(job).state == "done"
    assert [name for name, _ in platform.calls] == ["update", "update"]


def test_kill_switch_holds_a_ready_change(world, platform, running):
    job = change_budget(world, running)
    engage(world)
    run_once(NOW)
    assert (world.dispatch(job).state, platform.calls) == ("held", [])


def test_released_kill_switch_still_holds_what_was_decided_before_it(world, platform, running):
    job = change_budget(world, running)
    engage(world, engaged=False, epoch=1)
    run_once(NOW)
    assert (world.dispatch(job).state, platform.calls) == ("held", [])


def test_stop_passes_the_kill_switch_and_an_unknown_launch(world, platform, running):
    change_budget(world, running)
    platform.before[0] = unknown()
    run_once(NOW)
    engage(world, stop_delivery=True)
    job = intend(
        world,
        running,
        [status_step("campaign", running.campaign.id, "PAUSED")],
        kind="stop_delivery",
        survives_kill=True,
        now=NOW,
    )
    assert run_once(later(0.5), stops_only=True) == 1
    assert world.dispatch(job).state == "done"
    assert remote(platform).status == "PAUSED"


def test_kill_switch_in_the_middle_of_a_launch_activates_nothing(world, platform):
    tree = make_tree(world)
    platform.on_write = lambda number: engage(world, stop_delivery=True) if number == 2 else None
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    assert (world.dispatch(job).state, world.dispatch(job).needs_person) == ("held", True)
    assert len(platform.calls) == 3
    assert {item.status for item in platform.objects.values()} == {"PAUSED"}


def test_activation_in_flight_when_delivery_is_stopped_is_taken_back(world, platform):
    tree = make_tree(world)
    platform.on_write = lambda number: engage(world, stop_delivery=True) if number == 6 else None
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    assert [name for name, _ in platform.calls[-2:]] == ["set_status:ACTIVE", "set_status:PAUSED"]
    assert world.dispatch(job).state == "done"
    assert world.row(Campaign, tree.campaign.id).status == "PAUSED"
    with tenant_tx(world.tenant_id, readonly=True):
        assert KillSwitch.objects.get().stopped_campaigns == [str(tree.campaign.id)]


def test_second_change_of_a_campaign_waits_for_the_one_in_flight(world, platform, running):
    first = change_budget(world, running)
    platform.before[0] = unknown()
    run_once(NOW)
    second = change_budget(world, running, seen=60, to=70)
    platform.lookup_error = platform.read_error = PlatformError("unavailable", "down")
    run_once(later(2))
    assert (world.dispatch(first).state, world.dispatch(second).state) == ("unknown", "ready")
    platform.read_error = None
    run_once(later(30))
    run_once(later(32))
    assert remote(platform).budget == dollars(70)


def test_claim_is_taken_once(world, platform, running):
    from campaigns.dispatch.claims import claim
    from campaigns.dispatch.work import Ticker

    job = change_budget(world, running)
    ticker = Ticker(NOW)
    assert claim(world.tenant_id, job, ticker=ticker) is not None
    assert claim(world.tenant_id, job, ticker=ticker) is None
    assert world.dispatch(job).fence == 1


def test_lost_fence_writes_nothing(world, platform, running):
    job = change_budget(world, running)

    def steal(_number):
        with tenant_tx(world.tenant_id):
            Dispatch.objects.filter(pk=job).update(fence=9)

    platform.on_write = steal
    run_once(NOW)
    assert (world.dispatch(job).fence, world.dispatch(job).state) == (9, "sent")
    assert world.row(Campaign, running.campaign.id).budget_micros == 50_000_000


def test_every_finished_change_is_one_event(world, platform, running):
    change_budget(world, running)
    run_once(NOW)
    with tenant_tx(world.tenant_id, readonly=True):
        types = list(OutboxEvent.objects.values_list("event_type", flat=True))
    assert types.count("campaign.updated") == 1
    assert types.count("ads.write.dispatched") == 2


def test_a_worker_that_is_always_too_late_gives_the_change_back_unsent(
    world, platform, running, monkeypatch
):
    from campaigns.dispatch import send

    marks = []
    real = send.mark_sent
    monkeypatch.setattr(send, "mark_sent", lambda *args: marks.append(1) or real(*args))
    monkeypatch.setattr(send, "CHECK_GOOD_FOR_S", -1)
    job = change_budget(world, running)
    run_once(NOW)
    assert (len(marks), platform.calls) == (send.MARKS, [])
    dispatch = world.dispatch(job)
    assert (dispatch.state, dispatch.error_kind) == ("ready", "unavailable")
    assert [step.state for step in world.steps(job)] == ["ready"]
    monkeypatch.undo()
    monkeypatch.setattr("campaigns.dispatch.writers.connect", lambda account: (platform, platform))
    run_once(later(5))
    assert world.dispatch(job).state == "done"
