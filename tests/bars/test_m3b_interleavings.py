"""M3b: random interleavings of everything that moves money, against what a platform charges."""

import os
import random
import sys
from collections import Counter
from datetime import timedelta

import pytest

from campaigns import approvals, queries, services, spend
from campaigns.models import Campaign, Dispatch, DispatchStep, PendingAction, SpendCeiling
from campaigns.models import SpendExposure as Exposure
from core.actors import Role
from core.errors import AppError
from core.ids import encode
from core.money import Money
from core.tenancy import tenant_tx
from tests.bars.market_ledger import Ledger, Remote
from tests.cast import NOW
from tests.services.campaigns.readers import FakeReader
from tests.services.campaigns.stage import MICROS, act, camp_id, connect, running, set_modes

pytestmark = pytest.mark.bar
STEPS = 100_000 if os.environ.get("BARS") == "long" else 600
LIMIT = 320 * MICROS


class Market:
    """Draws one move after another and checks the ceiling after each."""

    def __init__(self, cast, seed, reader):
        self.cast, self.draw, self.reader = cast, random.Random(seed), reader
        self.now, self.ledger, self.moves = NOW, Ledger(), Counter()
        self.unknown: dict[object, bool] = {}
        account = connect(cast)
        self.campaigns = []
        with tenant_tx(cast.tenant.id):
            for number in range(6):
                row = running(
                    cast,
                    account,
                    name=f"C{number}",
                    external_id=f"c{number}",
                    budget_micros=20 * MICROS,
                )
                self.campaigns.append(row.id)
                self.ledger.campaigns[row.id] = Remote(20 * MICROS, "ACTIVE", 35 * MICROS)
                spend.correct(row, Money(20 * MICROS, "USD"), "ACTIVE", now=self.now)
        owner = cast.person(Role.OWNER)
        for scope in ("business", "tenant"):
            services.set_ceiling(
                cast.test_business.id,
                actor=owner,
                now=NOW,
                scope=scope,
                limit_micros=LIMIT,
                currency="USD",
            )

    def campaign(self):
        key = self.draw.choice(self.campaigns)
        with tenant_tx(self.cast.tenant.id, readonly=True):
            return Campaign.objects.get(pk=key)

    def submit(self):
        row = self.campaign()
        actor = self.draw.choice([self.cast.agent, self.cast.person(Role.BUYER)])
        kind = self.draw.choice(["budget"] * 7 + ["pause", "resume", "resume"])
        public = camp_id(row)
        if kind == "budget":
            dollars = self.draw.randint(15, 90)
            act(
                self.cast,
                "set_daily_budget",
                actor,
                self.now,
                campaign_id=public,
                budget_micros=dollars * MICROS,
                currency="USD",
            )
        else:
            act(self.cast, f"{kind}_campaign", actor, self.now, campaign_id=public)

    def govern(self):
        set_modes(self.cast, tactical=self.draw.choice(["auto", "draft"]))

    def decide(self):
        with tenant_tx(self.cast.tenant.id, readonly=True):
            rows = list(PendingAction.objects.filter(status__in=["pending", "approved"])[:20])
        if not rows:
            return
        row = self.draw.choice(rows)
        owner, key = self.cast.person(Role.OWNER), encode("pa", row.pk)
        if row.status == "approved":
            approvals.undo(key, actor=owner, now=self.now)
        elif self.draw.random() < 0.85:
            for one in self.campaigns:
                seen = self.ledger.campaigns[one]
                self.reader.show(
                    self.external(one),
                    budget_micros=seen.budget,
                    budget_type="daily",
                    status=seen.status,
                )
            approvals.approve(key, actor=owner, now=self.now)
        else:
            approvals.reject(key, actor=owner, now=self.now, comment="no")

    def external(self, key):
        return f"c{self.campaigns.index(key)}"

    def send(self):
        """The oldest due change of a campaign: done, refused, or unknown for a while."""
        key = self.draw.choice(self.campaigns)
        with tenant_tx(self.cast.tenant.id):
            rows = Dispatch.objects.filter(campaign_id=key, state__in=["ready", "unknown"])
            row = rows.order_by("created_at", "id").first()
            if row is None or row.state == "unknown" or row.next_attempt_at > self.now:
                return
            if queries.refusal_at_claim(row):
                Dispatch.objects.filter(pk=row.pk).update(state="failed")
                self.withdraw(row)
                return
            if self.moved(row):
                self.finish(row, "failed", "conflict")
                return
            luck = self.draw.random()
            if luck < 0.7:
                self.arrive(row)
                self.finish(row, "done", "dispatched")
            elif luck < 0.85:
                self.finish(row, "failed", "dispatch_failed")
            else:
                happened = self.draw.random() < 0.5
                if happened:
                    self.arrive(row)
                self.unknown[row.pk] = happened
                Dispatch.objects.filter(pk=row.pk).update(state="unknown")
                DispatchStep.objects.filter(dispatch=row).update(state="unknown")

    def withdraw(self, row):
        spend.release(row, now=self.now)
        PendingAction.objects.filter(dispatch_id=row.pk).update(status="dispatch_failed")

    def moved(self, row):
        remote = self.ledger.campaigns[row.campaign_id]
        shown = {"budget_micros": remote.budget, "status": remote.status, "budget_type": "daily"}
        values = row.expects.get("values", {})
        return any(shown[name] != value for name, value in values.items())

    def arrive(self, row):
        for step in DispatchStep.objects.filter(dispatch=row):
            self.ledger.write(row.campaign_id, step.params)

    def finish(self, row, state, status):
        step = DispatchStep.objects.get(dispatch=row)
        DispatchStep.objects.filter(pk=step.pk).update(state="done" if state == "done" else state)
        Dispatch.objects.filter(pk=row.pk).update(state=state)
        PendingAction.objects.filter(dispatch_id=row.pk).update(status=status)
        if state == "done":
            Campaign.objects.filter(pk=row.campaign_id).update(**step.apply)
            spend.settle(row, now=self.now)
        else:
            spend.release(row, now=self.now)

    def reconcile(self):
        if not self.unknown:
            return
        key = self.draw.choice(list(self.unknown))
        with tenant_tx(self.cast.tenant.id):
            row = Dispatch.objects.get(pk=key)
            happened = self.unknown.pop(key)
            self.finish(row, *(("done", "dispatched") if happened else ("failed", "x")))

    def read_back(self):
        for key in self.campaigns:
            with tenant_tx(self.cast.tenant.id):
                row = Campaign.objects.select_related("ad_account").get(pk=key)
                remote = self.ledger.seen(key)
                Campaign.objects.filter(pk=key).update(
                    budget_micros=remote.budget, status=remote.status
                )
                spend.correct(row, Money(remote.budget, "USD"), remote.status, now=self.now)

    def by_hand(self):
        key = self.draw.choice(self.campaigns)
        dollars = self.draw.randint(12, 80) * MICROS
        self.ledger.by_hand(key, budget=dollars, status=self.draw.choice(["ACTIVE", "PAUSED", ""]))

    def kill(self):
        owner, business = self.cast.person(Role.OWNER), self.cast.test_business.id
        with tenant_tx(self.cast.tenant.id, readonly=True):
            engaged = queries.gate_state(business, None, environment="test").kill_engaged
        if engaged:
            services.release_kill_switch(
                business, actor=owner, now=self.now, restore_delivery=self.draw.random() < 0.5
            )
        elif self.draw.random() < 0.2:
            services.engage_kill_switch(
                business, actor=owner, now=self.now, stop_delivery=self.draw.random() < 0.5
            )

    def wait(self):
        self.now += timedelta(minutes=self.draw.choice([1, 5, 30, 120]))

    def step(self):
        name = self.draw.choices(
            [
                "submit",
                "send",
                "decide",
                "reconcile",
                "read_back",
                "wait",
                "by_hand",
                "kill",
                "govern",
            ],
            [34, 34, 12, 6, 6, 8, 2, 2, 3],
        )[0]
        self.now += timedelta(seconds=self.draw.randint(1, 20))
        self.moves[name] += 1
        try:
            getattr(self, name)()
        except AppError:
            self.moves["refused"] += 1

    def used(self):
        with tenant_tx(self.cast.tenant.id, readonly=True):
            used = list(SpendCeiling.objects.values_list("used_micros", flat=True))
            rows = Exposure.objects.values_list("running_micros", "reserved_micros")
            return used, sum(a + b for a, b in rows)


