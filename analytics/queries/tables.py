"""The numbers of a report: one query for its sums, one for each kind of name."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Any
from uuid import UUID

from analytics.domain.metrics import NOTHING, Sums, add
from analytics.domain.periods import Period
from analytics.domain.sums import Freshness
from analytics.domain.tables import MOST_ROWS, Cell, Table, TooLargeError
from analytics.presenters.numbers import day, numbers, public_key, range_json
from analytics.queries.reach import Reach
from analytics.queries.series import COLUMNS, freshness_by_currency
from analytics.queries.summary import names_of
from platforms.metrics.queries import sums_of

_STEPS = {"daily": "day", "weekly": "week"}


def report_table(
    reach: Reach,
    period: Period,
    *,
    interval: str,
    breakdown: str,
    wanted: Sequence[str],
    **narrower: Any,
) -> Table:
    """A row for each day or week (`interval` total: for the range), currency and value of the
    breakdown that delivered. Raises TooLargeError.
    """
    column, named = COLUMNS.get(breakdown, ("", None))
    step = _STEPS.get(interval, "")
    facts = reach.facts(period.since, period.until, **narrower)
    keys = [key for key in (step, "currency", column) if key]
    order = [key for key in (step, "currency", "-spend_micros", column) if key]
    found = list(sums_of(facts.rows(), *keys).order_by(*order)[: MOST_ROWS + 1])
    if len(found) > MOST_ROWS:
        raise TooLargeError
    names = _names(named, {row[column] for row in found} if named else ())
    fresh = freshness_by_currency(reach, facts)
    labels = [f"{breakdown}_id", f"{breakdown}_name"] if named else [breakdown] if column else []
    dates = ["date", "date_to"] if step else []

    def row_of(sums: Mapping[str, Any], piece: Period, key: Any) -> list[Cell]:
        currency = sums["currency"]
        printed = public_key(breakdown, key)
        place = [printed, names.get(key)] if named else [printed] if column else []
        final = fresh.get(currency, Freshness()).is_final(piece.until)
        values = numbers(sums, currency, wanted=wanted).values()
        shown = [day(piece.since), day(piece.until)] if step else []
        return [*shown, currency, *place, *values, final]

    return Table(
        said={**range_json(reach.where, period), "interval": interval, "breakdown": breakdown},
        columns=[*dates, "currency", *labels, *wanted, "is_final"],
        rows=[row_of(row, _piece(row, step, period), row.get(column)) for row in found],
        total_columns=["currency", *wanted, "is_final"],
        totals=_totals(found, fresh, period=period, wanted=wanted),
    )


def _piece(row: Mapping[str, Any], step: str, period: Period) -> Period:
    """The day, or the part of the week that lies in the range, or the range."""
    if not step:
        return period
    start = row[step]
    last = start if step == "day" else Period(start, start).week_end
    return Period(max(start, period.since), min(last, period.until))


def _totals(
    found: Iterable[Mapping[str, Any]],
    fresh: Mapping[str, Freshness],
    *,
    period: Period,
    wanted: Sequence[str],
) -> list[list[Cell]]:
    """By currency; added up from the rows, so that both always agree."""
    sums: dict[str, Sums] = {}
    for row in found:
        sums[row["currency"]] = add(sums.get(row["currency"], NOTHING), row)
    return [
        [
            currency,
            *numbers(one, currency, wanted=wanted).values(),
            fresh.get(currency, Freshness()).is_final(period.until),
        ]
        for currency, one in sorted(sums.items())
    ]


def _names(model: Any, keys: Iterable[UUID]) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    for some in batched(keys, 5_000):
        found |= names_of(model, some)
    return found
