"""The tool that reads delivery."""

from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import Field, StrictInt, StrictStr

from analytics.bodies import OverviewQuery
from analytics.domain.metrics import METRICS
from analytics.domain.periods import Period
from analytics.domain.sums import Summary
from analytics.presenters.numbers import campaign_summary_json, overview_json, series_json
from analytics.queries.reach import Reach, reach_of, reach_of_campaign
from analytics.queries.series import series_page
from analytics.queries.summary import summaries
from campaigns.models import Campaign
from campaigns.queries import get_campaign
from core.actors import Actor
from core.clock import now
from core.errors import InvalidError
from core.tenancy import tenant_tx
from core.tools import Answer, ToolInput, ToolOutput, ToolSpec, declare, fits

MOST_POINTS = 31
# Of each day or week; the rest follows from them.
POINT_METRICS = ("impressions", "clicks", "conversions", "spend", "conversion_value")
By = Literal["campaign", "ad_set", "ad", "platform"]


class AnalyticsInput(ToolInput):
    campaign_id: StrictStr = Field("", description="Only this campaign (camp_…).")
    business_id: StrictStr = Field("", description="Only this business (biz_…).")
    date_from: StrictStr | None = Field(None, description="YYYY-MM-DD; 30 days when left out.")
    date_to: StrictStr | None = Field(None, description="YYYY-MM-DD, included.")
    compare: Literal["previous", "year"] | None = Field(
        None, description="Add as many days before, or the same dates a year before."
    )
    by: By | None = Field(None, description="Add a row each, the largest spend first.")
    interval: Literal["daily", "weekly"] | None = Field(
        None, description=f"Add points in time, at most {MOST_POINTS}."
    )
    limit: StrictInt = Field(10, ge=1, le=20, description="Rows of by.")
    cursor: StrictStr = Field("", max_length=400, description="next_cursor of the rows before.")


class AnalyticsOutput(ToolOutput):
    """Currencies are never added; days are those of the ad accounts' zones. `rows` are there where
    by or interval was said.
    """

    summary: dict[str, Any]
    rows: list[dict[str, Any]] | None = None
    next_cursor: str | None = None


def get_analytics(actor: Actor, given: AnalyticsInput) -> Answer:
    if given.campaign_id and given.business_id:
        raise InvalidError(_("Name campaign_id or business_id."), field="business_id")
    query = OverviewQuery.model_validate(
        given.model_dump(include={"date_from", "date_to", "compare"}, exclude_none=True)
    )
    with tenant_tx(actor.tenant_id, readonly=True):
        row = get_campaign(actor, given.campaign_id) if given.campaign_id else None
        reach = reach_of_campaign(row) if row else reach_of(actor, given.business_id)
        periods = query.periods(reach.today(now()))
        summary = _of_campaign(reach, row, periods) if row else _of_all(reach, periods)
        answer = {"summary": summary, **_rows(reach, given, row=row, period=periods[0])}
    if not fits(answer):
        raise InvalidError(
            _("limit: so many rows do not fit into one answer."),
            field="limit",
            hint=_("Lower limit, or leave interval or compare out."),
        )
    return Answer(answer)


def _of_all(reach: Reach, periods: tuple[Period, Period | None]) -> dict[str, Any]:
    period, compared = periods
    found = summaries(reach, period, compared=compared)
    return overview_json(reach.where, period, compared=compared, found=found)


def _of_campaign(
    reach: Reach, row: Campaign, periods: tuple[Period, Period | None]
) -> dict[str, Any]:
    period, compared = periods
    found = summaries(reach, period, compared=compared, campaign_id=row.pk)
    own = found.pop(row.currency, Summary(row.currency))
    others = list(found.values())
    return campaign_summary_json(row, period, summary=own, others=others, compared=compared)


def _rows(
    reach: Reach, given: AnalyticsInput, *, row: Campaign | None, period: Period
) -> dict[str, Any]:
    if given.by is None and given.interval is None:
        return {}
    interval = given.interval or "weekly"
    if given.interval and sum(1 for _piece in period.pieces(interval)) > MOST_POINTS:
        raise InvalidError(
            _("interval: this range has more than %(most)d points.") % {"most": MOST_POINTS},
            field="interval",
            hint=_("Ask for weekly, or for a shorter range."),
        )
    narrower = {"campaign_id": row.pk} if row else {}
    breakdown = given.by or "none"
    page = series_page(
        reach,
        reach.facts(period.since, period.until, **narrower),
        interval=interval,
        breakdown=breakdown,
        today=reach.today(now()),
        limit=given.limit,
        cursor=given.cursor,
    )
    rows = []
    for one in page.rows:
        printed = series_json(one, period, breakdown=breakdown, wanted=METRICS)
        points = printed.pop("points")
        if given.interval:
            printed["points"] = [_point(point) for point in points]
        rows.append(printed)
    return {"rows": rows, "next_cursor": page.next_cursor}


def _point(point: dict[str, Any]) -> dict[str, Any]:
    return {name: point[name] for name in ("date", *POINT_METRICS)}


declare(
    ToolSpec(
        name="get_analytics",
        title="Get performance",
        description=(
            "Show delivery of a range of days: impressions, clicks, conversions, spend and their "
            "ratios, by currency and platform, for everything or one campaign; with by, rows per "
            "campaign, ad set, ad or platform; with interval, points in time; with compare, the "
            "change. Use it for figures of a period; list_campaigns shows lifetime sums. is_final "
            "false means that late conversions can still arrive."
        ),
        scopes=frozenset({"metrics:read"}),
        input=AnalyticsInput,
        output=AnalyticsOutput,
        run=get_analytics,
        read_only=True,
        idempotent=True,
    )
)
