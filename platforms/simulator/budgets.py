"""What budgets still allow: 1.75 times the daily budget on one day, the sum of a week's daily
budgets in a week (Sunday to Saturday), a lifetime budget in all, a campaign's spend cap in all.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Sum

from platforms.simulator.market.engine import OVER_DELIVERY, Floats, Ints
from platforms.simulator.models import BudgetDay, Node

UNLIMITED = 2**52


def week_start(day: date) -> date:
    """The Sunday a budget's week begins on."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


@dataclass(slots=True)
class Budgets:
    """One entry per budget owner (campaign or ad set), in minor units. `week_before` and
    `week_spent` speak of the days of this week before today.
    """

    owners: list[Node]
    daily: Ints
    lifetime: Ints
    cap: Ints
    last_day: list[date | None]
    rows: dict[tuple[int, date], BudgetDay]
    life_spent: Ints
    day: date | None = None
    day_spent: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    week_before: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    week_spent: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    week_allowed: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    target: Floats = field(default_factory=lambda: np.zeros(0))
    factors: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def load(cls, owners: list[Node], *, zone: ZoneInfo) -> "Budgets":
        """The owners' budgets and what they spent before."""
        keys = [owner.pk for owner in owners]
        spent = dict(
            BudgetDay.objects.filter(owner__in=keys)
            .values("owner")
            .annotate(total=Sum("spend"))
            .values_list("owner", "total")
        )
        newest = BudgetDay.objects.filter(owner__in=keys).order_by("-day").first()
        recent = week_start(newest.day) if newest else date.min
        rows = BudgetDay.objects.filter(owner__in=keys, day__gte=recent)
        return cls(
            owners=owners,
            daily=_numbers(owners, "daily_budget", 0),
            lifetime=_numbers(owners, "lifetime_budget", 0),
            cap=_numbers(owners, "spend_cap", UNLIMITED),
            last_day=[_last_day(owner, zone) for owner in owners],
            rows={(row.owner_id, row.day): row for row in rows},
            life_spent=np.array([int(spent.get(key, 0)) for key in keys], dtype=np.int64),
        )

    def open_day(self, day: date, factors: Floats) -> None:
        """Begin (or go on with) a day."""
        self.day, self.factors = day, factors
        first = week_start(day)
        before = [first + timedelta(days=step) for step in range((day - first).days)]
        for owner, daily in zip(self.owners, self.daily.tolist(), strict=True):
            row = self.rows.setdefault((owner.pk, day), BudgetDay(owner=owner, day=day, budget=0))
            row.budget = daily
        self.day_spent = self._sums([day], "spend")
        self.week_before = self._sums(before, "budget")
        self.week_spent = self._sums(before, "spend")
        days_left = 7 - len(before)
        self.week_allowed = self.week_before + days_left * self.daily - self.week_spent
        share = np.clip(self.week_allowed / days_left, 0, OVER_DELIVERY * self.daily)
        left = self.lifetime - (self.life_spent - self.day_spent)
        ends = [((last or day) - day).days + 1 for last in self.last_day]
        self.target = np.where(self.lifetime > 0, left / np.maximum(1, np.array(ends)), share)

    def _sums(self, days: list[date], name: str) -> Ints:
        return np.array(
            [
                sum(
                    getattr(self.rows[owner.pk, day], name)
                    for day in days
                    if (owner.pk, day) in self.rows
                )
                for owner in self.owners
            ],
            dtype=np.int64,
        )

    def limit(self) -> Ints:
        """What each owner may still spend now."""
        today = np.floor(self.daily * OVER_DELIVERY).astype(np.int64) - self.day_spent
        by_day = np.minimum(today, self.week_allowed - self.day_spent)
        open_ended = np.where(self.lifetime > 0, self.lifetime - self.life_spent, by_day)
        left: Ints = np.maximum(0, np.minimum(open_ended, self.cap - self.life_spent))
        return left

    def spent(self, amounts: Floats) -> None:
        """Book an hour's spend."""
        whole = amounts.astype(np.int64)
        self.day_spent = self.day_spent + whole
        self.life_spent = self.life_spent + whole
        for owner, amount in zip(self.owners, whole.tolist(), strict=True):
            if self.day is not None:
                self.rows[owner.pk, self.day].spend += amount

    def store(self) -> None:
        """Write the days back."""
        BudgetDay.objects.bulk_create(
            self.rows.values(),
            update_conflicts=True,
            unique_fields=["owner", "day"],
            update_fields=["budget", "spend"],
        )


def _numbers(owners: list[Node], name: str, default: int) -> Ints:
    return np.array([int(owner.data.get(name) or default) for owner in owners], dtype=np.int64)


def _last_day(owner: Node, zone: ZoneInfo) -> date | None:
    text = owner.data.get("end_time") or owner.data.get("stop_time")
    if not text:
        return None
    return (datetime.fromisoformat(text) - timedelta(seconds=1)).astimezone(zone).date()
