"""Approving, rejecting, undoing: who may, when, and what is left behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import OutboxEvent, Verdict
from accounts.services.keys import create_key
from campaigns import approvals
from campaigns.models import Ad, AdSet, Campaign, Dispatch, PendingAction
from campaigns.views.diff import diff_rows
from core.actors import Role
from core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.models import PlatformAsset
from tests.cast import NOW
from tests.services.campaigns.readers import FakeReader
from tests.services.campaigns.stage import (
    MICROS,
    act,
    camp_id,
    connect,
    count,
    create,
    fresh,
    running,
    set_modes,
)


@pytest.fixture
def reader(monkeypatch):
    fake = FakeReader().install(monkeypatch)
    fake.show("120001", budget_micros=50 * MICROS, budget_type="daily", status="ACTIVE")
    return fake


@pytest.fixture
def proposal(acme, reader):
    """A budget rise an agent proposed for a running campaign."""
    set_modes(acme, tactical="draft", structural="draft")
    campaign = running(acme, connect(acme))
    outcome = act(
        acme,
        "set_daily_budget",
        campaign_id=camp_id(campaign),
        budget_micros=80 * MICROS,
        currency="USD",
    )
    return fresh(acme, PendingAction, outcome.pending_action_id)


def pa(row):
    return encode("pa", row.id)


def test_approve_opens_a_dispatch_after_the_undo_window(acme, proposal):
    row = approvals.approve(pa(proposal), actor=acme.person(Role.APPROVER), now=NOW, comment="ok")
    with tenant_tx(acme.tenant.id):
        dispatch = Dispatch.objects.get()
    assert (row.status, row.dispatch_id, row.not_reread) == ("approved", dispatch.id, False)
    assert dispatch.next_attempt_at == NOW + timedelta(seconds=30)
    assert dispatch.pending_action_id == row.id
    assert row.current == {"budget_micros": 50 * MICROS}
    assert count(acme, OutboxEvent, event_type="approval.approved") == 1
    assert count(acme, Verdict) == 2


def test_approve_twice_is_refused(acme, proposal):
    approvals.approve(pa(proposal), actor=acme.person(Role.APPROVER), now=NOW)
    with pytest.raises(approvals.NotPendingError):
        approvals.approve(pa(proposal), actor=acme.person(Role.ADMIN), now=NOW)
    assert count(acme, Dispatch) == 1


def test_approve_of_a_moved_value_is_a_conflict_and_sends_nothing(acme, proposal, reader):
    reader.show("120001", budget_micros=65 * MICROS)
    row = approvals.approve(pa(proposal), actor=acme.person(Role.APPROVER), now=NOW)
    assert (row.status, row.current) == ("conflict", {"budget_micros": 65 * MICROS})
    assert count(acme, Dispatch) == 0


def rise(acme, proposal):
    """The agent's proposal of the same rise, once more."""
    return act(
        acme,
        "set_daily_budget",
        campaign_id=encode("camp", proposal.campaign_id),
        budget_micros=80 * MICROS,
        currency="USD",
    )


def test_the_same_proposal_on_a_moved_value_replaces_the_one_that_waits(acme, proposal):
    with tenant_tx(acme.tenant.id):
        Campaign.objects.filter(pk=proposal.campaign_id).update(budget_micros=65 * MICROS)
    outcome = rise(acme, proposal)
    row = fresh(acme, PendingAction, outcome.pending_action_id)
    assert (outcome.status, outcome.duplicate) == ("pending_approval", False)
    assert (row.before, row.supersedes_id) == ({"budget_micros": 65 * MICROS}, proposal.id)
    assert fresh(acme, PendingAction, pa(proposal)).status == "superseded"
    assert count(acme, OutboxEvent, event_type="approval.superseded") == 1
    assert rise(acme, proposal).pending_action_id == outcome.pending_action_id
    assert count(acme, PendingAction) == 2


