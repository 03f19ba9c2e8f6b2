"""Read-back: what the platform shows is taken over once, and a second reading changes nothing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, OutboxEvent
from campaigns.dispatch.loop import run_once
from campaigns.models import Ad, Campaign
from campaigns.sync import connection as reading
from campaigns.sync import due_connections, sync_connection
from core.errors import NotFoundError
from core.ids import new_uuid
from core.tenancy import tenant_tx
from platforms import queries as platform_queries
from platforms.errors import PlatformError
from platforms.metrics.models import MetricFact
from platforms.metrics.queries import totals_by_ad, totals_by_campaign, totals_by_day
from platforms.models import Connection
from platforms.ports import InsightRow
from tests.cast import NOW
from tests.services.dispatch.fake import dollars, unknown
from tests.services.dispatch.world import budget_step, intend, launch_steps, make_tree

HOUR = timedelta(hours=1)


@pytest.fixture
def running(world, platform, monkeypatch):
    monkeypatch.setattr(platform_queries, "open_reader", lambda account: platform)
    tree = make_tree(world)
    intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    sync(world)
    return tree


def sync(world, *, hours=1.0):
    return sync_connection(world.account.connection_id, now=NOW + hours * HOUR)


def change(platform, kind, **values):
    remote = platform.of(kind)[0]
    platform.objects[remote.external_id] = replace(remote, **values)


def events(world, name):
    with tenant_tx(world.tenant_id, readonly=True):
        return list(OutboxEvent.objects.filter(event_type=name))


def fact(platform, day, *, source="facebook", spend=3, conversions=1):
    return InsightRow(
        ad_external_id=platform.of("ad")[0].external_id,
        day=day,
        publisher_platform=source,
        impressions=1000,
        clicks=10,
        spend=dollars(spend),
        conversions=conversions,
        conversion_value=dollars(9),
    )


def test_sync_twice_changes_no_row(world, platform, running):
    platform.facts = [fact(platform, date(2026, 11, 21))]
    first = sync(world, hours=2)
    assert (first.objects_read, first.facts_changed) == (3, 1)
    second = sync(world, hours=3)
    assert (second.objects_changed, second.facts_changed, second.facts_read) == (0, 0, 1)


def test_outside_edit_is_taken_over_and_audited_as_the_platforms(world, platform, running):
    change(platform, "campaign", budget=dollars(80), name="Renamed")
    assert sync(world, hours=2).objects_changed == 1
    row = world.row(Campaign, running.campaign.id)
    assert (row.budget_micros, row.name) == (80_000_000, "Renamed")
    with tenant_tx(world.tenant_id, readonly=True):
        entry = AuditEvent.objects.order_by("-chain_seq").first()
    assert (entry.event_type, entry.actor_id) == ("campaign.updated", "platform:meta")
    assert entry.facts["fields"] == ["name", "budget_micros"]
    assert len(events(world, "campaign.updated")) == 1


def test_disapproval_shows_its_reason_and_is_told_once(world, platform, running):
    issue = {"code": "1", "summary": "Not allowed", "message": "Policy", "level": "ad"}
    change(platform, "ad", effective_status="DISAPPROVED", issues=(issue,))
    sync(world, hours=2)
    sync(world, hours=3)
    row = world.row(Ad, running.ads[0].id)
    assert (row.effective_status, row.issues) == ("DISAPPROVED", [issue])
    assert [event.payload["reason"] for event in events(world, "ad.disapproved")] == ["Not allowed"]


def test_change_in_flight_is_left_to_its_dispatch(world, platform, running):
    platform.calls.clear()
    platform.after[0] = unknown()
    step = budget_step(running.campaign, 60)
    job = intend(world, running, [step], kind="set_daily_budget")
    run_once(NOW)
    assert sync(world, hours=2).objects_changed == 0
    assert world.row(Campaign, running.campaign.id).budget_micros == 50_000_000
    run_once(NOW + 3 * HOUR)
    assert world.dispatch(job).state == "done"
    assert sync(world, hours=4).objects_changed == 0
    assert world.row(Campaign, running.campaign.id).budget_micros == 60_000_000


def test_late_conversions_overwrite_the_day(world, platform, running):
    day = date(2026, 11, 21)
    platform.facts = [fact(platform, day), fact(platform, day, source="instagram")]
    sync(world, hours=2)
    platform.facts[0] = fact(platform, day, conversions=4)
    assert sync(world, hours=3).facts_changed == 1
    with tenant_tx(world.tenant_id, readonly=True):
        by_campaign = totals_by_campaign([running.campaign.id])
        by_ad = totals_by_ad(running.campaign.id, since=day, until=day)
        by_day = totals_by_day(running.campaign.id)
    total = by_campaign[running.campaign.id]
    assert (total.conversions, total.spend_micros, total.impressions) == (5, 6_000_000, 2000)
    assert by_ad == {running.ads[0].id: total}
    assert by_day == {day: total}


def test_only_the_late_window_is_read_again(world, platform, running, settings):
    settings.METRICS_LATE_DAYS = 2
    days = [date(2026, 11, 21) + timedelta(days=n) for n in range(6)]
    platform.today = NOW + timedelta(days=6)
    platform.facts = [fact(platform, day) for day in days]
    assert sync(world, hours=2).facts_read == 6
    assert sync(world, hours=3).facts_read == 3


def test_archived_here_and_paused_there_stays_archived(world, platform, running):
    with tenant_tx(world.tenant_id):
        Campaign.objects.update(status="ARCHIVED", effective_status="ARCHIVED")
    change(platform, "campaign", status="PAUSED", effective_status="PAUSED")
    assert sync(world, hours=2).objects_changed == 0


def test_campaign_past_its_end_is_completed_without_an_author(world, platform, running):
    change(platform, "campaign", end_date=date(2026, 11, 20))
    sync(world, hours=2)
    assert world.row(Campaign, running.campaign.id).status == "COMPLETED"
    assert sync(world, hours=3).objects_changed == 0


def test_refused_token_expires_the_connection(world, platform, running):
    platform.read_error = PlatformError("auth", "expired")
    with pytest.raises(PlatformError):
        sync(world, hours=2)
    row = world.row(Connection, world.account.connection_id)
    assert (row.status, row.error_code) == ("expired", "auth")


def test_unknown_connection_is_not_found(world):
    with pytest.raises(NotFoundError):
        sync_connection(new_uuid(), now=NOW)


def test_connection_is_due_when_old_or_changed_by_us(world, platform, running):
    mine = (world.tenant_id, world.account.connection_id)
    sync(world, hours=1)
    assert due_connections(NOW + HOUR + timedelta(minutes=14)) == []
    assert due_connections(NOW + HOUR + timedelta(minutes=15)) == [mine]
    intend(world, running, [budget_step(running.campaign, 60)], kind="set_daily_budget")
    run_once(NOW + 1.1 * HOUR)
    assert due_connections(NOW + 1.1 * HOUR) == [mine]


@pytest.fixture
def writes(monkeypatch):
    """Rows of each write transaction of a sync's facts."""
    sizes, real = [], reading.upsert_facts

    def noted(part, *, now):
        sizes.append(len(part))
        return real(part, now=now)

    monkeypatch.setattr(reading, "upsert_facts", noted)
    return sizes


def test_sixty_days_are_written_and_overwritten_in_short_transactions(
    world, platform, running, writes, settings
):
    settings.METRICS_LATE_DAYS = 90
    platform.today += timedelta(days=60)
    days = [date(2026, 11, 22) + timedelta(days=number) for number in range(60)]
    for conversions in (1, 2):
        platform.facts = [
            fact(platform, day, source=f"source-{number}", conversions=conversions)
            for day in days
            for number in range(20)
        ]
        writes.clear()
        with CaptureQueriesContext(connection) as captured:
            assert sync(world, hours=1 + conversions).facts_changed == 1200
        assert writes == [500, 500, 200]
        table = f'"{MetricFact._meta.db_table}"'
        statements = [one["sql"] for one in captured if table in one["sql"]]
        kinds = {sql.split()[0] for sql in statements}
        assert kinds == {"SELECT", "INSERT"}, "an UPDATE of many rows is slow under the writer lock"
    with tenant_tx(world.tenant_id, readonly=True):
        assert (
            MetricFact.objects.filter(conversions=2).count() == MetricFact.objects.count() == 1200
        )
