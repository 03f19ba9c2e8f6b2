"""How sums look outside."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from django.utils.translation import gettext as _

from analytics.domain.forecast import TARGET
from analytics.domain.metrics import AMOUNTS, METRICS, RATIOS, SUMS, Sums, change_percent
from analytics.domain.periods import Period
from analytics.domain.sums import (
    Freshness,
    Outlook,
    Part,
    Parts,
    Prediction,
    Series,
    Summary,
    Where,
)
from analytics.domain.tables import MOST_PDF_ROWS, MOST_ROWS
from analytics.models import Report
from campaigns.models import Campaign
from campaigns.presenters.tree import amount, iso_z, metrics_json, ratio
from core.ids import encode
from core.money import to_number


def numbers(sums: Sums, currency: str, *, wanted: Sequence[str] = METRICS) -> dict[str, Any]:
    """The wanted metrics, money in main units; a ratio without a base is null."""
    places = get_currency_precision(currency)
    said = metrics_json([sums[name] for name in SUMS], currency)
    said["conversion_value"] = amount(sums["conversion_value_micros"], currency)
    for name in ("cpm", "conversion_rate", "cost_per_conversion"):
        top, base, factor = RATIOS[name]
        is_money = top in AMOUNTS.values()
        scale, digits = (1_000_000, places) if is_money else (1, 2)
        said[name] = ratio(factor * sums[top], sums[base] * scale, digits)
    return {name: said[name] for name in wanted}


def freshness_json(freshness: Freshness, period: Period) -> dict[str, Any]:
    """Whether the range is final; conversions of later days are still being counted."""
    return {
        "is_final": freshness.is_final(period.until),
        "still_counting_from": day(freshness.counting_from(period.since, period.until)),
        "as_of": iso_z(freshness.as_of),
    }


def day(value: date | None) -> str | None:
    """YYYY-MM-DD."""
    return value.isoformat() if value else None


def range_json(where: Where, period: Period) -> dict[str, Any]:
    """What was asked, as it was understood."""
    return {
        "environment": where.environment,
        "date_from": day(period.since),
        "date_to": day(period.until),
        "time_zones": where.time_zones,
    }


def comparison_json(summary: Summary, compared: Period | None) -> dict[str, Any] | None:
    """The earlier range's numbers, and by how many percent each metric moved since."""
    if compared is None or summary.before is None:
        return None
    return {
        "date_from": day(compared.since),
        "date_to": day(compared.until),
        "metrics": numbers(summary.before, summary.currency),
        "change_percent": {
            name: change_percent(name, summary.sums, summary.before) for name in METRICS
        },
    }


def summary_json(summary: Summary, period: Period, *, compared: Period | None) -> dict[str, Any]:
    """One currency's numbers."""
    currency = summary.currency
    return {
        "currency": currency,
        "metrics": numbers(summary.sums, currency),
        "by_platform": {
            name: numbers(sums, currency) for name, sums in sorted(summary.by_platform.items())
        },
        **freshness_json(summary.freshness, period),
        "comparison": comparison_json(summary, compared),
    }


def overview_json(
    where: Where, period: Period, *, compared: Period | None, found: dict[str, Summary]
) -> dict[str, Any]:
    """All currencies; `metrics` at the top only where there is one of them to speak of."""
    data = [summary_json(one, period, compared=compared) for one in found.values()]
    only = data[0] if len(data) == 1 else None
    return {
        **range_json(where, period),
        "business_id": encode("biz", where.business_id) if where.business_id else None,
        "currency": only and only["currency"],
        "metrics": only and only["metrics"],
        "by_currency": data,
    }


def campaign_summary_json(
    campaign: Campaign,
    period: Period,
    *,
    summary: Summary,
    others: Sequence[Summary],
    compared: Period | None,
) -> dict[str, Any]:
    """A campaign's numbers in its own currency. `others` are amounts of another one, which the ad
    account would have to have changed.
    """
    account = campaign.ad_account
    return {
        "campaign_id": encode("camp", campaign.pk),
        "campaign_name": campaign.name,
        "environment": campaign.environment,
        "date_from": day(period.since),
        "date_to": day(period.until),
        "time_zone": account.timezone if account else None,
        **summary_json(summary, period, compared=compared),
        "other_currencies": [
            {"currency": one.currency, "metrics": numbers(one.sums, one.currency)} for one in others
        ],
    }