def test_a_conflict_is_not_proposed_again_beside_its_open_twin(acme, proposal, reader):
    approver = acme.person(Role.APPROVER)
    reader.show("120001", budget_micros=65 * MICROS)
    approvals.approve(pa(proposal), actor=approver, now=NOW)
    with tenant_tx(acme.tenant.id):
        Campaign.objects.filter(pk=proposal.campaign_id).update(budget_micros=65 * MICROS)
    twin = rise(acme, proposal)
    found = approvals.propose_again(pa(proposal), actor=approver, now=NOW)
    assert (found.pending_action_id, found.duplicate) == (twin.pending_action_id, True)
    assert count(acme, PendingAction) == 2


def test_conflict_is_proposed_again_on_the_current_value(acme, proposal, reader):
    reader.show("120001", budget_micros=65 * MICROS)
    approver = acme.person(Role.APPROVER)
    approvals.approve(pa(proposal), actor=approver, now=NOW)
    outcome = approvals.propose_again(pa(proposal), actor=approver, now=NOW)
    again = fresh(acme, PendingAction, outcome.pending_action_id)
    assert again.before == {"budget_micros": 65 * MICROS}
    assert (again.supersedes_id, again.proposer_id) == (proposal.id, acme.agent.id)
    row = approvals.approve(pa(again), actor=approver, now=NOW)
    assert row.status == "approved"


def test_platform_away_is_marked_not_reread(acme, proposal, reader):
    reader.error = PlatformError("unavailable", "away")
    row = approvals.approve(pa(proposal), actor=acme.person(Role.APPROVER), now=NOW)
    assert (row.status, row.not_reread) == ("approved", True)


def test_undo_brings_it_back_and_ends_the_dispatch(acme, proposal):
    approver = acme.person(Role.APPROVER)
    approvals.approve(pa(proposal), actor=approver, now=NOW)
    row = approvals.undo(pa(proposal), actor=approver, now=NOW + timedelta(seconds=29))
    with tenant_tx(acme.tenant.id):
        dispatch = Dispatch.objects.get()
    assert (row.status, row.dispatch_id) == ("pending", None)
    assert (dispatch.state, dispatch.error_kind) == ("failed", "withdrawn")
    assert approvals.approve(pa(proposal), actor=approver, now=NOW).status == "approved"


def test_undo_after_the_window_is_too_late(acme, proposal):
    approver = acme.person(Role.APPROVER)
    approvals.approve(pa(proposal), actor=approver, now=NOW)
    with pytest.raises(ConflictError) as caught:
        approvals.undo(pa(proposal), actor=approver, now=NOW + timedelta(seconds=30))
    assert caught.value.code == "too_late"
    assert fresh(acme, PendingAction, proposal.id).status == "approved"


def test_undo_of_a_launch_removes_what_it_had_prepared(acme, reader):
    connect(acme)
    set_modes(acme, structural="draft")
    created = create(acme)
    outcome = act(acme, "launch_campaign", campaign_id=created.created_id)
    approver = acme.person(Role.APPROVER)
    approvals.approve(outcome.pending_action_id, actor=approver, now=NOW)
    assert (count(acme, AdSet), count(acme, Ad)) == (1, 1)
    approvals.undo(outcome.pending_action_id, actor=approver, now=NOW)
    assert (count(acme, AdSet), count(acme, Ad)) == (0, 0)
    campaign = fresh(acme, Campaign, created.created_id)
    assert (campaign.status, campaign.effective_status) == ("DRAFT", "PENDING_APPROVAL")