@pytest.fixture
def reader(monkeypatch):
    return FakeReader().install(monkeypatch)


def play(market, steps):
    """How often what we can be charged was above the ceiling."""
    over = 0
    for _ in range(steps):
        market.step()
        over += market.ledger.charge() > LIMIT
    return over


def test_m3b_charges_never_exceed_the_ceiling(acme, reader):
    market = Market(acme, 7, reader)
    over = play(market, STEPS)
    used, exposed = market.used()
    ratio = market.ledger.worst / LIMIT
    print(
        f"BAR M3b steps={STEPS} over={over} max_charged/bound={ratio:.2f} "
        f"outside_raises={market.ledger.outside} moves={dict(market.moves)}"
    )
    assert over == 0
    assert used == [exposed, exposed]
    assert ratio >= 0.6


def test_m3b_control_without_reservations_goes_over(acme, reader, monkeypatch):
    def reserve_nothing(room, *, dispatch_id, now):
        from campaigns.models import SpendReservation

        SpendReservation.objects.create(
            tenant_id=room.exposure.tenant_id,
            dispatch_id=dispatch_id,
            campaign_id=room.exposure.campaign_id,
            currency="USD",
            delta_micros=0,
            target_micros=room.target_micros,
            state="held",
            created_at=now,
        )

    monkeypatch.setattr(sys.modules["campaigns.spend"], "reserve", reserve_nothing)
    market = Market(acme, 7, reader)
    over = play(market, min(STEPS, 600))
    worst = market.ledger.worst / LIMIT
    print(f"BAR M3b control without reservations: over={over} max_charged/bound={worst:.2f}")
    assert over > 0
