"""A launch, step by step, against a platform in memory."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent, OutboxEvent
from campaigns.dispatch.loop import run_once
from campaigns.models import Ad, AdSet, Campaign, Creative
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from tests.cast import NOW
from tests.services.dispatch.fake import unknown
from tests.services.dispatch.world import intend, launch_steps, make_tree


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def events(world):
    with tenant_tx(world.tenant_id, readonly=True):
        return sorted(OutboxEvent.objects.values_list("event_type", flat=True))


def audit(world):
    with tenant_tx(world.tenant_id, readonly=True):
        return list(AuditEvent.objects.order_by("chain_seq").values_list("event_type", flat=True))


def test_launch_creates_paused_then_activates_top_last(world, platform):
    tree = make_tree(world, ads=2)
    job = intend(world, tree, launch_steps(world, tree))
    assert run_once(NOW) == 1
    names = [name for name, _target in platform.calls]
    assert names == [
        "create_campaign",
        "create_ad_set",
        "create_creative",
        "create_ad",
        "create_creative",
        "create_ad",
        *["set_status:ACTIVE"] * 4,
    ]
    assert platform.calls[-1][1] == platform.of("campaign")[0].external_id
    assert world.dispatch(job).state == "done"
    for model, pk in [
        (Campaign, tree.campaign.id),
        (AdSet, tree.ad_set.id),
        (Ad, tree.ads[0].id),
    ]:
        row = world.row(model, pk)
        assert (row.status, bool(row.external_id)) == ("ACTIVE", True)
    assert world.row(Creative, tree.creatives[0].id).external_id
    assert events(world) == ["ads.write.dispatched", "campaign.launched"]
    assert audit(world) == ["ads.write.dispatched"]


def test_launch_waits_until_not_before(world, platform):
    tree = make_tree(world)
    job = intend(world, tree, launch_steps(world, tree), delay_s=30)
    assert run_once(later(29)) == 0
    assert platform.calls == []
    assert run_once(later(31)) == 1
    assert world.dispatch(job).state == "done"


@pytest.mark.parametrize("step", range(8))
def test_launch_cut_after_commit_is_adopted_not_repeated(world, platform, step):
    tree = make_tree(world)
    platform.after[step] = unknown()
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    if step < 7:
        assert world.dispatch(job).state == "unknown"
    run_once(later(2))
    assert world.dispatch(job).state == "done"
    kinds = sorted(item.object_type for item in platform.objects.values())
    assert kinds == ["ad", "ad_set", "campaign", "creative"]
    parents = {kind: platform.of(kind)[0].external_id for kind in ("campaign", "ad_set")}
    under = {"ad_set": parents["campaign"], "ad": parents["ad_set"]}
    assert all(parent == under.get(kind, "") for kind, parent in platform.lookups)
    assert bool(platform.lookups) == (step < 4)


def test_launch_cut_before_commit_is_sent_again_after_lease_and_two_empty_lookups(world, platform):
    tree = make_tree(world)
    platform.before[0] = unknown()
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    run_once(later(2))
    run_once(later(85))
    assert platform.calls == [("create_campaign", "Spring")]
    run_once(later(95))
    assert world.steps(job)[0].lookups == 1
    assert len(platform.calls) == 1
    run_once(later(130))
    assert world.dispatch(job).state == "done"
    assert len(platform.of("campaign")) == 1


def test_launch_adopts_what_shows_late(world, platform):
    tree = make_tree(world)
    platform.after[0] = unknown()
    platform.hidden = 2
    job = intend(world, tree, launch_steps(world, tree))
    for seconds in (0, 2, 40, 95, 130):
        run_once(later(seconds))
    assert world.dispatch(job).state == "done"
    assert len(platform.of("campaign")) == 1


def test_invalid_answer_with_nothing_made_fails_for_good(world, platform):
    tree = make_tree(world)
    platform.before[1] = unknown("invalid")
    job = intend(world, tree, launch_steps(world, tree))
    for seconds in (0, 2, 33, 65):
        run_once(later(seconds))
    dispatch = world.dispatch(job)
    assert (dispatch.state, dispatch.error_kind, dispatch.needs_person) == (
        "failed",
        "invalid",
        True,
    )
    assert [item.status for item in platform.objects.values()] == ["PAUSED"]
    assert world.row(Campaign, tree.campaign.id).effective_status == "LAUNCH_FAILED"
    assert events(world) == ["ads.write.failed"]
    assert audit(world) == ["ads.write.failed"]


def test_answer_400_after_commit_is_adopted(world, platform):
    tree = make_tree(world)
    platform.after[0] = unknown("invalid")
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    run_once(later(2))
    assert world.dispatch(job).state == "done"
    assert len(platform.of("campaign")) == 1


def test_rate_limit_waits_as_long_as_asked(world, platform):
    tree = make_tree(world)
    platform.before[2] = PlatformError("rate_limited", "wait", retry_after_s=120)
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    assert run_once(later(110)) == 0
    run_once(later(125))
    assert world.dispatch(job).state == "done"
    assert len(platform.objects) == 4


def test_refused_token_expires_the_connection_and_fails(world, platform):
    tree = make_tree(world)
    platform.before[0] = PlatformError("auth", "expired", platform_code="190")
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    dispatch = world.dispatch(job)
    assert (dispatch.state, dispatch.error_kind, dispatch.needs_person) == (
        "failed",
        "auth",
        False,
    )
    with tenant_tx(world.tenant_id, readonly=True):
        world.account.connection.refresh_from_db()
    assert world.account.connection.status == "expired"
    assert events(world) == ["ads.write.failed", "connection.expired"]


def test_lookup_that_fails_stays_unknown_and_asks_a_person_after_15_minutes(world, platform):
    tree = make_tree(world)
    platform.after[0] = unknown()
    platform.lookup_error = PlatformError("unavailable", "down")
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    run_once(later(600))
    assert (world.dispatch(job).state, world.dispatch(job).needs_person) == ("unknown", False)
    run_once(later(1000))
    assert (world.dispatch(job).state, world.dispatch(job).needs_person) == ("unknown", True)
    assert len(platform.calls) == 1
    platform.lookup_error = None
    run_once(later(1100))
    dispatch = world.dispatch(job)
    assert (dispatch.state, dispatch.needs_person) == ("done", False)
    assert len(platform.of("campaign")) == 1


def test_duplicates_keep_the_oldest_and_pause_the_other(world, platform):
    tree = make_tree(world)
    platform.after[0] = unknown()
    job = intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    first = platform.of("campaign")[0]
    twin = platform.add("campaign", first.name, first.tag, status="ACTIVE")
    run_once(later(2))
    dispatch = world.dispatch(job)
    assert (dispatch.state, dispatch.needs_person) == ("done", True)
    assert twin in dispatch.error_message
    statuses = {item.external_id: item.status for item in platform.of("campaign")}
    assert statuses == {first.external_id: "ACTIVE", twin: "PAUSED"}
    assert world.row(Campaign, tree.campaign.id).external_id == first.external_id


def test_crash_after_mark_is_looked_up_after_the_lease(world, platform):
    tree = make_tree(world)
    job = intend(world, tree, launch_steps(world, tree))

    class Crash(BaseException):
        pass

    platform.after[0] = Crash()  # type: ignore[assignment]
    with pytest.raises(Crash):
        run_once(NOW)
    assert world.dispatch(job).state == "sent"
    assert run_once(later(59)) == 0
    run_once(later(61))
    assert world.dispatch(job).state == "done"
    assert len(platform.of("campaign")) == 1