def test_reject_needs_a_reason_and_starts_the_cool_down(acme, proposal):
    approver = acme.person(Role.APPROVER)
    with pytest.raises(InvalidError):
        approvals.reject(pa(proposal), actor=approver, now=NOW, comment=" ")
    row = approvals.reject(pa(proposal), actor=approver, now=NOW, comment="Too dear")
    assert (row.status, row.decision_comment) == ("rejected", "Too dear")
    payload = {"campaign_id": proposal.command["campaign_id"], "currency": "USD"}
    with pytest.raises(ConflictError) as caught:
        act(acme, "set_daily_budget", **payload, budget_micros=80 * MICROS)
    assert caught.value.code == "duplicate_of"
    assert caught.value.details["duplicate_of"] == pa(proposal)
    later = act(
        acme,
        "set_daily_budget",
        now=NOW + timedelta(hours=25),
        **payload,
        budget_micros=80 * MICROS,
    )
    assert later.status == "pending_approval"


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, True),
        (Role.ADMIN, True),
        (Role.APPROVER, True),
        (Role.BUYER, True),
        (Role.ANALYST, False),
    ],
)
def test_roles_decide_an_agents_proposal(acme, proposal, role, allowed):
    if allowed:
        assert approvals.approve(pa(proposal), actor=acme.person(role), now=NOW).status
        return
    with pytest.raises(ForbiddenError) as caught:
        approvals.approve(pa(proposal), actor=acme.person(role), now=NOW)
    assert caught.value.code == "policy_refused"
    assert count(acme, Dispatch) == 0


def key_actor(acme, *, scopes, root, granted=True):
    with tenant_tx(acme.tenant.id):
        key, _ = create_key(
            tenant_id=acme.tenant.id,
            user_id=acme.people[Role.ADMIN].id,
            name="second",
            environment="test",
            scopes=scopes,
            root=root,
            now=NOW,
            granted_by_person=granted,
        )
    key_id = encode("key", key.id)
    return replace(
        acme.agent, id=key_id, roots=(key_id, root), scopes=frozenset(scopes), label="second"
    )


def test_proposing_key_never_approves(acme, proposal):
    agent = replace(acme.agent, scopes=acme.agent.scopes | {"ads:write:pending"})
    with pytest.raises(ForbiddenError) as caught:
        approvals.approve(pa(proposal), actor=agent, now=NOW)
    assert caught.value.code == "self_approval"
    assert fresh(acme, PendingAction, proposal.id).status == "pending"
    assert count(acme, Dispatch) == 0
    assert count(acme, Verdict, reason="self_approval") == 1


def test_key_of_the_same_root_never_approves(acme, proposal):
    root = encode("user", acme.people[Role.OWNER].id)
    second = key_actor(acme, scopes=["ads:read", "ads:write:pending"], root=root)
    with pytest.raises(ForbiddenError) as caught:
        approvals.approve(pa(proposal), actor=second, now=NOW)
    assert caught.value.code == "self_approval"


def test_key_with_another_root_and_the_granted_scope_approves(acme, proposal):
    root = encode("user", acme.people[Role.ADMIN].id)
    second = key_actor(acme, scopes=["ads:read", "ads:write:pending"], root=root)
    assert approvals.approve(pa(proposal), actor=second, now=NOW).status == "approved"


def test_key_without_the_scope_does_not_even_see_it(acme, proposal):
    root = encode("user", acme.people[Role.ADMIN].id)
    second = key_actor(acme, scopes=["ads:read"], root=root)
    with pytest.raises(NotFoundError):
        approvals.approve(pa(proposal), actor=second, now=NOW)


def need_four_eyes(acme):
    from campaigns.models import BusinessPolicy

    with tenant_tx(acme.tenant.id):
        BusinessPolicy.objects.create(
            tenant_id=acme.tenant.id,
            business=acme.test_business,
            version=1,
            undo_window_s=0,
            approval_expiry_h=72,
            four_eyes_micros=10 * MICROS,
            created_by="u",
            created_at=NOW,
        )


@pytest.mark.parametrize("proposer", ["the owner", "the owner's key"])
def test_four_eyes_need_another_person_than_the_proposer_or_who_gave_its_key(
    acme, reader, proposer
):
    campaign = running(acme, connect(acme))
    need_four_eyes(acme)
    owner = acme.person(Role.OWNER)
    outcome = act(
        acme,
        "set_daily_budget",
        actor=owner if proposer == "the owner" else acme.agent,
        campaign_id=camp_id(campaign),
        budget_micros=80 * MICROS,
        currency="USD",
    )
    assert outcome.status == "pending_approval"
    with pytest.raises(ForbiddenError) as caught:
        approvals.approve(outcome.pending_action_id, actor=owner, now=NOW)
    assert caught.value.code == "self_approval"
    with tenant_tx(acme.tenant.id, readonly=True):
        assert PendingAction.objects.get().status == "pending"
        assert Dispatch.objects.count() == 0
    row = approvals.approve(outcome.pending_action_id, actor=acme.person(Role.ADMIN), now=NOW)
    assert row.status == "approved"


