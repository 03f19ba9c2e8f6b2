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
    Field,
    Func,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
)

from campaigns.models import Ad, AdSet, Campaign, Dispatch, DispatchStep
from campaigns.presenters import (
    AD_COLUMNS,
    AD_SET_COLUMNS,
    CAMPAIGN_COLUMNS,
    FACTS,
    SEPARATOR,
    WORDS,
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


class _Facts(Func):
    """Columns as one text, parted by SEPARATOR, with nothing for NULL."""

    output_field = TextField()
    template = "concat_ws(chr(31), %(expressions)s)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """The same text put together."""
        return self.as_sql(
            compiler,
            connection,
            template="(%(expressions)s)",
            arg_joiner=" || char(31) || ",
            **context,
        )


class _OrNothing(Func):
    """A column as text, empty where it is NULL."""

    output_field = TextField()
    template = "COALESCE(CAST(%(expressions)s AS text), '')"


def _printable(rows: QuerySet[Campaign], *more: str) -> QuerySet[Campaign, tuple[Any, ...]]:
    """The rows as tuples of CAMPAIGN_COLUMNS."""
    facts = [_OrNothing(name) if name in _NULLABLE else name for name in FACTS]
    found: QuerySet[Campaign, tuple[Any, ...]] = rows.annotate(
        facts=_Facts(*facts, _OrNothing(totals_column()))
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
    rows = shown.annotate(total=Subquery(counted, output_field=_AS_IT_IS)).order_by(
        "-created_at", "-id"
    )
    if before is not None:
        older = Q(created_at__lt=before) | Q(created_at=before, id__lt=last)
        rows = rows.filter(older, created_at__lte=before)
    return _printable(rows, "total")[:limit]


_AS_IT_IS: "Field[Any, Any]" = Field()  # nothing to convert in a count
_NULLABLE = {name for name in FACTS if Campaign._meta.get_field(name).null}
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
    facts = dict(zip(FACTS, row[0].split(SEPARATOR), strict=False))
    return datetime.fromisoformat(facts["created_at"]).replace(tzinfo=UTC), UUID(facts["id"])


def _rows(limit: int, **wanted: Any) -> list[tuple[Any, ...]]:
    if "business_id__in" in wanted:
        return list(_page(limit, **wanted))
    return _pages(limit).rows(**wanted)


def print_stored(campaign: Campaign) -> dict[str, Any]:
    """The row at hand as JSON, without metrics: what a change that is on its way leaves as it
    is.
    """
    values = vars(campaign)
    facts = SEPARATOR.join([*(_as_text(values[name]) for name in FACTS), ""])
    printed = campaign_json((facts, *(values[name] for name in WORDS)))
    return {name: value for name, value in printed.items() if name != "metrics"}


def _as_text(value: Any) -> str:
    """What the database writes for a value of FACTS."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return str(value)


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
