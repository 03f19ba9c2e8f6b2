"""Rows for printing: plain dictionaries, a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
)
from django.db.models.functions import Cast

from campaigns.models import Ad, AdSet, Campaign, Dispatch, DispatchStep
from campaigns.presenters import (
    AD_COLUMNS,
    AD_SET_COLUMNS,
    CAMPAIGN_COLUMNS,
    ad_json,
    ad_set_json,
    campaign_json,
)
from campaigns.queries.tree import limits_of, visible
from core.actors import Actor
from core.compiled import Compiled
from core.errors import NotFoundError
from core.ids import decode
from platforms.metrics.queries import totals_column


def plain_rows(rows: QuerySet[Any], columns: Sequence[str]) -> QuerySet[Any, dict[str, Any]]:
    """The queryset as dictionaries of `columns`, without the joins a model would need."""
    plain: QuerySet[Any, dict[str, Any]] = rows.select_related(None).values(*columns)
    return plain


def _printable(rows: QuerySet[Campaign], *more: str) -> QuerySet[Campaign, tuple[Any, ...]]:
    """The rows as tuples of CAMPAIGN_COLUMNS."""
    texts = {f"{name}_text": Cast(name, TextField()) for name in (*_KEYS, *_TIMES, *_JSON)}
    found: QuerySet[Campaign, tuple[Any, ...]] = rows.annotate(
        **texts, sums_text=totals_column()
    ).values_list(*CAMPAIGN_COLUMNS, *more)
    return found


def _one(**limits: Any) -> QuerySet[Campaign, tuple[Any, ...]]:
    return _printable(Campaign.objects.filter(**limits))


def _page(
    limit: int, *, before: Any = None, last: Any = None, **limits: Any
) -> QuerySet[Campaign, tuple[Any, ...]]:
    """`limit` campaigns behind a row, newest first, and in each how many there are in all."""
    shown = Campaign.objects.filter(**limits)
    if "status" not in limits:
        shown = shown.exclude(status__in=["ARCHIVED", "DELETED"])
    counted = shown.order_by().values("tenant_id").annotate(n=Count("pk")).values("n")
    rows = shown.annotate(total=Subquery(counted)).order_by("-created_at", "-id")
    if before is not None:
        older = Q(created_at__lt=before) | Q(created_at=before, id__lt=last)
        rows = rows.filter(older, created_at__lte=before)
    return _printable(rows, "total")[:limit]


_KEYS = ("id", "business_id", "ad_account_id")
_TIMES = ("launched_at", "created_at", "updated_at")
_JSON = ("issues", "platforms", "optimization")
_FIELDS: dict[str, Any] = {
    "id": UUIDField(),
    "environment": CharField(),
    "business_id": UUIDField(),
    "status": CharField(),
    "before": DateTimeField(),
    "last": UUIDField(),
}
_ONE: Compiled[tuple[Any, ...]] = Compiled(_one, **_FIELDS)


@cache
def _pages(limit: int) -> Compiled[tuple[Any, ...]]:
    """A limit is part of a statement's text."""

    def page(**params: Any) -> QuerySet[Campaign, tuple[Any, ...]]:
        return _page(limit, **params)

    return Compiled(page, **_FIELDS)


def print_campaign(campaign_id: UUID, actor: Actor | None = None) -> dict[str, Any]:
    """One campaign as JSON, of those the actor may see where one is named; raises NotFoundError."""
    limits = limits_of(actor) if actor else {}
    if "business_id__in" in limits:
        row = _one(id=campaign_id, **limits).first()
    else:
        row = _ONE.first(id=campaign_id, **limits)
    if row is None:
        raise NotFoundError
    return campaign_json(row)


@dataclass(frozen=True, slots=True)
class Page:
    """Objects as JSON, the last one's place where more follow, and how many there are in all."""

    data: list[dict[str, Any]]
    last: tuple[datetime, UUID] | None
    total: int


def print_campaigns(
    actor: Actor,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    business_id: UUID | None = None,
    status: str = "",
) -> Page:
    """The campaigns behind the place `after`, newest first; archived ones only by their status."""
    limits = limits_of(actor)
    if business_id is not None:
        limits["business_id"] = business_id
    if status:
        limits["status"] = status
    place = {"before": after[0], "last": after[1]} if after else {}
    found = _rows(limit + 1, **limits, **place)
    if not found and after:
        first = _rows(1, **limits)
        return Page([], None, first[0][-1] if first else 0)
    shown = found[:limit]
    last = _place(shown[-1]) if len(found) > limit else None
    return Page([campaign_json(row[:-1]) for row in shown], last, found[0][-1] if found else 0)


def _place(row: tuple[Any, ...]) -> tuple[datetime, UUID]:
    """SQLite's text of a time has no zone: it is UTC."""
    return datetime.fromisoformat(row[_CREATED_AT]).replace(tzinfo=UTC), UUID(row[0])


def _rows(limit: int, **wanted: Any) -> list[tuple[Any, ...]]:
    if "business_id__in" in wanted:
        return list(_page(limit, **wanted))
    return _pages(limit).rows(**wanted)


_CREATED_AT = CAMPAIGN_COLUMNS.index("created_at_text")


def print_stored(campaign: Campaign) -> dict[str, Any]:
    """The row at hand as JSON, without metrics: what a change that is on its way leaves as it
    is.
    """
    values = vars(campaign)
    stored = {**values, "sums_text": None}
    stored |= {f"{name}_text": orjson.dumps(values[name]) for name in _JSON}
    for name in (*_KEYS, *_TIMES):
        stored[f"{name}_text"] = None if values[name] is None else str(values[name])
    row = [stored[name] for name in CAMPAIGN_COLUMNS]
    return {name: value for name, value in campaign_json(row).items() if name != "metrics"}


def print_ad_set(ad_set_id: UUID) -> dict[str, Any]:
    """One ad set as JSON."""
    return ad_set_json(AdSet.objects.values(*AD_SET_COLUMNS).get(pk=ad_set_id))


def print_ad(ad_id: UUID) -> dict[str, Any]:
    """One ad as JSON."""
    return ad_json(Ad.objects.values(*AD_COLUMNS).get(pk=ad_id))


def get_job(actor: Actor, public_id: str) -> tuple[Dispatch, Sequence[DispatchStep]]:
    """A Dispatch by `job_…` or `ver_…` with its steps; raises NotFoundError."""
    key = decode("job", public_id, aliases=("ver",))
    found = visible(Dispatch.objects.all(), actor).filter(pk=key).first()
    if found is None:
        raise NotFoundError
    return found, list(DispatchStep.objects.filter(dispatch=found).order_by("seq"))
