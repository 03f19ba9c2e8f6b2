"""M1 and M2: one proposal, many deciders at once. M5 and M6: what has moved or expired."""

import os
import random
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from campaigns import approvals
from campaigns.approvals import NotPendingError
from campaigns.models import Dispatch, PendingAction
from core.actors import Role
from core.errors import AppError
from core.ids import new_uuid
from core.tenancy import tenant_tx
from tests.bars.threads import TOGETHER, race
from tests.cast import NOW
from tests.replay import replay_tenant
from tests.services.campaigns.readers import FakeReader
from tests.services.campaigns.stage import MICROS, act, camp_id, connect, running, set_modes

pytestmark = pytest.mark.bar
LONG = os.environ.get("BARS") == "long"


@pytest.fixture
def reader(monkeypatch):
    fake = FakeReader().install(monkeypatch)
    fake.show("120001", budget_micros=50 * MICROS, budget_type="daily", status="ACTIVE")
    return fake


@pytest.fixture
def stage(acme_committed, reader):
    """A running campaign whose tactical changes wait for a person."""
    set_modes(acme_committed, tactical="draft", structural="draft")
    return acme_committed, running(acme_committed, connect(acme_committed))


def propose(cast, campaign, dollars, now=NOW):
    outcome = act(
        cast,
        "set_daily_budget",
        campaign_id=camp_id(campaign),
        budget_micros=dollars * MICROS,
        currency="USD",
        now=now,
    )
    return outcome.pending_action_id