def test_live_needs_a_fresh_factor(acme, reader):
    account = connect(acme, acme.live_business)
    campaign = running(acme, account, business=acme.live_business)
    agent = replace(acme.agent, environment="live")
    outcome = act(
        acme,
        "set_daily_budget",
        actor=agent,
        campaign_id=camp_id(campaign),
        budget_micros=80 * MICROS,
        currency="USD",
    )
    assert outcome.status == "pending_approval"
    stale = replace(acme.person(Role.OWNER), strong_auth_at=NOW.timestamp() - 901)
    with pytest.raises(ForbiddenError) as caught:
        approvals.approve(outcome.pending_action_id, actor=stale, now=NOW)
    assert caught.value.code == "reauthentication_required"
    fresh_owner = acme.person(Role.OWNER)
    assert approvals.approve(outcome.pending_action_id, actor=fresh_owner, now=NOW).status


def test_proposer_cancels_and_others_do_not(acme, proposal):
    with pytest.raises(ForbiddenError):
        approvals.cancel(pa(proposal), actor=acme.person(Role.BUYER), now=NOW)
    assert approvals.cancel(pa(proposal), actor=acme.agent, now=NOW).status == "cancelled"


def test_another_key_of_the_same_person_does_not_cancel(acme, proposal):
    sibling = encode("key", acme.people[Role.ADMIN].id)
    other = replace(
        acme.agent,
        id=sibling,
        roots=(sibling, acme.key.root),
        scopes=acme.agent.scopes | {"ads:write:pending"},
    )
    with pytest.raises(ForbiddenError) as caught:
        approvals.cancel(pa(proposal), actor=other, now=NOW)
    assert caught.value.code == "not_the_proposer"
    assert fresh(acme, PendingAction, pa(proposal)).status == "pending"
    assert approvals.cancel(pa(proposal), actor=acme.person(), now=NOW).status == "cancelled"


def test_expired_is_neither_approved_nor_kept_pending(acme, proposal):
    late = proposal.expires_at + timedelta(seconds=1)
    with pytest.raises(ConflictError) as caught:
        approvals.approve(pa(proposal), actor=acme.person(Role.OWNER), now=late)
    assert caught.value.code == "expired"
    assert approvals.expire_due(late) == 1
    assert approvals.expire_due(late) == 0
    assert fresh(acme, PendingAction, proposal.id).status == "expired"
    assert count(acme, OutboxEvent, event_type="approval.expired") == 1


def test_reminder_is_sent_once_at_four_fifths(acme, proposal):
    close = NOW + timedelta(hours=58)
    assert approvals.remind_due(NOW + timedelta(hours=57)) == 0
    assert approvals.remind_due(close) == 1
    assert approvals.remind_due(close) == 0


def test_snoozed_row_leaves_the_inbox_until_then(acme, proposal):
    from campaigns import queries

    owner = acme.person(Role.OWNER)
    until = NOW + timedelta(hours=2)
    approvals.snooze(pa(proposal), actor=owner, now=NOW, until=until)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert list(queries.list_pending(owner, now=NOW)) == []
        assert [row.id for row in queries.list_pending(owner, now=until)] == [proposal.id]
        assert queries.count_capped(queries.list_pending(owner, {"axis": "tactical"})) == (1, False)
        assert not queries.list_pending(owner, {"axis": "creative"}).exists()


def test_rival_cannot_decide(acme, rival, proposal):
    with pytest.raises(NotFoundError):
        approvals.approve(pa(proposal), actor=rival.person(Role.OWNER), now=NOW)
    assert fresh(acme, PendingAction, proposal.id).status == "pending"


