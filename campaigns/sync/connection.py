"""One connection, account by account: objects first, then the facts of the days that may move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from campaigns.dispatch.due import CONNECTION_TENANT, SYNC_DUE
from campaigns.models import Ad
from campaigns.sync import readback
from core.errors import NotFoundError
from core.tenancy import tenant_tx
from platforms import queries as platform_queries
from platforms.errors import PlatformError
from platforms.metrics.models import MetricFact
from platforms.metrics.queries import last_day
from platforms.metrics.services import Upserted, upsert_facts
from platforms.models import AdAccount, Connection
from platforms.ports import InsightRow, Reader

MOST_DUE = 200
FACTS_IN_ONE_WRITE = 500  # SQLite has one writer, and people wait for it


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Counts of one sync; the `changed` ones are 0 when nothing moved since the last."""

    objects_read: int = 0
    objects_changed: int = 0
    facts_read: int = 0
    facts_changed: int = 0

    def __add__(self, other: "SyncResult") -> "SyncResult":
        return SyncResult(
            self.objects_read + other.objects_read,
            self.objects_changed + other.objects_changed,
            self.facts_read + other.facts_read,
            self.facts_changed + other.facts_changed,
        )


def due_connections(now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, connection) of what was not read for a while, or changed by us since."""
    stale = now - timedelta(seconds=settings.SYNC_INTERVAL_S)
    rows = SYNC_DUE.rows(stale=stale, most=MOST_DUE)
    return [(row["tenant_id"], row["connection_id"]) for row in rows]


def sync_connection(connection_id: UUID, *, now: datetime) -> SyncResult:
    """Read back every ad account of a connection; call it outside any transaction.

    Raises NotFoundError, and PlatformError after noting it on the connection; a refused token
    marks the connection expired.
    """
    found = CONNECTION_TENANT.one(connection_id=connection_id)
    if found is None:
        raise NotFoundError
    tenant_id = found["tenant_id"]
    with tenant_tx(tenant_id, readonly=True):
        accounts = list(
            AdAccount.objects.filter(connection_id=connection_id).select_related("connection")
        )
    result = SyncResult()
    try:
        for account in accounts:
            result += _sync_account(account, now=now)
    except PlatformError as error:
        _note(tenant_id, connection_id, now=now, error=error)
        raise
    _note(tenant_id, connection_id, now=now)
    return result


def _note(
    tenant_id: UUID, connection_id: UUID, *, now: datetime, error: PlatformError | None = None
) -> None:
    with tenant_tx(tenant_id):
        rows = Connection.objects.filter(pk=connection_id, status="connected")
        if error is None:
            rows.update(synced_at=now, checked_at=now, error_code="", error_message="")
            return
        status = "expired" if error.kind == "auth" else "connected"
        rows.update(
            status=status,
            checked_at=now,
            error_code=error.kind,
            error_message=error.message[:300],
        )


def _keep_time(account: AdAccount, reader: Reader, *, now: datetime) -> None:
    """Remember how far the simulator's clock is ahead of ours."""
    ahead = round((reader.platform_now() - now).total_seconds())
    with tenant_tx(account.tenant_id):
        AdAccount.objects.filter(pk=account.pk).update(clock_offset_s=ahead)


def _sync_account(account: AdAccount, *, now: datetime) -> SyncResult:
    with tenant_tx(account.tenant_id, readonly=True):
        found = readback.known_objects(account, now=now)
    reader = platform_queries.open_reader(account)
    if account.environment == "test":
        _keep_time(account, reader, now=now)
    if not found.campaign_of["campaign"]:
        return SyncResult()
    readback.read(found, reader)
    today = reader.platform_now().astimezone(ZoneInfo(account.timezone)).date()
    changed = 0
    for batch in readback.batches(found):
        with tenant_tx(account.tenant_id):
            changed += readback.take_over(found, batch, today=today, now=now)
    facts = _sync_facts(account, reader, found, today=today, now=now)
    with tenant_tx(account.tenant_id):
        AdAccount.objects.filter(pk=account.pk).update(synced_at=now)
    return SyncResult(len(found.objects), changed, facts.read, facts.changed)


def _sync_facts(
    account: AdAccount, reader: Reader, found: readback.Readback, *, today: date, now: datetime
) -> Upserted:
    """Facts from the last known day minus the late window, or from the first campaign's day."""
    born = [remote.created_at for remote in found.objects if remote.created_at is not None]
    with tenant_tx(account.tenant_id, readonly=True):
        newest = last_day(account.pk)
        ads = {
            external_id: (campaign_id, ad_set_id, ad_id)
            for external_id, campaign_id, ad_set_id, ad_id in Ad.objects.filter(
                campaign__ad_account=account
            )
            .exclude(external_id="")
            .values_list("external_id", "campaign_id", "ad_set_id", "id")
        }
    if not born or not ads:
        return Upserted(0, 0)
    since = min(born).astimezone(ZoneInfo(account.timezone)).date()
    if newest is not None:
        since = max(since, newest - timedelta(days=settings.METRICS_LATE_DAYS))
    rows = reader.insights(account.external_id, since=since, until=today, currency=account.currency)
    facts = [
        _fact(account, row, ads[row.ad_external_id]) for row in rows if row.ad_external_id in ads
    ]
    # By day, or a sync cut short would leave old days behind for good; by campaign within it, so
    # that one write touches few totals.
    facts.sort(key=lambda fact: (fact.day, fact.campaign_id))
    return _store(facts, now=now)


def _store(facts: Sequence[MetricFact], *, now: datetime) -> Upserted:
    changed = 0
    for start in range(0, len(facts), FACTS_IN_ONE_WRITE):
        part = facts[start : start + FACTS_IN_ONE_WRITE]
        with tenant_tx(part[0].tenant_id):
            changed += upsert_facts(part, now=now).changed
    return Upserted(len(facts), changed)


def _fact(account: AdAccount, row: InsightRow, ids: tuple[UUID, UUID, UUID]) -> MetricFact:
    campaign_id, ad_set_id, ad_id = ids
    return MetricFact(
        tenant_id=account.tenant_id,
        business_id=account.business_id,
        ad_account_id=account.pk,
        campaign_id=campaign_id,
        ad_set_id=ad_set_id,
        ad_id=ad_id,
        day=row.day,
        publisher_platform=row.publisher_platform,
        currency=account.currency,
        impressions=row.impressions,
        clicks=row.clicks,
        spend_micros=row.spend.micros,
        conversions=row.conversions,
        conversion_value_micros=row.conversion_value.micros,
    )
