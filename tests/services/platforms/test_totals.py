"""Lifetime totals of a campaign are the sums of its facts, whatever was written and read again."""

import threading
from datetime import timedelta

from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext

from core.ids import new_uuid
from core.tenancy import tenant_tx
from platforms.metrics.models import CampaignTotals, MetricFact
from platforms.metrics.queries import Totals, lifetime_totals, totals_by_campaign
from platforms.metrics.services import Upserted, upsert_facts
from tests.cast import NOW

TODAY = NOW.date()
ACCOUNT, ADS = new_uuid(), (new_uuid(), new_uuid())
ONE, OTHER = new_uuid(), new_uuid()


def fact(cast, campaign_id, *, ago=0, ad=0, account=ACCOUNT, **values):
    return MetricFact(
        tenant_id=cast.tenant.id,
        business_id=cast.test_business.pk,
        ad_account_id=account,
        campaign_id=campaign_id,
        ad_set_id=campaign_id,
        ad_id=ADS[ad] if campaign_id == ONE else campaign_id,
        day=TODAY - timedelta(days=ago),
        publisher_platform="facebook",
        currency="EUR",
        **{"impressions": 100, "clicks": 5, "spend_micros": 2_000_000, **values},
    )


def write(cast, *facts, now=NOW):
    with tenant_tx(cast.tenant.id):
        return upsert_facts(facts, now=now)


def kept(cast):
    """Totals per campaign as stored, each proven to be the sum of the facts there are."""
    with tenant_tx(cast.tenant.id, readonly=True):
        ids = set(MetricFact.objects.values_list("campaign_id", flat=True))
        rows, sums = lifetime_totals(ids), totals_by_campaign(ids)
        assert CampaignTotals.objects.count() == len(ids)
        for key, row in rows.items():
            days = MetricFact.objects.filter(campaign_id=key).values_list("day", flat=True)
            assert (row.days, row.last_day) == (len(set(days)), max(days))
    found = {
        key: Totals(**{name: getattr(row, name) for name in Totals.__dataclass_fields__})
        for key, row in rows.items()
    }
    assert found == sums
    return found


def test_first_sync_makes_the_totals(acme):
    write(acme, fact(acme, ONE), fact(acme, ONE, ad=1), fact(acme, ONE, ago=1), fact(acme, OTHER))
    found = kept(acme)
    assert found == {ONE: Totals(300, 15, 6_000_000), OTHER: Totals(100, 5, 2_000_000)}
    with tenant_tx(acme.tenant.id, readonly=True):
        row = lifetime_totals([ONE])[ONE]
    assert (row.currency, row.days, row.last_day, row.computed_at) == ("EUR", 2, TODAY, NOW)


def test_late_rows_replace_what_they_were_in_the_totals(acme):
    write(acme, fact(acme, ONE), fact(acme, ONE, ago=1))
    write(acme, fact(acme, ONE, ago=1, conversions=3, conversion_value_micros=9, clicks=4))
    assert kept(acme) == {ONE: Totals(200, 9, 4_000_000, 3, 9)}
    write(acme, fact(acme, ONE, ago=1, impressions=0, clicks=0, spend_micros=0))
    assert kept(acme) == {ONE: Totals(100, 5, 2_000_000)}


def test_rows_that_did_not_change_leave_the_totals_alone(acme):
    write(acme, fact(acme, ONE), fact(acme, OTHER))
    later = NOW + timedelta(hours=1)
    with CaptureQueriesContext(connection) as captured:
        assert write(acme, fact(acme, ONE), fact(acme, OTHER), now=later) == Upserted(2, 0)
    assert [sql for sql in captured if "campaigntotals" in sql["sql"]] == []
    assert write(acme, fact(acme, ONE), fact(acme, OTHER, clicks=6), now=later) == Upserted(2, 1)
    with tenant_tx(acme.tenant.id, readonly=True):
        moments = {key: row.computed_at for key, row in lifetime_totals([ONE, OTHER]).items()}
    assert moments == {ONE: NOW, OTHER: later}
    kept(acme)


def test_facts_that_are_not_kept_leave_no_totals(acme):
    write(acme, fact(acme, ONE))
    with tenant_tx(acme.tenant.id), transaction.atomic():
        upsert_facts([fact(acme, ONE, ago=1), fact(acme, OTHER)], now=NOW)
        assert len(lifetime_totals([ONE, OTHER])) == 2
        transaction.set_rollback(True)
    assert kept(acme) == {ONE: Totals(100, 5, 2_000_000)}


def test_totals_are_the_tenants_own(acme, rival):
    write(acme, fact(acme, ONE))
    write(rival, fact(rival, ONE, clicks=7), fact(rival, ONE, ago=1))
    assert kept(acme) == {ONE: Totals(100, 5, 2_000_000)}
    assert kept(rival) == {ONE: Totals(200, 12, 4_000_000)}


def test_two_writers_of_one_account_count_each_others_facts(acme_committed):
    cast, finished = acme_committed, threading.Event()

    def second():
        try:
            write(cast, fact(cast, ONE, ago=1))
        finally:
            connection.close()
            finished.set()

    other = threading.Thread(target=second)
    with tenant_tx(cast.tenant.id):
        upsert_facts([fact(cast, ONE)], now=NOW)
        other.start()
        assert not finished.wait(0.5), "the second writer must wait for the first one's end"
    other.join()
    assert kept(cast) == {ONE: Totals(200, 10, 4_000_000)}


def test_migration_fills_the_totals_of_facts_there_are(acme, rival):
    write(acme, fact(acme, ONE), fact(acme, ONE, ago=2), fact(acme, OTHER, ad=1))
    write(rival, fact(rival, ONE, clicks=7))
    before = kept(acme), kept(rival)
    for cast in (acme, rival):
        with tenant_tx(cast.tenant.id):
            CampaignTotals.objects.all().delete()
    name = ("metrics", "0003_fill_campaign_totals")
    loader = MigrationLoader(connection)
    loader.get_migration(*name).operations[0].code(loader.project_state([name]).apps, None)
    assert (kept(acme), kept(rival)) == before
