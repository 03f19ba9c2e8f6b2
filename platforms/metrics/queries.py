"""Totals of delivery facts; call inside the tenant's scope. Money is micros of the fact's
currency, days are of the ad account's zone, both bounds included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Cast, JSONArray

from platforms.metrics.models import CampaignTotals, MetricFact


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over facts; all zero where nothing was delivered."""

    impressions: int = 0
    clicks: int = 0
    spend_micros: int = 0
    conversions: int = 0
    conversion_value_micros: int = 0


_SUMS = {name: Sum(name) for name in Totals.__dataclass_fields__}


def _facts(
    campaign_ids: Iterable[UUID], since: date | None, until: date | None
) -> QuerySet[MetricFact]:
    rows: QuerySet[MetricFact] = MetricFact.objects.filter(campaign_id__in=list(campaign_ids))
    if since is not None:
        rows = rows.filter(day__gte=since)
    return rows if until is None else rows.filter(day__lte=until)


def _grouped(rows: QuerySet[MetricFact], key: str) -> dict[Any, Totals]:
    found = rows.order_by(key).values(key).annotate(**_SUMS)
    return {row.pop(key): Totals(**row) for row in found}


def totals_by_campaign(
    campaign_ids: Iterable[UUID], *, since: date | None = None, until: date | None = None
) -> dict[UUID, Totals]:
    """Sums per campaign; campaigns without facts are absent."""
    return _grouped(_facts(campaign_ids, since, until), "campaign_id")


def totals_column(campaign: str = "pk") -> Subquery:
    """Lifetime sums per row of an outer query, whose `campaign` names the campaign: the JSON array
    of a Totals as text, NULL without facts.
    """
    rows = CampaignTotals.objects.filter(campaign_id=OuterRef(campaign))
    return Subquery(rows.values(sums=Cast(JSONArray(*_SUMS), TextField())))


def lifetime_totals(campaign_ids: Iterable[UUID]) -> dict[UUID, CampaignTotals]:
    """Lifetime sums per campaign; campaigns without facts are absent."""
    rows = CampaignTotals.objects.filter(campaign_id__in=list(campaign_ids))
    return {row.campaign_id: row for row in rows}


def totals_by_ad(
    campaign_id: UUID, *, since: date | None = None, until: date | None = None
) -> dict[UUID, Totals]:
    """Sums per ad of one campaign."""
    return _grouped(_facts([campaign_id], since, until), "ad_id")


def totals_by_day(
    campaign_id: UUID, *, since: date | None = None, until: date | None = None
) -> dict[date, Totals]:
    """Sums per day of one campaign, oldest first."""
    return _grouped(_facts([campaign_id], since, until), "day")


def last_day(ad_account_id: UUID) -> date | None:
    """The newest day an ad account has facts of."""
    rows = MetricFact.objects.filter(ad_account_id=ad_account_id).order_by("-day")
    newest: date | None = rows.values_list("day", flat=True).first()
    return newest