def counts(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Dispatch.objects.count(), Counter(
            PendingAction.objects.values_list("status", flat=True)
        )


def test_m1_64_threads_approve_one_action(stage):
    cast, campaign = stage
    actions = 20 if LONG else 4
    ids = [propose(cast, campaign, 60 + number) for number in range(actions)]
    owner = cast.person(Role.OWNER)
    won = lost = 0
    for pending_id in ids:
        results = race(
            TOGETHER, lambda _, key=pending_id: approvals.approve(key, actor=owner, now=NOW)
        )
        won += sum(isinstance(result, PendingAction) for result in results)
        lost += sum(isinstance(result, NotPendingError) for result in results)
        others = [r for r in results if not isinstance(r, PendingAction | NotPendingError)]
        assert others == []
    dispatches, states = counts(cast)
    print(f"BAR M1 threads={TOGETHER} actions={actions} dispatches={dispatches} refused={lost}")
    assert (dispatches, won, lost) == (actions, actions, actions * (TOGETHER - 1))
    assert states == {"approved": actions}
    replay_tenant([cast.tenant.id])


def test_m1_control_reading_before_writing_doubles(stage):
    cast, campaign = stage
    pending_id = propose(cast, campaign, 60)
    arrived = threading.Barrier(16)
    made = []

    def careless(number):
        with tenant_tx(cast.tenant.id, readonly=True):
            row = PendingAction.objects.get()
            pending = row.status == "pending"
        arrived.wait(timeout=30)
        if pending:
            with tenant_tx(cast.tenant.id):
                PendingAction.objects.filter(pk=row.pk).update(status="approved")
            made.append(new_uuid())

    race(16, careless)
    print(f"BAR M1 control read-then-write dispatches={len(made)} of 1 ({pending_id[:3]})")
    assert len(made) > 1


def test_m2_exactly_one_end(stage):
    cast, campaign = stage
    rounds = 1000 if LONG else 25
    owner, admin = cast.person(Role.OWNER), cast.person(Role.ADMIN)
    late = NOW + timedelta(hours=73)
    moves = [
        lambda key: approvals.approve(key, actor=owner, now=NOW),
        lambda key: approvals.reject(key, actor=admin, now=NOW, comment="no"),
        lambda key: approvals.cancel(key, actor=cast.agent, now=NOW),
        lambda _: approvals.expire_due(late),
    ]
    ends = Counter()
    for number in range(rounds):
        pending_id = propose(cast, campaign, 60 + number)

        def move(index, key=pending_id, seed=number):
            time.sleep(random.Random(seed * 4 + index).random() * 0.05 if index else 0)
            return moves[index](key)

        results = race(len(moves), move)
        unexpected = [
            r for r in results if isinstance(r, Exception) and not isinstance(r, AppError)
        ]
        assert unexpected == []
        with tenant_tx(cast.tenant.id):
            row = PendingAction.objects.get(pk=_key(pending_id))
            ends[row.status] += 1
            assert row.status in ("approved", "rejected", "cancelled", "expired")
            dispatches = Dispatch.objects.filter(pending_action_id=row.pk)
            assert dispatches.count() == (1 if row.status == "approved" else 0)
            said = AuditEvent.objects.filter(
                event_type__startswith="approval.", facts__pending_action_id=pending_id
            ).exclude(event_type="approval.requested")
            assert [one.event_type for one in said] == [f"approval.{row.status}"]
            dispatches.update(state="done")
    print(f"BAR M2 races={rounds} ends={dict(ends)}")
    assert sum(ends.values()) == rounds


def test_m2_control_reading_before_writing_ends_twice(stage):
    cast, campaign = stage
    pending_id = propose(cast, campaign, 60)
    states = ["approved", "rejected", "cancelled", "expired"]
    arrived = threading.Barrier(len(states))
    ends = []

    def careless(number):
        with tenant_tx(cast.tenant.id, readonly=True):
            pending = PendingAction.objects.get(pk=_key(pending_id)).status == "pending"
        arrived.wait(timeout=30)
        if pending:
            with tenant_tx(cast.tenant.id):
                PendingAction.objects.filter(pk=_key(pending_id)).update(status=states[number])
            ends.append(states[number])

    race(len(states), careless)
    print(f"BAR M2 control read-then-write: one proposal ends {len(ends)} times")
    assert len(ends) > 1


def _key(pending_id):
    from core.ids import decode

    return decode("pa", pending_id)


def test_m5_moved_values_are_never_dispatched(stage, reader):
    cast, campaign = stage
    tries = 200 if LONG else 20
    conflicts = 0
    for number in range(tries):
        pending_id = propose(cast, campaign, 60 + number)
        reader.show("120001", budget_micros=(51 + number) * MICROS)
        row = approvals.approve(pending_id, actor=cast.person(Role.OWNER), now=NOW)
        conflicts += row.status == "conflict"
        reader.show("120001", budget_micros=50 * MICROS)
    dispatches, _ = counts(cast)
    print(f"BAR M5 moved={tries} stale={conflicts} dispatched={dispatches}")
    assert (conflicts, dispatches) == (tries, 0)


def test_m5_control_without_the_second_read_all_would_be_sent(stage, reader, monkeypatch):
    from campaigns.approvals.reread import Seen

    module = sys.modules["campaigns.approvals.approve"]
    cast, campaign = stage
    monkeypatch.setattr(module, "read_now", lambda row: Seen())
    pending_id = propose(cast, campaign, 60)
    reader.show("120001", budget_micros=51 * MICROS)
    row = approvals.approve(pending_id, actor=cast.person(Role.OWNER), now=NOW)
    print(f"BAR M5 control without re-read: {row.status}")
    assert row.status == "approved"


def approve_around_the_expiry(cast, campaign) -> tuple[int, int, int]:
    """Proposals tried, approved, sent after their expiry. Deciders' clocks are up to 60 s off; the
    time of the send is the true one.
    """
    owner = cast.person(Role.OWNER)
    tried = sent_late = approved = 0
    offsets = (-120, -91, -90, -61, -31, -1, 0, 1, 59, 60, 61)
    for number, true_offset in enumerate(offsets):
        for skew in (-60, 0, 60):
            pending_id = propose(cast, campaign, 100 + number * 3 + skew // 60)
            expires = NOW + timedelta(hours=72)
            clock = expires + timedelta(seconds=true_offset + skew)
            tried += 1
            try:
                row = approvals.approve(pending_id, actor=owner, now=clock)
            except NotPendingError:
                approvals.expire_due(expires + timedelta(minutes=5))
                continue
            approved += 1
            with tenant_tx(cast.tenant.id):
                dispatch = Dispatch.objects.get(pending_action_id=row.pk)
                decided_at = expires + timedelta(seconds=true_offset)
                window = dispatch.next_attempt_at - clock
                sent_late += decided_at + window > expires
                Dispatch.objects.filter(pk=dispatch.pk).update(state="done")
                PendingAction.objects.filter(pk=row.pk).update(status="dispatched")
    return tried, approved, sent_late


def test_m6_nothing_leaves_after_the_expiry(stage):
    tried, approved, sent_late = approve_around_the_expiry(*stage)
    print(f"BAR M6 tries={tried} approved={approved} dispatched_after_expiry={sent_late}")
    assert sent_late == 0
    assert approved > 0


def test_m6_control_an_expiry_seen_at_the_decision_only_sends_late(stage, monkeypatch):
    module = sys.modules["campaigns.approvals.approve"]
    monkeypatch.setattr(module, "is_past", lambda row, now, **_window: now > row.expires_at)
    tried, _approved, sent_late = approve_around_the_expiry(*stage)
    print(f"BAR M6 control expiry without window and skew: {sent_late} of {tried} sent late")
    assert sent_late > 0
