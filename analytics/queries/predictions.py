"""Forecasts from the facts of a currency: what is still counting is left out of the history."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from analytics.domain.forecast import Forecast, days_needed, forecast
from analytics.domain.metrics import AMOUNTS, COUNTS
from analytics.domain.periods import Period
from analytics.domain.sums import Freshness, Outlook, Prediction
from analytics.queries.reach import Reach
from analytics.queries.series import freshness_by_currency
from platforms.metrics.queries import sums_of

HORIZONS = (7, 30)
HISTORY_DAYS = 400
STALE_DAYS = 3
PREDICTED = (*COUNTS, *AMOUNTS)
LATE = frozenset({"conversions", "conversion_value"})


def outlooks(reach: Reach, *, today: date, **narrower: Any) -> list[Outlook]:
    """An outlook for each currency and horizon, from the facts of the last 400 days."""
    facts = reach.facts(today - timedelta(days=HISTORY_DAYS - 1), today, **narrower)
    history: dict[str, dict[date, Mapping[str, Any]]] = {}
    for row in sums_of(facts.rows(), "currency", "day"):
        history.setdefault(row["currency"], {})[row["day"]] = row
    fresh = freshness_by_currency(reach, facts)
    return [
        outlook
        for currency, days in sorted(history.items())
        for outlook in _of_currency(
            currency, days, fresh=fresh.get(currency, Freshness()), today=today
        )
    ]


def _of_currency(
    currency: str, days: Mapping[date, Mapping[str, Any]], *, fresh: Freshness, today: date
) -> Iterator[Outlook]:
    last = fresh.complete_until
    for horizon in HORIZONS:
        start = (last or today) + timedelta(days=1)
        made = [
            _predict(name, days, fresh=fresh, horizon=horizon, today=today) for name in PREDICTED
        ]
        period = Period(start, start + timedelta(days=horizon - 1))
        yield Outlook(currency, period, fresh, made)


def _predict(
    name: str,
    days: Mapping[date, Mapping[str, Any]],
    *,
    fresh: Freshness,
    horizon: int,
    today: date,
) -> Prediction:
    last = fresh.complete_until
    if last is None or (today - last).days > STALE_DAYS:
        return Prediction(name, Forecast(reason="not_up_to_date"), days_needed(horizon), 0)
    known_until = last
    if name in LATE:
        known_until = min(last, fresh.final_until or date.min)
    gap = (last - known_until).days if fresh.final_until or name not in LATE else 0
    values = _values(days, AMOUNTS.get(name, name), known_until)
    found = forecast(values, horizon=horizon, gap=gap)
    return Prediction(name, found, days_needed(horizon, gap), len(values))


def _values(days: Mapping[date, Mapping[str, Any]], column: str, until: date) -> list[float]:
    """Each day from the first one that delivered, 0 where nothing did."""
    first = min(days)
    span = range((until - first).days + 1)
    return [float(days.get(first + timedelta(days=n), {}).get(column, 0)) for n in span]
