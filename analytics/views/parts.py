"""What the analytics page shows: the API's own numbers, with words beside them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pydantic
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.choice import SESSION_BUSINESS, offer_for
from accounts.models import Business
from accounts.queries import get_business
from accounts.web import PersonRequest, page_of
from analytics.bodies import OverviewQuery
from analytics.domain.periods import Period
from analytics.domain.sums import Summary
from analytics.models import Report
from analytics.presenters import people
from analytics.presenters.alerts import alert_text
from analytics.presenters.numbers import (
    range_json,
    report_error,
    report_json,
    series_json,
    summary_json,
)
from analytics.queries import list_reports
from analytics.queries.alerts import list_alerts
from analytics.queries.reach import Reach, open_reach, reach_of
from analytics.queries.series import series_page
from analytics.queries.summary import summaries
from analytics.services.report_links import download_url
from core.actors import Actor, Environment
from core.errors import InvalidError
from core.ids import encode

CAMPAIGNS = 20
ALERTS = REPORTS = 10
MOST_DAILY = 92  # days with a point each; longer ranges have one a week
PRESETS = (7, 30, 90)
COMPARED = {"previous": "previous", "year": "year", "none": None}
PLATFORM_NAMES = {"facebook": "Facebook", "instagram": "Instagram"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the URL asks for, in the words of the API."""

    date_from: str
    date_to: str
    compare: str
    metric: str
    business_id: str
    environment: str
    cursor: str

    @classmethod
    def of(cls, request: PersonRequest) -> "Chosen":
        """The query string; the business is the top bar's unless the URL names one."""
        query = request.GET
        metric, compare = query.get("metric", ""), query.get("compare", "")
        return cls(
            date_from=query.get("date_from", "")[:40],
            date_to=query.get("date_to", "")[:40],
            compare=compare if compare in COMPARED else "previous",
            metric=metric if metric in people.LABELS else "spend",
            business_id=query.get("business_id", request.session.get(SESSION_BUSINESS, ""))[:64],
            environment=query.get("environment", ""),
            cursor=query.get("campaigns", "")[:400],
        )

    @classmethod
    def posted(cls, request: PersonRequest) -> "Chosen":
        """The range and the business that a form was sent with."""
        names = ("date_from", "date_to", "business_id", "environment")
        said = {name: request.POST.get(name, "")[:64] for name in names}
        return cls(**said, compare="previous", metric="spend", cursor="")

    def url(self, **changes: str) -> str:
        """The page's address with these choices and `changes`."""
        kept = {
            "date_from": self.date_from,
            "date_to": self.date_to,
            "compare": self.compare,
            "metric": self.metric,
            "business_id": self.business_id,
            "environment": self.environment,
            **changes,
        }
        query = {name: value for name, value in kept.items() if value}
        return f"{reverse('analytics')}?{urlencode(query)}"

    def periods(self, today: date) -> tuple[Period, Period | None]:
        """The range and the one it is compared with; raises InvalidError."""
        said = {"date_from": self.date_from or None, "date_to": self.date_to or None}
        try:
            query = OverviewQuery.model_validate({**said, "compare": COMPARED[self.compare]})
        except pydantic.ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            raise InvalidError(
                _("%(field)s: a date as YYYY-MM-DD is needed.") % {"field": field}, field=field
            ) from error
        return query.periods(today)


def reach_for(actor: Actor, chosen: Chosen) -> Reach:
    """One business, or all the person may see of one environment: live, where there is any unless
    the URL says otherwise. Raises NotFoundError.
    """
    if chosen.business_id:
        return reach_of(actor, chosen.business_id)
    environment: str = chosen.environment
    if environment not in (Environment.LIVE, Environment.TEST):
        rows = Business.objects.filter(environment=Environment.LIVE, is_archived=False)
        if actor.business_ids is not None:
            rows = rows.filter(pk__in=actor.business_ids)
        environment = Environment.LIVE if rows.exists() else Environment.TEST
    return open_reach(environment, business_id=None, limits=actor.business_ids)


def page_context(request: PersonRequest, chosen: Chosen, *, now: datetime) -> dict[str, Any]:
    """Everything the page shows. Needs the tenant's scope; raises NotFoundError for a business
    that the person may not see.
    """
    reach = reach_for(request.actor, chosen)
    today = reach.today(now)
    period, compared, error = _range(chosen, today)
    return {
        "chosen": chosen,
        "error": error,
        "where": range_json(reach.where, period),
        "compared": compared,
        "has_accounts": bool(reach.zones),
        "offered": offer_for(request, chosen.business_id),
        "metrics": people.metric_choices(),
        "presets": _presets(chosen, today),
        **_numbers(reach, chosen, period=period, compared=compared, today=today),
        **_campaigns(reach, chosen, period=period, today=today),
        **alerts_context(request, chosen),
        **reports_context(request, now=now),
    }


