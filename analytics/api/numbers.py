"""Surface A: /analytics."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse, parse_query
from accounts.queries import business_for
from analytics.bodies import CampaignQuery, OverviewQuery, PredictionQuery, ReportBody, SeriesQuery
from analytics.domain.sums import Summary
from analytics.models import Report
from analytics.presenters.numbers import (
    campaign_summary_json,
    outlook_json,
    overview_json,
    parts_json,
    range_json,
    report_json,
    series_json,
)
from analytics.queries import get_report, list_reports
from analytics.queries.predictions import outlooks
from analytics.queries.reach import Reach, reach_of, reach_of_campaign
from analytics.queries.series import SeriesPage, series_page
from analytics.queries.summary import parts, summaries
from analytics.services.report_links import download_url
from analytics.services.reports import create_report
from analytics.tasks import publish
from campaigns.queries import get_campaign
from core.actors import Actor
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx


@endpoint("GET", scope="metrics:read")
def overview(request: Request) -> Response:
    actor, query = actor_of(request), parse_query(OverviewQuery, request)
    with tenant_tx(actor.tenant_id, readonly=True):
        reach = reach_of(actor, query.business_id)
        period, compared = query.periods(reach.today(now()))
        found = summaries(reach, period, compared=compared)
    return Response(overview_json(reach.where, period, compared=compared, found=found))


@endpoint("GET", scope="metrics:read")
def campaign(request: Request, campaign_id: str) -> Response:
    actor, query = actor_of(request), parse_query(CampaignQuery, request)
    with tenant_tx(actor.tenant_id, readonly=True):
        row = get_campaign(actor, campaign_id)
        reach = reach_of_campaign(row)
        period, compared = query.periods(reach.today(now()))
        found = summaries(reach, period, compared=compared, campaign_id=row.pk)
        own = found.pop(row.currency, Summary(row.currency))
        shown: dict[str, Any] = {
            key: parts(reach, row, period, key=key, limit=query.limit)
            for key in ("ad_set_id", "ad_id")
        }
    answer = campaign_summary_json(
        row, period, summary=own, others=list(found.values()), compared=compared
    )
    printed = parts_json(shown["ad_set_id"], shown["ad_id"], row.currency)
    return Response({**answer, **printed})


@endpoint("GET", scope="metrics:read")
def time_series(request: Request) -> Response:
    actor, query = actor_of(request), parse_query(SeriesQuery, request)
    wanted, moment = query.wanted, now()
    with tenant_tx(actor.tenant_id, readonly=True):
        reach, narrower = _reach_of(actor, query)
        period = query.period(reach.today(moment))
        query.check_size(period)
        page = series_page(
            reach,
            reach.facts(period.since, period.until, **narrower),
            interval=query.interval,
            breakdown=query.breakdown,
            today=reach.today(moment),
            limit=query.limit,
            cursor=query.cursor,
        )
    data = [series_json(row, period, breakdown=query.breakdown, wanted=wanted) for row in page.rows]
    said = {**range_json(reach.where, period), "interval": query.interval}
    return Response({**said, "breakdown": query.breakdown, **_listed(data, page)})


def _listed(data: list[dict[str, Any]], page: SeriesPage) -> dict[str, Any]:
    cursor = page.next_cursor
    pagination = {"next_cursor": cursor, "has_more": cursor is not None, "total": page.total}
    return {"data": data, "pagination": pagination}


def _reach_of(
    actor: Actor, query: SeriesQuery | PredictionQuery | ReportBody
) -> tuple[Reach, dict[str, Any]]:
    """Where to look, and at which of its facts; raises NotFoundError."""
    narrower: dict[str, Any] = {"publisher_platform": query.platform}
    reach = reach_of(actor, query.business_id)
    if query.campaign_id:
        row = get_campaign(actor, query.campaign_id)
        narrower["campaign_id"] = row.pk
        if not query.business_id:
            reach = reach_of_campaign(row)
    return reach, narrower


@endpoint("GET", scope="metrics:read")
def predictions(request: Request) -> Response:
    actor, query, moment = actor_of(request), parse_query(PredictionQuery, request), now()
    with tenant_tx(actor.tenant_id, readonly=True):
        reach, narrower = _reach_of(actor, query)
        found = outlooks(reach, today=reach.today(moment), **narrower)
    where = reach.where
    said = {"environment": where.environment, "time_zones": where.time_zones}
    return Response({**said, "predictions": [outlook_json(one) for one in found]})


@endpoint("POST", scope="metrics:read", idempotent=True)
def new_report(request: Request) -> Response:
    actor, body, moment = actor_of(request), parse(ReportBody, request), now()
    body = body.model_copy(update={"metrics": body.wanted})
    with tenant_tx(actor.tenant_id):
        if actor.business_ids is not None and not (body.business_id or body.campaign_id):
            chosen = encode("biz", business_for(actor).pk)
            body = body.model_copy(update={"business_id": chosen})
        reach, _narrower = _reach_of(actor, body)
        made = create_report(
            actor,
            body.dated(reach.today(moment)),
            environment=reach.environment,
            business_id=reach.business_id,
            now=moment,
        )
        publish(made.tenant_id, made.pk)
    return Response(_shown(made), status=202)


def _shown(report: Report) -> dict[str, Any]:
    return report_json(report, url=download_url(report) if report.state == "ready" else None)


@endpoint("GET", scope="metrics:read")
def reports(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, list_reports(actor, now=now()))
    return Response({"data": [_shown(row) for row in rows], "pagination": pagination})


@endpoint("GET", scope="metrics:read")
def report(request: Request, report_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(_shown(get_report(actor, report_id, now=now())))
