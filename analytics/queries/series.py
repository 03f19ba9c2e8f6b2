"""Sums along time: one series a currency, or one for each campaign, ad set, ad … of a currency."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Business
from analytics.domain.metrics import NOTHING, Sums
from analytics.domain.periods import Period
from analytics.domain.sums import Freshness, Point, Series
from analytics.queries.reach import Reach
from analytics.queries.summary import names_of, only_sums
from campaigns.models import Ad, AdSet, Campaign
from core.errors import InvalidError
from platforms.metrics.models import MetricFact
from platforms.metrics.queries import Facts, sums_of
from platforms.models import AdAccount

# Breakdown → column of the facts, and where its names are.
COLUMNS: Mapping[str, tuple[str, Any]] = {
    "business": ("business_id", Business),
    "ad_account": ("ad_account_id", AdAccount),
    "campaign": ("campaign_id", Campaign),
    "ad_set": ("ad_set_id", AdSet),
    "ad": ("ad_id", Ad),
    "platform": ("publisher_platform", None),
}
_Key = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """Some of the series, by currency and the dearest first, and how many there are."""

    rows: list[Series]
    total: int
    next_cursor: str | None


def series_page(
    reach: Reach,
    facts: Facts,
    *,
    interval: str,
    breakdown: str,
    today: date,
    limit: int,
    cursor: str,
) -> SeriesPage:
    """The series behind `cursor`. `interval` is daily or weekly, `breakdown` none or a key of
    COLUMNS. There is a point for every day or week up to `today`, also where nothing was delivered.
    """
    column, named = COLUMNS.get(breakdown, ("", None))
    keys = ("currency", column) if column else ("currency",)
    place = _read_place(cursor)
    grouped = sums_of(facts.rows(), *keys)
    found = list(
        grouped.order_by("currency", "-spend_micros", *keys[1:])[place : place + limit + 1]
    )
    shown = found[:limit]
    names = names_of(named, [row[column] for row in shown]) if named else {}
    fresh = freshness_by_currency(reach, facts)
    points = _points(facts, shown, keys=keys, interval=interval, today=today)
    rows = [
        Series(
            currency=row["currency"],
            key=row.get(column),
            name=names.get(row[column]) if named else None,
            sums=only_sums(row),
            freshness=fresh.get(row["currency"], Freshness()),
            points=points[_key(row, keys)],
        )
        for row in shown
    ]
    more = _make_place(place + limit) if len(found) > limit else None
    return SeriesPage(rows, grouped.count(), more)


def _key(row: Mapping[str, Any], keys: Sequence[str]) -> _Key:
    return row["currency"], row[keys[1]] if len(keys) > 1 else None


def freshness_by_currency(reach: Reach, facts: Facts) -> dict[str, Freshness]:
    """Currency → how far the ad accounts that delivered in it can be relied upon."""
    accounts: dict[str, set[UUID]] = {}
    rows = facts.rows().order_by().values_list("currency", "ad_account_id").distinct()
    for currency, account in rows:
        accounts.setdefault(currency, set()).add(account)
    return {currency: reach.freshness(keys) for currency, keys in accounts.items()}


def _points(
    facts: Facts,
    shown: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    interval: str,
    today: date,
) -> dict[_Key, list[Point]]:
    """Series → a point for each piece of the range."""
    step = "week" if interval == "weekly" else "day"
    sums: dict[_Key, dict[date, Sums]] = {_key(row, keys): {} for row in shown}
    for row in sums_of(_of(facts.rows(), shown, keys), *keys, step) if shown else ():
        sums[_key(row, keys)][row[step]] = only_sums(row)
    pieces = list(Period(facts.since, min(facts.until, today)).pieces(interval))
    return {
        key: [Point(piece, days.get(_starts(piece, step), NOTHING)) for piece in pieces]
        for key, days in sums.items()
    }


def _starts(piece: Period, step: str) -> date:
    """What the database calls the piece: a week by its Monday, also where the range cuts it."""
    return piece.monday if step == "week" else piece.since


def _of(
    rows: QuerySet[MetricFact], shown: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> QuerySet[MetricFact]:
    """The facts of the shown series."""
    if len(keys) == 1:
        return rows.filter(currency__in=[row["currency"] for row in shown])
    wanted = Q()
    for currency in sorted({row["currency"] for row in shown}):
        of_it = [row[keys[1]] for row in shown if row["currency"] == currency]
        wanted |= Q(currency=currency, **{f"{keys[1]}__in": of_it})
    return rows.filter(wanted)


def _make_place(number: int) -> str:
    return base64.urlsafe_b64encode(f"series:{number}".encode()).decode().rstrip("=")


def _read_place(cursor: str) -> int:
    """How many series come before; sums have no row to stand behind, so it is a number."""
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error) as error:
        raise _not_ours() from error
    head, _sep, number = text.partition(":")
    if head != "series" or not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise _not_ours()
    return int(number)


def _not_ours() -> InvalidError:
    return InvalidError("cursor is not one that this API returned.", field="cursor")