def _range(chosen: Chosen, today: date) -> tuple[Period, Period | None, str]:
    """The chosen range and what it is compared with; the last 30 days and why, where it is none."""
    try:
        return *chosen.periods(today), ""
    except InvalidError as refused:
        period = Period(today - timedelta(days=29), today)
        return period, period.previous(), refused.message


def _presets(chosen: Chosen, today: date) -> list[dict[str, Any]]:
    return [
        {
            "days": days,
            "url": chosen.url(
                date_from=(today - timedelta(days=days - 1)).isoformat(), date_to=today.isoformat()
            ),
        }
        for days in PRESETS
    ]


def _numbers(
    reach: Reach, chosen: Chosen, *, period: Period, compared: Period | None, today: date
) -> dict[str, Any]:
    interval = "daily" if period.days <= MOST_DAILY else "weekly"
    drawn = _drawn(reach, chosen.metric, period=period, interval=interval, today=today)
    found = summaries(reach, period, compared=compared)
    return {
        "currencies": [
            _currency(one, period, compared=compared, drawn=drawn, metric=chosen.metric)
            for one in found.values()
        ],
        "columns": [people.LABELS[name] for name in people.SHOWN],
        "interval": interval,
        "metric_label": people.LABELS[chosen.metric],
    }


def _drawn(
    reach: Reach, metric: str, *, period: Period, interval: str, today: date
) -> dict[str, dict[str, Any]]:
    """Currency to its series of the chart's metric."""
    page = series_page(
        reach,
        reach.facts(period.since, period.until),
        interval=interval,
        breakdown="none",
        today=today,
        limit=50,
        cursor="",
    )
    return {
        row.currency: series_json(row, period, breakdown="none", wanted=[metric])
        for row in page.rows
    }


def _campaigns(reach: Reach, chosen: Chosen, *, period: Period, today: date) -> dict[str, Any]:
    page = series_page(
        reach,
        reach.facts(period.since, period.until),
        interval="weekly",
        breakdown="campaign",
        today=today,
        limit=CAMPAIGNS,
        cursor=chosen.cursor,
    )
    rows = [
        series_json(row, period, breakdown="campaign", wanted=people.SHOWN) for row in page.rows
    ]
    more = page.next_cursor
    return {
        "campaigns": [
            {**row, "cells": people.cells(row["metrics"], row["currency"])} for row in rows
        ],
        "more_campaigns": chosen.url(campaigns=more) if more else "",
        "first_campaigns": chosen.url() if chosen.cursor else "",
    }


def _currency(
    summary: Summary,
    period: Period,
    *,
    compared: Period | None,
    drawn: dict[str, dict[str, Any]],
    metric: str,
) -> dict[str, Any]:
    said = summary_json(summary, period, compared=compared)
    found = {
        **said,
        "read_at": summary.freshness.as_of,
        "tiles": people.tiles(said),
        "platforms": _platforms(said),
    }
    if summary.currency in drawn:
        chart, rows = people.chart_of(drawn[summary.currency], metric)
        labels = people.y_labels(chart, metric, summary.currency)
        found |= {"chart": chart, "points": rows, "y_labels": labels}
    return found


def _platforms(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": PLATFORM_NAMES.get(name, name), "cells": people.cells(metrics, said["currency"])}
        for name, metrics in said["by_platform"].items()
    ]


def alerts_context(request: PersonRequest, chosen: Chosen) -> dict[str, Any]:
    """The newest alerts of the business, or of all the person may see."""
    rows = list_alerts(request.actor)
    if chosen.business_id:
        rows = rows.filter(business=get_business(request.actor, chosen.business_id))
    rows = rows.select_related("business", "campaign")
    found, older = page_of(request, rows, size=ALERTS, name="alerts")
    shown = [
        {
            "row": row,
            "public_id": encode("alert", row.pk),
            "text": alert_text(row),
            "campaign_id": encode("camp", row.campaign_id) if row.campaign_id else "",
        }
        for row in found
    ]
    return {"alerts": shown, "older_alerts": older}


def reports_context(request: PersonRequest, *, now: datetime) -> dict[str, Any]:
    """Reports that are kept, and whether one of them is being made."""
    found, older = page_of(
        request, list_reports(request.actor, now=now), size=REPORTS, name="reports"
    )
    shown = [_report(row) for row in found]
    return {
        "reports": shown,
        "older_reports": older,
        "reports_url": request.get_full_path(),
        "are_made": any(one["status"] == "processing" for one in shown),
    }


def _report(row: Report) -> dict[str, Any]:
    said = report_json(row, url=download_url(row) if row.state == "ready" else None)
    error = report_error(row)
    return {**said, "row": row, "reason": error["message"] if error else ""}
