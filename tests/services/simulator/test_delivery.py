"""Delivery against the database: books agree, budgets hold under edits, sixty days are fast."""

import random
import time
from collections import defaultdict
from datetime import date, timedelta

import pytest
from django.db.models import Sum

from platforms.simulator import delivery, facts
from platforms.simulator.budgets import week_start
from platforms.simulator.models import Arrival, BudgetDay, Delivery, Node, World
from tests.services.simulator.conftest import plant

pytestmark = pytest.mark.django_db(databases=["default", "sim"])


def spent_by_day() -> dict[date, int]:
    rows = Delivery.objects.values("day").annotate(total=Sum("spend"))
    return {row["day"]: row["total"] for row in rows}


def test_budget_books_equal_the_ads_spend_day_by_day(world: World) -> None:
    plant(ads=4)
    delivery.advance(24 * 20 + 7)
    booked = {row.day: row.spend for row in BudgetDay.objects.all()}
    assert len(booked) == 21
    assert {day: total for day, total in booked.items() if total} == spent_by_day()


def test_budget_edits_never_break_the_day_or_the_week(world: World) -> None:
    draw = random.Random(11)
    plot = plant(ads=3)
    largest: dict[date, int] = defaultdict(int)
    for _ in range(120):
        budget = draw.choice([1000, 3000, 6000, 12_000])
        plot.campaign.data["daily_budget"] = budget
        plot.campaign.save()
        before = world_day()
        delivery.advance(draw.choice([1, 3, 7, 11]))
        span = (world_day() - before).days + 1
        for step in range(span):
            day = before + timedelta(days=step)
            largest[day] = max(largest[day], budget)
    days = spent_by_day()
    assert len(days) > 20
    assert all(total <= 1.75 * largest[day] for day, total in days.items())
    weeks: dict[date, int] = defaultdict(int)
    tops: dict[date, int] = defaultdict(int)
    for day, total in days.items():
        weeks[week_start(day)] += total
        tops[week_start(day)] = max(tops[week_start(day)], largest[day])
    assert all(total <= 7 * tops[week] for week, total in weeks.items())
    assert any(total > largest[day] for day, total in days.items())


def world_day() -> date:
    return (World.objects.get().now - timedelta(hours=5)).date()


def test_spend_cap_ends_a_campaign(world: World) -> None:
    plant(ads=2, daily_budget=6000, spend_cap=10_000)
    delivery.advance(24 * 6)
    total = sum(spent_by_day().values())
    assert 9_800 <= total <= 10_000


def test_conversions_become_visible_and_none_is_lost(world: World) -> None:
    plant(ads=3, daily_budget=60_000)
    delivery.advance(24 * 10)
    now = World.objects.get().now
    seen = facts.cells(facts.Q(), since=None, until=None, seen_by=now)
    ever = facts.cells(facts.Q(), since=None, until=None, seen_by=None)
    later = facts.cells(facts.Q(), since=None, until=None, seen_by=now + timedelta(days=31))
    count = {
        name: sum(cell.converted()[0] for cell in cells.values())
        for name, cells in (("seen", seen), ("ever", ever), ("later", later))
    }
    assert 0 < count["seen"] < count["ever"]
    assert count["later"] == count["ever"]
    assert count["ever"] == Arrival.objects.aggregate(total=Sum("conversions"))["total"]


def test_better_ads_earn_more_per_impression(world: World) -> None:
    plot = plant(ads=12, daily_budget=500_000)
    delivery.advance(24 * 10)
    rates = []
    for ad in plot.ads:
        cells = facts.cells(facts.Q(ad=ad), since=None, until=None, seen_by=None)
        shown = sum(cell.impressions for cell in cells.values())
        clicked = sum(cell.clicks for cell in cells.values())
        rates.append(clicked / shown)
    assert max(rates) > 1.3 * min(rates)


def test_yen_are_whole(world: World) -> None:
    plant(ads=2, currency="JPY", daily_budget=9000)
    delivery.advance(48)
    days = spent_by_day()
    assert 0 < max(days.values()) <= 1.75 * 9000


def test_half_hours_move_the_clock_and_deliver_whole_hours(world: World) -> None:
    plant()
    Node.objects.update(reviewed_at=None)
    delivery.advance(0.5)
    assert Delivery.objects.count() == 0
    delivery.advance(0.5)
    assert Delivery.objects.count() > 0


def test_sixty_days_of_thirty_ads_take_seconds(world: World) -> None:
    for number in range(5):
        plant(ads=6, text=f"Text {number}")
    started = time.process_time()
    delivery.advance(24 * 60)
    taken = time.process_time() - started
    assert Delivery.objects.count() > 3500
    assert taken < 20