@pytest.fixture
def launch(acme, reader):
    """A launch an agent proposed, of a campaign with an ad set and an ad of its own."""
    connect(acme)
    set_modes(acme, structural="draft", creative="draft", tactical="draft")
    created = create(acme)
    places = {"locations": [{"value": "US"}]}
    ad_set = act(
        acme, "create_ad_set", campaign_id=created.created_id, name="Set", targeting=places
    )
    said = {"primary_text": "Books", "link_url": "https://acme.example/"}
    ad = act(acme, "create_ad", ad_set_id=ad_set.created_id, name="Ad", creative=said)
    outcome = act(acme, "launch_campaign", campaign_id=created.created_id)
    return outcome, {"campaign_id": created.created_id}, ad_set.created_id, ad.created_id


def edits(launch):
    _, campaign, ad_set, ad = launch
    said = {"primary_text": "Pills", "link_url": "https://evil.example/"}
    return {
        "budget": ("set_daily_budget", {**campaign, "budget_micros": 9000 * MICROS}),
        "end": ("set_schedule", {**campaign, "end_date": "2027-01-31"}),
        "name": ("update_campaign", {**campaign, "name": "Other"}),
        "platforms": ("update_campaign", {**campaign, "platforms": ["instagram"]}),
        "creative": ("update_ad", {"ad_id": ad, "creative": said}),
        "targeting": (
            "set_targeting",
            {"ad_set_id": ad_set, "targeting": {"locations": [{"value": "DE"}]}},
        ),
        "one more ad": ("create_ad", {"ad_set_id": ad_set, "name": "More", "creative": said}),
    }


@pytest.mark.parametrize(
    "edit", ["budget", "end", "name", "platforms", "creative", "targeting", "one more ad"]
)
def test_what_was_edited_after_a_launch_was_proposed_is_not_launched(acme, launch, edit):
    kind, fields = edits(launch)[edit]
    currency = {"currency": "USD"} if "budget_micros" in fields else {}
    assert act(acme, kind, **fields, **currency).status == "applied"
    outcome = launch[0]
    row = approvals.approve(outcome.pending_action_id, actor=acme.person(Role.APPROVER), now=NOW)
    assert (row.status, count(acme, Dispatch)) == ("conflict", 0)
    campaign = fresh(acme, Campaign, launch[1]["campaign_id"])
    assert (campaign.status, campaign.effective_status) == ("DRAFT", "DRAFT")


def test_another_default_page_is_not_what_was_approved(acme, launch):
    with tenant_tx(acme.tenant.id):
        pages = PlatformAsset.objects.filter(kind="page")
        pages.update(external_id="page_of_another")
    row = approvals.approve(launch[0].pending_action_id, actor=acme.person(Role.APPROVER), now=NOW)
    assert (row.status, count(acme, Dispatch)) == ("conflict", 0)


def test_a_launch_shows_all_that_goes_live(acme, launch):
    row = fresh(acme, PendingAction, launch[0].pending_action_id)
    shown = {line.label: line.proposed for line in diff_rows(row.before, row.after, currency="USD")}
    assert shown["Ads · 1 · Link"] == "https://acme.example/"
    assert shown["Ads · 1 · Text"] == "Books"
    assert shown["Ad sets · 1 · Countries"] == "US"
    assert shown["Campaign · Page"] == "page1"
    assert shown["Budget"] == "$50.00"
    assert not any("digest" in label.lower() for label in shown)


def test_an_edited_launch_is_proposed_anew_and_the_same_one_is_not(acme, launch):
    outcome, campaign, _ad_set, _ad = launch
    again = act(acme, "launch_campaign", **campaign)
    assert (again.pending_action_id, again.duplicate) == (outcome.pending_action_id, True)
    act(acme, "update_campaign", **campaign, name="Other")
    newer = act(acme, "launch_campaign", **campaign, supersedes=outcome.pending_action_id)
    assert newer.pending_action_id != outcome.pending_action_id
    assert fresh(acme, PendingAction, outcome.pending_action_id).status == "superseded"
    row = approvals.approve(newer.pending_action_id, actor=acme.person(Role.APPROVER), now=NOW)
    assert row.status == "approved"
