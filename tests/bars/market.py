"""Random moves of people, agents and the platform, at a simulator that really charges for them."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from campaigns import approvals, queries, services
from campaigns.dispatch.loop import run_once
from campaigns.domain.exposure import exposure_of
from campaigns.models import Ad, Campaign, PendingAction, SpendCeiling
from campaigns.models import SpendExposure as Exposure
from campaigns.sync.connection import sync_connection
from core.actors import Role
from core.errors import AppError
from core.ids import encode
from core.tenancy import tenant_tx
from tests.bars.money_path import Launches
from tests.cast import NOW
from tests.services.campaigns.stage import MICROS, act, camp_id, set_modes

CAMPAIGNS = 8
LIMIT = 320 * MICROS
CENT = MICROS // 100
DISABLED = 2
WEIGHTS = {
    "submit": 34,
    "send": 34,
    "decide": 12,
    "read_back": 6,
    "wait": 8,
    "by_hand": 2,
    "kill": 2,
    "govern": 3,
    "day": 5,
}
FAULTS = [
    {"kind": "cut_after", "share": 0.08, "methods": ["POST"]},
    {"kind": "error_after", "share": 0.05, "methods": ["POST"]},
    {"kind": "truncated", "share": 0.03, "methods": ["POST"]},
    {"kind": "error_before", "share": 0.08, "methods": ["POST"]},
]


@dataclass
class Remote:
    """A campaign as the platform has it. `allowed` is the part of its exposure that our own writes
    have raised; what a person adds by hand at the platform stays theirs when we lower it.
    """

    budget: int = 0
    status: str = "PAUSED"
    allowed: int = 0

    @property
    def exposure(self) -> int:
        return exposure_of(
            budget_type="daily",
            budget_micros=self.budget,
            spent_micros=0,
            platform="meta",
            runs=self.status == "ACTIVE",
        )


class Market:
    """Draws one move after another; after each it compares the platform's own truth with the
    ceiling, and after each simulated day the platform's ledger. Days pass between moves, since a
    ceiling is a rate and no sum of what ran one after another.
    """

    def __init__(self, plan: Launches, seed: int, *, campaigns: int = CAMPAIGNS) -> None:
        self.plan, self.sim, self.cast = plan, plan.sim, plan.world.cast
        self.account = plan.accounts[0]
        self.draw, self.now = random.Random(seed), NOW
        self.moves: Counter[str] = Counter()
        self.over = self.most_at_risk = self.most_charged = self.outside = 0
        plan.plan(campaigns, ads=1, at=self.now)
        self.remotes = {tree.campaign.id: Remote() for tree in plan.trees}
        self.keys = list(self.remotes)
        while plan.open_jobs():
            run_once(self.now)
            self.now += timedelta(seconds=5)
        with tenant_tx(self.cast.tenant.id, readonly=True):
            rows = Campaign.objects.filter(pk__in=self.keys)
            self.of_graph = {row.external_id: row.id for row in rows}
            ads = Ad.objects.filter(campaign_id__in=self.keys)
            self.of_ad = dict(ads.values_list("external_id", "campaign_id"))
        for number, graph_id in enumerate(self.of_graph):
            self.sim.edit(graph_id, daily_budget=1500 + 100 * number)
        self.look(by_us=True)
        self.read_back()
        for scope in ("business", "tenant"):
            services.set_ceiling(
                self.cast.test_business.id,
                actor=self.cast.person(Role.OWNER),
                now=self.now,
                scope=scope,
                limit_micros=LIMIT,
                currency="USD",
            )
        self.sim.faults(rules=FAULTS, seed=seed % 1_000_000)

    # --- what is true -------------------------------------------------------------------------

    def look(self, *, by_us: bool) -> None:
        """Take the platform's state; a change is ours unless somebody just edited by hand."""
        for one in self.sim.objects(self.account.external_id, kind="campaign"):
            row = self.remotes[self.of_graph[str(one["id"])]]
            shown = int(one["data"]["daily_budget"]) * CENT, one["status"]
            if shown == (row.budget, row.status):
                continue
            before = row.exposure
            row.budget, row.status = shown
            if by_us:
                row.allowed = min(row.exposure, row.allowed + max(0, row.exposure - before))
            else:
                self.outside += row.exposure > before

    def at_risk(self) -> int:
        """What our changes can cost on one day, at the full over-delivery."""
        return sum(min(row.exposure, row.allowed) for row in self.remotes.values())

    def charged(self, day: str) -> int:
        """What the platform's ledger says our changes did cost on a day."""
        spent: Counter[object] = Counter()
        for row in self.sim.ledger(account=self.account.external_id, since=day, until=day):
            spent[self.of_ad[row["ad"]]] += int(Decimal(row["spend"]) * MICROS)
        return sum(min(spent[key], row.allowed) for key, row in self.remotes.items())

    def used(self) -> tuple[list[int], int]:
        """What each ceiling counts as used, and the sum of what its campaigns use."""
        with tenant_tx(self.cast.tenant.id, readonly=True):
            used = list(SpendCeiling.objects.values_list("used_micros", flat=True))
            rows = Exposure.objects.values_list("running_micros", "reserved_micros")
            return used, sum(a + b for a, b in rows)

    # --- moves --------------------------------------------------------------------------------

    def step(self) -> None:
        """One move, then the comparison with the ceiling."""
        name = self.draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        self.now += timedelta(seconds=self.draw.randint(1, 20))
        self.moves[name] += 1
        try:
            getattr(self, name)()
        except AppError:
            self.moves["refused"] += 1
        self.note("most_at_risk", self.at_risk())

    def note(self, name: str, micros: int) -> None:
        setattr(self, name, max(getattr(self, name), micros))
        self.over += micros > LIMIT

    def submit(self) -> None:
        with tenant_tx(self.cast.tenant.id, readonly=True):
            row = Campaign.objects.get(pk=self.draw.choice(self.keys))
        actor = self.draw.choice([self.cast.agent, self.cast.person(Role.BUYER)])
        kind = self.draw.choice(["budget"] * 7 + ["pause", "resume", "resume"])
        if kind != "budget":
            act(self.cast, f"{kind}_campaign", actor, self.now, campaign_id=camp_id(row))
            return
        act(
            self.cast,
            "set_daily_budget",
            actor,
            self.now,
            campaign_id=camp_id(row),
            budget_micros=self.wish(row),
            currency="USD",
        )

    def wish(self, row: Campaign) -> int:
        """Any budget, or the one that fills what the ceiling leaves."""
        if self.draw.random() < 0.5:
            return self.draw.randint(15, 90) * MICROS
        used, _exposed = self.used()
        mine = min(self.remotes[row.id].exposure, LIMIT)
        room = max(0, LIMIT - max(used) + mine)
        return max(15 * MICROS, room * 100 // 175 // CENT * CENT)

    def send(self) -> None:
        if run_once(self.now):
            self.look(by_us=True)

    def decide(self) -> None:
        with tenant_tx(self.cast.tenant.id, readonly=True):
            rows = list(PendingAction.objects.filter(status__in=["pending", "approved"])[:20])
        if not rows:
            return
        row = self.draw.choice(rows)
        owner, key = self.cast.person(Role.OWNER), encode("pa", row.pk)
        if row.status == "approved":
            approvals.undo(key, actor=owner, now=self.now)
        elif self.draw.random() < 0.85:
            approvals.approve(key, actor=owner, now=self.now)
        else:
            approvals.reject(key, actor=owner, now=self.now, comment="no")

    def read_back(self) -> None:
        sync_connection(self.account.connection_id, now=self.now)
        for row in self.remotes.values():
            row.allowed = min(row.allowed, row.exposure)

    def by_hand(self) -> None:
        """Somebody edits in the platform's own screens."""
        changes = {"daily_budget": self.draw.randint(1200, 8000)}
        status = self.draw.choice(["ACTIVE", "PAUSED", ""])
        graph_id = self.draw.choice(list(self.of_graph))
        self.sim.edit(graph_id, **changes, **({"status": status} if status else {}))
        self.look(by_us=False)

    def kill(self) -> None:
        owner, business = self.cast.person(Role.OWNER), self.cast.test_business.id
        with tenant_tx(self.cast.tenant.id, readonly=True):
            engaged = queries.gate_state(business, None, environment="test").kill_engaged
        half = self.draw.random() < 0.5
        if engaged:
            services.release_kill_switch(business, actor=owner, now=self.now, restore_delivery=half)
        elif self.draw.random() < 0.2:
            services.engage_kill_switch(business, actor=owner, now=self.now, stop_delivery=half)
            if run_once(self.now, stops_only=True):
                self.look(by_us=True)

    def govern(self) -> None:
        set_modes(self.cast, tactical=self.draw.choice(["auto", "auto", "draft"]))

    def wait(self) -> None:
        self.now += timedelta(minutes=self.draw.choice([1, 5, 30, 120]))

    def day(self) -> None:
        """A whole day is delivered, then read back as every quarter of an hour in production."""
        today = self.sim.now().date().isoformat()
        self.sim.advance(hours=24)
        self.note("most_charged", self.charged(today))
        self.now += timedelta(days=1)
        self.read_back()

    def close(self) -> None:
        """Nothing of this account is delivered any more."""
        self.sim.control(
            "POST", "account_status", account=self.account.external_id, status=DISABLED
        )


class RacingMarket(Market):
    """Every proposal meets another that read the ceilings at the same moment and wrote last."""

    def submit(self) -> None:
        with tenant_tx(self.cast.tenant.id, readonly=True):
            seen = dict(SpendCeiling.objects.values_list("pk", "used_micros"))
        super().submit()
        with tenant_tx(self.cast.tenant.id):
            for key, micros in seen.items():
                SpendCeiling.objects.filter(pk=key).update(used_micros=micros)
        super().submit()
