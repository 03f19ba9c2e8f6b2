"""What /analytics answers, for the OpenAPI document."""

from typing import Annotated, Any

import pydantic

from analytics.alert_bodies import DIRECTION, WATCHED
from analytics.bodies import FORMATS
from analytics.optimizer.answers import Evidence, RuleCondition
from core.shapes import Answer, Currency, Environment, OneOf, Page, Pagination, Time


class Metrics(pydantic.BaseModel):
    """Sums and the ratios computed from them; money in main units, a ratio without a base null."""

    impressions: int
    clicks: int
    conversions: int
    spend: float
    conversion_value: float
    ctr: float | None = pydantic.Field(description="Clicks per 100 impressions.")
    cpc: float | None = pydantic.Field(description="Spend per click.")
    cpm: float | None = pydantic.Field(description="Spend per 1,000 impressions.")
    conversion_rate: float | None = pydantic.Field(description="Conversions per 100 clicks.")
    cost_per_conversion: float | None
    roas: float | None = pydantic.Field(description="Conversion value per unit of spend.")


class Freshness(pydantic.BaseModel):
    is_final: bool = pydantic.Field(description="False while late conversions can still arrive.")
    still_counting_from: str | None = pydantic.Field(description="First day that is not final.")
    as_of: str | None = pydantic.Field(description="When the platform was last read.")


class Comparison(pydantic.BaseModel):
    date_from: str
    date_to: str
    metrics: Metrics
    change_percent: dict[str, float | None]


class CurrencySummary(Freshness):
    currency: str
    metrics: Metrics
    by_platform: dict[str, Metrics]
    comparison: Comparison | None


class Overview(pydantic.BaseModel):
    environment: Environment
    business_id: str | None
    date_from: str
    date_to: str
    time_zones: list[str] = pydantic.Field(description="Days are those of the ad accounts' zones.")
    currency: str | None = pydantic.Field(description="Null where there are several or none.")
    metrics: Metrics | None
    by_currency: list[CurrencySummary]


class AdSetPart(pydantic.BaseModel):
    ad_set_id: str
    name: str
    metrics: Metrics


class AdPart(pydantic.BaseModel):
    ad_id: str
    ad_set_id: str | None
    name: str
    metrics: Metrics


class HasMore(pydantic.BaseModel):
    ad_sets: bool
    ads: bool


class OtherCurrency(pydantic.BaseModel):
    currency: str
    metrics: Metrics


class CampaignSummary(CurrencySummary):
    campaign_id: str
    campaign_name: str
    environment: Environment
    date_from: str
    date_to: str
    time_zone: str | None
    other_currencies: list[OtherCurrency]
    by_ad_set: list[AdSetPart]
    by_ad: list[AdPart]
    has_more: HasMore


class AnyMetrics(pydantic.BaseModel):
    """The metrics that were asked for."""

    impressions: int | None = None
    clicks: int | None = None
    conversions: int | None = None
    spend: float | None = None
    conversion_value: float | None = None
    ctr: float | None = None
    cpc: float | None = None
    cpm: float | None = None
    conversion_rate: float | None = None
    cost_per_conversion: float | None = None
    roas: float | None = None


class Point(AnyMetrics):
    date: str = pydantic.Field(description="Its first day inside the range.")
    date_to: str
    is_final: bool


class Series(Freshness):
    currency: str
    key: str | None = pydantic.Field(description="Id of what it is broken down by.")
    name: str | None
    metrics: AnyMetrics
    points: list[Point]


class TimeSeries(pydantic.BaseModel):
    environment: Environment
    date_from: str
    date_to: str
    time_zones: list[str]
    interval: Annotated[str, OneOf({"daily": "a point a day", "weekly": "a point a week"})]
    breakdown: str
    data: list[Series]
    pagination: Pagination


class Coverage(pydantic.BaseModel):
    """How often the interval held what happened, on back-tests over this very history."""

    promised: float
    measured: float | None
    backtests: int


