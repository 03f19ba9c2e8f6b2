"""Facts are overwritten by later reads of the same day; unchanged rows are not touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from platforms.metrics.models import MetricFact

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
    # Not bulk_update: its CASE for every value of every row kept SQLite's writer for seconds.
    MetricFact.objects.bulk_create(
        changed,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=KEY,
        update_fields=[*VALUES, "synced_at"],
    )
    return Upserted(len(facts), len(changed))
