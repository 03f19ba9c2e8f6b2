"""The desk: what a failed or held change left is continued, removed or acknowledged by a person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import AuditEvent, OutboxEvent, Verdict
from campaigns import services
from campaigns.commands import RemoveRemains
from campaigns.dispatch.loop import run_once
from campaigns.gateway import submit
from campaigns.models import Ad, AdSet, Campaign, Dispatch, PendingAction, SpendExposure
from campaigns.services import desk
from campaigns.sync import readback
from core.actors import Role
from core.errors import ConflictError, ForbiddenError, NotFoundError
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.models import AdAccount
from tests.cast import NOW
from tests.replay import replay_tenant
from tests.services.campaigns.stage import act, connect, create
from tests.services.dispatch.fake import dollars, unknown


def later(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def cast(acme_committed, platform, monkeypatch, settings):
    settings.DISPATCH_LEASE_S = 60
    settings.RECONCILE_LAG_S = 0
    monkeypatch.setattr(desk, "open_reader", lambda account, timeout_s: platform)
    connect(acme_committed)
    yield acme_committed
    replay_tenant([acme_committed.tenant.id])


def launch(cast, actor=None):
    """A launch by the agent: campaign, ad set, creative, ad, then three activations."""
    public = create(cast).created_id
    act(cast, "launch_campaign", actor=actor, campaign_id=public)
    run_once(NOW)
    return public


@pytest.fixture
def failed(cast, platform):
    """A launch that failed for good at its creative: campaign and ad set stand there, paused."""
    platform.before[2] = PlatformError("invalid", "no")
    public = launch(cast)
    platform.calls.clear()
    return public


@pytest.fixture
def held(cast, platform):
    """A launch that the kill switch, released since, stopped after the campaign and the ad set."""

    def throw(number):
        if number == 1:
            engage(cast)

    platform.on_write = throw
    public = launch(cast)
    platform.on_write = lambda _number: None
    platform.calls.clear()
    assert job_of(cast).state == "held"
    services.release_kill_switch(
        cast.test_business.id, actor=cast.person(), now=NOW, restore_delivery=True
    )
    return public


def engage(cast):
    services.engage_kill_switch(
        cast.test_business.id, actor=cast.person(Role.BUYER), now=NOW, stop_delivery=False
    )


def rows(cast, model, **where):
    with tenant_tx(cast.tenant.id, readonly=True):
        return list(model.objects.filter(**where).order_by("id"))


def job_of(cast):
    """The launch that waits at the desk, or waited there."""
    return rows(cast, Dispatch, command_kind="launch_campaign")[0]


def job_id(cast):
    return encode("job", job_of(cast).pk)


def remove(cast, role=Role.BUYER, now=NOW):
    return desk.remove_remains(job_id(cast), actor=cast.person(role), now=now)


def go_on(cast, role=Role.BUYER, now=NOW):
    return desk.continue_launch(job_id(cast), actor=cast.person(role), now=now)


def at_platform(platform):
    return sorted((one.object_type, one.status) for one in platform.objects.values())


GONE = [("ad_set", "DELETED"), ("campaign", "DELETED")]
ALL_RUN = [("ad", "ACTIVE"), ("ad_set", "ACTIVE"), ("campaign", "ACTIVE"), ("creative", "PAUSED")]


def test_what_a_failed_launch_left_is_removed_through_the_gate(cast, platform, failed):
    outcome = remove(cast)
    assert (outcome.status, outcome.action) == ("dispatching", "remove_remains")
    assert platform.calls == []
    run_once(NOW)
    assert at_platform(platform) == GONE
    assert [name for name, _target in platform.calls] == ["set_status:DELETED"] * 2
    assert (job_of(cast).state, job_of(cast).needs_person) == ("failed", False)
    (campaign,) = rows(cast, Campaign)
    assert (campaign.external_id, campaign.status, campaign.effective_status) == (
        "", "DRAFT", "DRAFT",
    )  # fmt: skip
    assert campaign.issues == []
    (verdict,) = rows(cast, Verdict, command_kind="remove_remains")
    assert (verdict.decision, verdict.reason) == ("allow", "person")
    assert len(rows(cast, OutboxEvent, event_type="ads.write.removed")) == 1
    assert rows(cast, SpendExposure)[0].running_micros == 0
    with pytest.raises(ConflictError) as caught:
        remove(cast)
    assert caught.value.code == "nothing_to_remove"


def test_a_removed_campaign_can_be_launched_again(cast, platform, failed):
    remove(cast)
    run_once(NOW)
    act(cast, "launch_campaign", campaign_id=failed)
    run_once(NOW)
    alive = [pair for pair in at_platform(platform) if pair[1] != "DELETED"]
    assert alive == ALL_RUN


def test_agents_and_roles_that_do_not_edit_settle_nothing(cast, platform, failed, rival_committed):
    for actor in (cast.agent, cast.person(Role.ANALYST), cast.person(Role.APPROVER)):
        for settle in (desk.remove_remains, desk.continue_launch, desk.acknowledge):
            with pytest.raises(ForbiddenError):
                settle(job_id(cast), actor=actor, now=NOW)
    for settle in (desk.remove_remains, desk.continue_launch, desk.acknowledge):
        with pytest.raises(NotFoundError):
            settle(job_id(cast), actor=rival_committed.person(), now=NOW)
    run_once(NOW)
    assert (platform.calls, job_of(cast).needs_person) == ([], True)


def test_the_gate_itself_denies_an_agent_the_removal(cast, platform, failed):
    command = RemoveRemains(campaign_id=failed, job_id=job_id(cast))
    outcome = submit(command, actor=cast.agent, now=NOW)
    assert (outcome.status, outcome.reason) == ("denied", "policy_refused")
    run_once(NOW)
    assert platform.calls == []


def test_removal_is_possible_while_the_kill_switch_is_on(cast, platform, failed):
    engage(cast)
    assert remove(cast).status == "dispatching"
    run_once(NOW)
    assert at_platform(platform) == GONE


def test_a_held_launch_waits_at_the_desk_and_nowhere_else(cast, held):
    assert (job_of(cast).state, job_of(cast).needs_person) == ("held", True)
    assert rows(cast, PendingAction) == []
    assert rows(cast, Campaign)[0].effective_status == "HELD"


def test_a_held_launch_is_continued_with_what_is_missing(cast, platform, held):
    outcome = go_on(cast)
    assert (outcome.status, outcome.action) == ("dispatching", "launch_campaign")
    run_once(NOW)
    assert at_platform(platform) == ALL_RUN
    assert [name for name, _target in platform.calls] == [
        "create_creative",
        "create_ad",
        *["set_status:ACTIVE"] * 3,
    ]
    assert (job_of(cast).state, job_of(cast).needs_person) == ("failed", False)
    verdicts = rows(cast, Verdict, command_kind="launch_campaign")
    assert [one.actor_id for one in verdicts] == [cast.agent.id, cast.person(Role.BUYER).id]
    assert {one.status for model in (Campaign, AdSet, Ad) for one in rows(cast, model)} == {
        "ACTIVE"
    }
    for settle in (remove, go_on):
        with pytest.raises(ConflictError):
            settle(cast)
    run_once(NOW)
    assert at_platform(platform) == ALL_RUN


def test_a_held_launch_is_removed(cast, platform, held):
    remove(cast)
    run_once(NOW)
    assert at_platform(platform) == GONE
    assert (job_of(cast).state, job_of(cast).needs_person) == ("failed", False)
    assert rows(cast, SpendExposure)[0].reserved_micros == 0


def test_a_read_back_in_between_does_not_leave_parts_of_it_paused(cast, platform, held):
    with tenant_tx(cast.tenant.id, readonly=True):
        account = AdAccount.objects.select_related("connection").get()
        read = readback.known_objects(account, now=later(60))
    readback.read(read, platform)
    with tenant_tx(cast.tenant.id):
        for batch in readback.batches(read):
            readback.take_over(read, batch, today=NOW.date(), now=later(60))
    assert {one.status for model in (Campaign, AdSet) for one in rows(cast, model)} == {"DRAFT"}
    go_on(cast, now=later(70))
    run_once(later(70))
    assert at_platform(platform) == ALL_RUN


def test_nothing_is_continued_while_the_kill_switch_is_on(cast, platform, held):
    engage(cast)
    with pytest.raises(ForbiddenError) as caught:
        go_on(cast)
    assert caught.value.code == "kill_switch_active"
    run_once(NOW)
    assert (platform.calls, job_of(cast).state) == ([], "held")


def gone(platform, campaign):
    del platform.objects[platform.of("ad_set")[0].external_id]


def deleted(platform, campaign):
    platform.objects[campaign.external_id] = replace(campaign, status="DELETED")


def dearer(platform, campaign):
    platform.objects[campaign.external_id] = replace(campaign, budget=dollars(500))


def running(platform, campaign):
    platform.objects[campaign.external_id] = replace(campaign, status="ACTIVE")


@pytest.mark.parametrize("change", [gone, deleted, dearer, running])
def test_what_has_moved_at_the_platform_is_not_continued(cast, platform, held, change):
    change(platform, platform.of("campaign")[0])
    before = at_platform(platform)
    with pytest.raises(ConflictError) as caught:
        go_on(cast)
    assert caught.value.code == "stale_value"
    run_once(NOW)
    assert (platform.calls, at_platform(platform)) == ([], before)
    assert (job_of(cast).state, job_of(cast).needs_person) == ("held", True)


def test_without_a_look_at_the_platform_nothing_is_continued(cast, platform, held):
    platform.read_error = PlatformError("unavailable", "down")
    with pytest.raises(desk.UnreadableError):
        go_on(cast)
    run_once(NOW)
    assert (platform.calls, job_of(cast).state) == ([], "held")


def test_a_continued_launch_is_decided_anew(cast, platform, held):
    services.set_ceiling(
        cast.test_business.id,
        actor=cast.person(),
        now=NOW,
        scope="business",
        limit_micros=1_000_000,
        currency="USD",
    )
    outcome = go_on(cast)
    assert (outcome.status, outcome.reason) == ("denied", "ceiling_exceeded")
    run_once(NOW)
    assert platform.calls == []
    assert job_of(cast).needs_person is True
    remove(cast)
    run_once(NOW)
    assert at_platform(platform) == GONE


def test_a_failed_launch_that_was_launched_again_is_off_the_desk_and_safe(cast, platform, failed):
    act(cast, "launch_campaign", campaign_id=failed)
    run_once(NOW)
    assert at_platform(platform) == ALL_RUN
    assert job_of(cast).needs_person is False
    with pytest.raises(ConflictError):
        remove(cast)
    run_once(NOW)
    assert at_platform(platform) == ALL_RUN


def test_while_another_change_is_under_way_nothing_is_removed(cast, platform, failed):
    act(cast, "launch_campaign", campaign_id=failed)
    with pytest.raises(ConflictError) as caught:
        remove(cast)
    assert caught.value.code == "in_flight"
    run_once(NOW)
    assert at_platform(platform) == ALL_RUN


def test_a_removal_that_fails_midway_stays_at_the_desk_and_is_finished_later(
    cast, platform, failed
):
    platform.before[1] = PlatformError("permission", "no")
    remove(cast)
    run_once(NOW)
    assert at_platform(platform) == [("ad_set", "DELETED"), ("campaign", "PAUSED")]
    assert (job_of(cast).state, job_of(cast).needs_person) == ("failed", True)
    again = remove(cast, now=later(5))
    assert again.before == {"at_platform": [platform.of("campaign")[0].external_id]}
    run_once(later(5))
    assert at_platform(platform) == GONE
    assert job_of(cast).needs_person is False


def test_a_person_takes_off_the_desk_what_they_have_seen_to(cast, platform, failed):
    desk.acknowledge(job_id(cast), actor=cast.person(Role.BUYER), now=NOW)
    assert job_of(cast).needs_person is False
    (row,) = rows(cast, AuditEvent, event_type="ads.write.acknowledged")
    assert len(row.facts["left"]) == 2
    with pytest.raises(ConflictError):
        desk.acknowledge(job_id(cast), actor=cast.person(Role.BUYER), now=NOW)
    with pytest.raises(ConflictError):
        remove(cast)
    assert platform.calls == []


def test_what_is_still_unknown_or_held_is_not_taken_off_the_desk(cast, held):
    for state in ("held", "unknown"):
        with tenant_tx(cast.tenant.id):
            Dispatch.objects.filter(pk=job_of(cast).pk).update(state=state)
        with pytest.raises(ConflictError):
            desk.acknowledge(job_id(cast), actor=cast.person(Role.BUYER), now=NOW)


def test_a_change_held_after_an_empty_look_up_is_free_of_doubt(cast, platform):
    platform.before[0] = unknown()
    launch(cast)
    engage(cast)
    for seconds in (2, 65, 130):
        run_once(later(seconds))
    assert (job_of(cast).state, job_of(cast).needs_person) == ("held", False)
    services.release_kill_switch(
        cast.test_business.id, actor=cast.person(), now=later(140), restore_delivery=False
    )
    (proposal,) = rows(cast, PendingAction)
    assert (proposal.status, proposal.command_kind) == ("pending", "launch_campaign")
    assert job_of(cast).state == "failed"
