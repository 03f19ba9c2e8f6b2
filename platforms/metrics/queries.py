"""Totals of delivery facts; call inside the tenant's scope. Money is micros of the fact's
currency, days are of the ad account's zone, both bounds included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Func, OuterRef, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import TruncWeek

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


class _RowText(Func):
    """Columns as one text `(1,2,3)`: a third of what a JSON array costs PostgreSQL."""

    output_field = TextField()
    template = "(ROW(%(expressions)s))::text"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """The same text put together."""
        return self.as_sql(
            compiler,
            connection,
            template="('(' || %(expressions)s || ')')",
            arg_joiner=" || ',' || ",
            **context,
        )


def totals_column(campaign: str = "pk") -> Subquery:
    """Lifetime sums per row of an outer query, whose `campaign` names the campaign: what
    `read_totals` reads, NULL without facts.
    """
    rows = CampaignTotals.objects.filter(campaign_id=OuterRef(campaign))
    return Subquery(rows.values(sums=_RowText(*_SUMS)))


def read_totals(text: str) -> list[int]:
    """The values of a Totals, in the order of its fields."""
    return [int(number) for number in text[1:-1].split(",")]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Which facts are meant: those of businesses (keys, or a query of keys) on days, both bounds
    included. None and "" narrow nothing.
    """

    business_ids: Iterable[UUID] | QuerySet[Any, UUID]
    since: date
    until: date
    campaign_id: UUID | None = None
    ad_account_id: UUID | None = None
    publisher_platform: str = ""

    def rows(self) -> QuerySet[MetricFact]:
        """The rows themselves, in no order."""
        wanted = {
            "campaign_id": self.campaign_id,
            "ad_account_id": self.ad_account_id,
            "publisher_platform": self.publisher_platform,
        }
        found: QuerySet[MetricFact] = MetricFact.objects.filter(
            business_id__in=self.business_ids,
            day__gte=self.since,
            day__lte=self.until,
            **{name: value for name, value in wanted.items() if value},
        )
        return found


def sums_of(rows: QuerySet[MetricFact], *keys: str) -> QuerySet[Any, dict[str, Any]]:
    """One dictionary for each combination of `keys` (columns of a fact, or `week`: its Monday) with
    the sums beside them. Name `currency` among the keys: amounts of two currencies have no sum.
    """
    if "week" in keys:
        rows = rows.annotate(week=TruncWeek("day"))
    found: QuerySet[Any, dict[str, Any]] = rows.order_by(*keys).values(*keys).annotate(**_SUMS)
    return found


def totals_of(
    key: str, campaign_ids: Iterable[UUID], *, since: date, until: date
) -> dict[UUID, Totals]:
    """Sums per `key` (campaign_id, ad_set_id or ad_id)."""
    return _grouped(_facts(campaign_ids, since, until), key)


def daily_totals(
    key: str, campaign_ids: Iterable[UUID], *, since: date, until: date
) -> dict[tuple[UUID, date], Totals]:
    """Sums per `key` (campaign_id, ad_set_id or ad_id) and day."""
    rows = _facts(campaign_ids, since, until).order_by(key, "day").values(key, "day")
    return {(row.pop(key), row.pop("day")): Totals(**row) for row in rows.annotate(**_SUMS)}


def last_day(ad_account_id: UUID) -> date | None:
    """The newest day an ad account has facts of."""
    rows = MetricFact.objects.filter(ad_account_id=ad_account_id).order_by("-day")
    newest: date | None = rows.values_list("day", flat=True).first()
    return newest
