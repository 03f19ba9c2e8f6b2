"""Campaigns as pages: the list with spend, and one campaign's tree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from campaigns.models import Ad, AdSet, Authority, Campaign, PendingAction
from core.actors import Actor
from core.cursors import read_position
from core.errors import NotFoundError
from core.ids import decode
from platforms.metrics.models import MetricFact
from platforms.metrics.queries import lifetime_totals

COLUMNS = (
    "id", "business_id", "business__name", "environment", "name", "status", "effective_status",
    "objective", "budget_type", "budget_micros", "currency", "external_id", "issues", "created_at",
)  # fmt: skip
STATUSES = ("DRAFT", "ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED")
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFilters:
    """What the list shows; ARCHIVED and DELETED only when asked for. `q` is part of a name."""

    status: str = ""
    business: str = ""
    q: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Spend:
    """Micros charged in the last seven days of delivery and in all, and what came of them."""

    week_micros: int = 0
    total_micros: int = 0
    impressions: int = 0
    clicks: int = 0
    conversions: int = 0
    last_day: Any = None


def campaign_page(
    actor: Actor, filters: CampaignFilters, *, size: int
) -> tuple[list[dict[str, Any]], str]:
    """At most `size` campaigns as dicts of COLUMNS, newest first, and the next page's cursor."""
    rows = _beyond(_matching(actor, filters), filters.after).order_by("-created_at", "-id")
    found = list(rows.values_list(*COLUMNS)[: size + 1])
    page = [dict(zip(COLUMNS, values, strict=True)) for values in found[:size]]
    if len(found) <= size:
        return page, ""
    return page, f"{page[-1]['created_at'].isoformat()}_{page[-1]['id'].hex}"


def _matching(actor: Actor, filters: CampaignFilters) -> QuerySet[Campaign]:
    rows: QuerySet[Campaign] = Campaign.objects.all()
    if actor.business_ids is not None:
        rows = rows.filter(business_id__in=actor.business_ids)
    if filters.business:
        try:
            rows = rows.filter(business_id=decode("biz", filters.business))
        except NotFoundError:
            return rows.none()
    if filters.q:
        rows = rows.filter(name__icontains=filters.q)
    if filters.status:
        return rows.filter(status=filters.status)
    shown: QuerySet[Campaign] = rows.exclude(status__in=["ARCHIVED", "DELETED"])
    return shown


def _beyond(rows: QuerySet[Campaign], cursor: str) -> QuerySet[Campaign]:
    position = read_position(cursor)
    if position is None:
        return rows
    moment, last = position
    older = Q(created_at__lt=moment) | Q(created_at=moment, id__lt=last)
    return rows.filter(older, created_at__lte=moment)


def spend_of(rows: Iterable[tuple[UUID, str]]) -> dict[UUID, Spend]:
    """Delivery of campaigns given as (id, environment), two statements for any number.

    A week ends with the newest day of facts of that environment: simulated days and wall days are
    different calendars.
    """
    by_environment: dict[str, list[UUID]] = {}
    for campaign_id, environment in rows:
        by_environment.setdefault(environment, []).append(campaign_id)
    ids = [campaign_id for group in by_environment.values() for campaign_id in group]
    totals = lifetime_totals(ids)
    recent = Q(pk=None)
    for group in by_environment.values():
        days = [totals[one].last_day for one in group if one in totals]
        if days:
            recent |= Q(campaign_id__in=group, day__gt=max(days) - WEEK)
    weeks = MetricFact.objects.filter(recent).values("campaign_id").annotate(n=Sum("spend_micros"))
    week = {row["campaign_id"]: row["n"] for row in weeks}
    return {
        key: Spend(
            week.get(key, 0),
            row.spend_micros,
            row.impressions,
            row.clicks,
            row.conversions,
            row.last_day,
        )
        for key, row in totals.items()
    }


def ad_counts(campaign_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Ads per campaign that are not deleted."""
    rows = Ad.objects.filter(campaign_id__in=campaign_ids).exclude(status="DELETED")
    return dict(rows.values("campaign_id").annotate(n=Count("id")).values_list("campaign_id", "n"))


def pending_counts(campaign_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Waiting proposals per campaign."""
    rows = PendingAction.objects.filter(campaign_id__in=campaign_ids, status="pending")
    grouped = rows.values("campaign_id").annotate(n=Count("id"))
    return dict(grouped.values_list("campaign_id", "n"))


def own_authorities(campaign_ids: Sequence[UUID]) -> dict[UUID, Authority]:
    """The current authority of campaigns that have one of their own."""
    rows = Authority.objects.filter(campaign_id__in=campaign_ids, is_current=True)
    return {row.campaign_id: row for row in rows if row.campaign_id is not None}


def ad_sets_of(campaign: Campaign) -> QuerySet[AdSet]:
    """A campaign's ad sets that are not deleted, newest first."""
    rows: QuerySet[AdSet] = campaign.ad_sets.exclude(status="DELETED")
    return rows.order_by("-created_at", "-id")


def ads_of(ad_set: AdSet) -> QuerySet[Ad]:
    """An ad set's ads that are not deleted with their creatives, newest first."""
    rows: QuerySet[Ad] = ad_set.ads.exclude(status="DELETED").select_related("creative")
    return rows.order_by("-created_at", "-id")


def newest_ads(ad_sets: Sequence[AdSet], *, most: int) -> dict[UUID, list[Ad]]:
    """The newest `most` ads of each ad set, one statement for any number."""
    newest_first = ("-created_at", "-id")
    place = Window(RowNumber(), partition_by="ad_set_id", order_by=newest_first)
    rows = Ad.objects.filter(ad_set__in=ad_sets).exclude(status="DELETED").annotate(place=place)
    by_set: dict[UUID, list[Ad]] = {}
    for ad in rows.filter(place__lte=most).select_related("creative").order_by(*newest_first):
        by_set.setdefault(ad.ad_set_id, []).append(ad)
    return by_set


def waiting_on(campaign: Campaign, *, limit: int = 10) -> list[PendingAction]:
    """The newest proposals that wait on a campaign or something in it."""
    rows = PendingAction.objects.filter(campaign_id=campaign.pk, status__in=["pending", "approved"])
    return list(rows.order_by("-created_at", "-id")[:limit])