def parts_json(ad_sets: Parts, ads: Parts, currency: str) -> dict[str, Any]:
    """The parts that spent most; `has_more` says where the series by ad set or by ad go on."""
    return {
        "by_ad_set": [
            {"ad_set_id": encode("aset", one.id), **_part(one, currency)} for one in ad_sets.rows
        ],
        "by_ad": [
            {
                "ad_id": encode("ad", one.id),
                "ad_set_id": encode("aset", one.parent) if one.parent else None,
                **_part(one, currency),
            }
            for one in ads.rows
        ],
        "has_more": {
            "ad_sets": ad_sets.total > len(ad_sets.rows),
            "ads": ads.total > len(ads.rows),
        },
    }


_PREFIXES = {
    "business": "biz",
    "ad_account": "acct",
    "campaign": "camp",
    "ad_set": "aset",
    "ad": "ad",
}


def series_json(
    series: Series, period: Period, *, breakdown: str, wanted: Sequence[str]
) -> dict[str, Any]:
    """A series with the wanted metrics, the whole range's under `metrics`."""
    currency, fresh = series.currency, series.freshness
    return {
        "currency": currency,
        "key": public_key(breakdown, series.key),
        "name": series.name,
        "metrics": numbers(series.sums, currency, wanted=wanted),
        **freshness_json(fresh, period),
        "points": [
            {
                "date": day(point.period.since),
                "date_to": day(point.period.until),
                "is_final": fresh.is_final(point.period.until),
                **numbers(point.sums, currency, wanted=wanted),
            }
            for point in series.points
        ],
    }


def public_key(breakdown: str, key: UUID | str | None) -> str | None:
    """The id as it is printed everywhere; a publisher platform as it is."""
    return encode(_PREFIXES[breakdown], key) if isinstance(key, UUID) else key


def outlook_json(outlook: Outlook) -> dict[str, Any]:
    """One horizon in one currency."""
    return {
        "currency": outlook.currency,
        "horizon_days": outlook.period.days,
        "date_from": day(outlook.period.since),
        "date_to": day(outlook.period.until),
        "as_of": iso_z(outlook.freshness.as_of),
        "metrics": {one.metric: _prediction(one, outlook.currency) for one in outlook.metrics},
    }


def _prediction(one: Prediction, currency: str) -> dict[str, Any]:
    """A sum over the horizon with its 80 % interval, or null and why."""
    found = one.found

    def shown(value: float | None) -> float | int | None:
        if value is None:
            return None
        return to_number(round(value), currency) if one.metric in AMOUNTS else round(value)

    return {
        "expected": shown(found.expected),
        "low": shown(found.low),
        "high": shown(found.high),
        "coverage": {
            "promised": TARGET,
            "measured": None if found.coverage is None else round(found.coverage, 3),
            "backtests": found.backtests,
        },
        "reason": found.reason or None,
        "message": _why(one),
    }


def _why(one: Prediction) -> str | None:
    said = {
        "history_too_short": _("%(needed)d days of history are needed; %(known)d count so far."),
        "not_delivering": _("Nothing was delivered in the last seven days."),
        "not_up_to_date": _("The ad account has not been read for days; check its connection."),
        "interval_not_reliable": _(
            "On this history such intervals did not hold what happened 75 to 85 times of 100."
        ),
    }.get(one.found.reason)
    return said % {"needed": one.needed, "known": one.known} if said else None


def report_json(report: Report, *, url: str | None) -> dict[str, Any]:
    """A report without its file; `url` is where that is."""
    state = {"ready": "completed", "failed": "failed"}.get(report.state, "processing")
    return {
        "id": encode("rpt", report.pk),
        "status": state,
        "format": report.format,
        "environment": report.environment,
        "business_id": encode("biz", report.business_id) if report.business_id else None,
        "parameters": report.params,
        "rows": report.rows if state == "completed" else None,
        "size_bytes": report.size if state == "completed" else None,
        "error": report_error(report),
        "download_url": url,
        "created_at": iso_z(report.created_at),
        "completed_at": iso_z(report.finished_at) if state == "completed" else None,
        "expires_at": iso_z(report.expires_at),
    }


def report_error(report: Report) -> dict[str, str] | None:
    """Why there is no file, and what to do."""
    if report.state != "failed":
        return None
    if report.error_code == "report_too_large":
        said = _("More than %(most)d rows: choose a shorter range, interval or breakdown.")
        most = MOST_PDF_ROWS if report.format == "pdf" else MOST_ROWS
        return {"code": report.error_code, "message": said % {"most": most}}
    if report.error_code == "format_unavailable":
        said = _("This installation makes no PDF; choose another format.")
        return {"code": report.error_code, "message": said}
    return {"code": report.error_code, "message": _("It could not be made. Ask for it again.")}


def _part(part: Part, currency: str) -> dict[str, Any]:
    return {"name": part.name, "metrics": numbers(part.sums, currency)}
