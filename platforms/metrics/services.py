"""Facts are overwritten by later reads of the same day; unchanged rows are not touched. The totals
of their campaigns follow in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Sum

from core.locks import transaction_lock
from platforms.metrics.models import CampaignTotals, MetricFact

KEY = ("tenant", "day", "ad_id", "publisher_platform")
VALUES = ("impressions", "clicks", "spend_micros", "conversions", "conversion_value_micros")
BATCH = 500


@dataclass(frozen=True, slots=True)
class Upserted:
    """How many rows were read, and how many of them were new or different."""

    read: int
    changed: int


def upsert_facts(facts: Sequence[MetricFact], *, now: datetime) -> Upserted:
    """Insert or overwrite the facts of one ad account, inside the caller's tenant scope.

    `facts` are unsaved rows; they are one per ad, day and publisher platform.
    """
    if not facts:
        return Upserted(0, 0)
    days = [fact.day for fact in facts]
    known = {
        (row.day, row.ad_id, row.publisher_platform): row
        for row in MetricFact.objects.filter(
            ad_account_id=facts[0].ad_account_id, day__gte=min(days), day__lte=max(days)
        )
    }
    changed = []
    for fact in facts:
        fact.synced_at = now
        row = known.get((fact.day, fact.ad_id, fact.publisher_platform))
        if row is None or any(getattr(row, name) != getattr(fact, name) for name in VALUES):
            changed.append(fact)
    if not changed:
        return Upserted(len(facts), 0)
    # Who writes next adds up what is written here: sums are read after the lock.
    transaction_lock(f"facts:{facts[0].ad_account_id}")
    # Not bulk_update: its CASE for every value of every row kept SQLite's writer for seconds.
    MetricFact.objects.bulk_create(
        changed,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=KEY,
        update_fields=[*VALUES, "synced_at"],
    )
    _recompute({fact.campaign_id for fact in changed}, now=now)
    return Upserted(len(facts), len(changed))


def _recompute(campaign_ids: Iterable[UUID], *, now: datetime) -> None:
    """Lifetime totals anew from the facts: what is never added to cannot drift."""
    sums = {name: Sum(name) for name in VALUES}
    rows = (
        MetricFact.objects.filter(campaign_id__in=list(campaign_ids))
        .order_by("campaign_id")
        .values("tenant_id", "campaign_id")
        .annotate(
            currency=Max("currency"),
            **sums,
            days=Count("day", distinct=True),
            last_day=Max("day"),
        )
    )
    CampaignTotals.objects.bulk_create(
        [CampaignTotals(**row, computed_at=now) for row in rows],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=("tenant", "campaign_id"),
        update_fields=["currency", *VALUES, "days", "last_day", "computed_at"],
    )