class Prediction(pydantic.BaseModel):
    expected: float | None
    low: float | None
    high: float | None
    coverage: Coverage
    reason: (
        Annotated[
            str,
            OneOf(
                {
                    "history_too_short": "too few days that count",
                    "not_delivering": "nothing was delivered for a week",
                    "not_up_to_date": "the ad account was not read for days",
                    "interval_not_reliable": "such intervals failed on this history",
                }
            ),
        ]
        | None
    )
    message: str | None


class Outlook(pydantic.BaseModel):
    currency: str
    horizon_days: Annotated[int, pydantic.Field(description="7 or 30.")]
    date_from: str
    date_to: str
    as_of: str | None
    metrics: dict[str, Prediction]


class Predictions(pydantic.BaseModel):
    environment: Environment
    time_zones: list[str]
    predictions: list[Outlook]


class ReportError(pydantic.BaseModel):
    code: Annotated[
        str,
        OneOf(
            {
                "report_too_large": "it has more rows than a report holds",
                "report_failed": "it could not be made",
                "format_unavailable": "the installation makes no PDF",
            }
        ),
    ]
    message: str


class Report(pydantic.BaseModel):
    id: str
    status: Annotated[
        str,
        OneOf(
            {
                "processing": "it is being made",
                "completed": "`download_url` leads to the file",
                "failed": "`error` says why there is none",
            }
        ),
    ]
    format: Annotated[str, OneOf(FORMATS)]
    environment: Environment
    business_id: str | None
    parameters: dict[str, Any]
    rows: int | None
    size_bytes: int | None
    error: ReportError | None
    download_url: str | None = pydantic.Field(
        description="Whoever has it can read the file, until expires_at."
    )
    created_at: str
    completed_at: str | None
    expires_at: str


class ReportList(pydantic.BaseModel):
    data: list[Report]
    pagination: Pagination


class AnomalyCondition(Answer):
    """Days unlike the same weekdays of the eight weeks before."""

    metric: Annotated[str, OneOf(WATCHED)]
    direction: Annotated[str, OneOf(DIRECTION)]
    minimum_change: Annotated[int, pydantic.Field(description="Percent.")]


class AlertRule(Answer):
    """An alert rule has a `condition` or an `anomaly`."""

    id: str
    name: str
    business_id: str
    campaign_id: Annotated[str | None, pydantic.Field(description="null: the whole business.")]
    environment: Environment
    active: bool
    currency: Annotated[Currency, pydantic.Field(description="Delivery in others is left out.")]
    condition: RuleCondition | None
    anomaly: AnomalyCondition | None
    cooldown_hours: int
    last_evaluated_at: Time | None
    last_result: Annotated[
        dict[str, int] | None,
        pydantic.Field(
            description="Days of the last evaluation by what became of them: alerted, "
            "told_already, not_matched, uncertain, sample_too_small, no_data, facts_not_read, "
            "not_running."
        ),
    ]
    created_at: Time
    updated_at: Time


AlertRulePage = Page[AlertRule]


class Expected(Answer):
    """What the weekday let expect; chance explains `low` to `high` (null: no upper bound)."""

    value: float
    low: float
    high: float | None
    days: Annotated[int, pydantic.Field(description="Days it was compared with.")]


class AlertEvidence(Evidence):
    """The value, and the threshold it met or what was expected of it."""

    threshold: float | None
    expected: Expected | None


class Alert(Answer):
    """A firing of an alert rule; also the `data` of its event."""

    id: str
    type: Annotated[
        str,
        OneOf({"alert.spend": "about spend", "alert.performance": "about any other metric"}),
    ]
    kind: Annotated[
        str,
        OneOf({"threshold": "it crossed a threshold", "anomaly": "it left its usual range"}),
    ]
    rule_id: Annotated[str | None, pydantic.Field(description="null: the rule was removed.")]
    rule_name: str
    business_id: str
    campaign_id: str | None
    environment: Environment
    metric: str
    direction: Annotated[str, OneOf({"above": "too much", "below": "too little"})]
    day: Annotated[str, pydantic.Field(description="The last day judged, in the account's zone.")]
    threshold: Annotated[float | None, pydantic.Field(description="null: an anomaly has none.")]
    evidence: AlertEvidence
    message: Annotated[str, pydantic.Field(description="One sentence for people.")]
    created_at: Time


AlertPage = Page[Alert]
