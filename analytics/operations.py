"""The room's part of the OpenAPI document."""

from analytics import alert_bodies, answers, bodies
from core.operations import Operation, declare
from core.shapes import PageQuery

_PERIOD = (
    "Without dates the last 30 days, today included. Days are those of each ad account's own time "
    "zone. Amounts of different currencies are never added up."
)
_ALERT_RULE = "/analytics/alert-rules/{rule_id}"

declare(
    Operation(
        id="get_analytics_overview",
        method="GET",
        path="/analytics/overview",
        tag="Analytics",
        summary="What was delivered and spent, by currency and platform",
        description=_PERIOD,
        query=bodies.OverviewQuery,
        answers={200: answers.Overview},
        errors=("not_found", "validation_error"),
    ),
    Operation(
        id="get_analytics",
        method="GET",
        path="/analytics/campaigns/{campaign_id}",
        tag="Analytics",
        summary="A campaign's numbers by platform, ad set and ad",
        description=_PERIOD,
        query=bodies.CampaignQuery,
        answers={200: answers.CampaignSummary},
        errors=("not_found", "validation_error"),
    ),
    Operation(
        id="get_analytics_time_series",
        method="GET",
        path="/analytics/time-series",
        tag="Analytics",
        summary="Daily or weekly numbers, also by campaign, ad set, ad or platform",
        description=(
            f"{_PERIOD} One series a currency, or one for each value of `breakdown`, the dearest "
            "first. A point for each day or week (Monday to Sunday) up to today, also where "
            "nothing was delivered. Facts are kept by day: `hourly` is refused."
        ),
        query=bodies.SeriesQuery,
        answers={200: answers.TimeSeries},
        errors=("not_found", "validation_error", "interval_unavailable"),
    ),
    Operation(
        id="get_analytics_predictions",
        method="GET",
        path="/analytics/predictions",
        tag="Analytics",
        summary="What the next 7 and 30 days will likely bring",
        description=(
            "A sum with an 80 % interval for each metric, by currency. Each says how often such "
            "intervals held what happened on the same history; where that is too rarely, or the "
            "history too short, the numbers are null and `reason` says why."
        ),
        query=bodies.PredictionQuery,
        answers={200: answers.Predictions},
        errors=("not_found", "validation_error"),
    ),
    Operation(
        id="create_analytics_report",
        method="POST",
        path="/analytics/reports",
        tag="Analytics",
        summary="Ask for a report as JSON, CSV, Excel or PDF",
        description=(
            f"{_PERIOD} It is made in the background and kept for 24 hours: poll it until `status` "
            "is `completed`, then open `download_url`. `email` mails that link to the key's person."
        ),
        body=bodies.ReportBody,
        answers={202: answers.Report},
        errors=("not_found", "validation_error", "format_unavailable", "too_many_reports"),
        example={"format": "csv", "interval": "daily", "breakdown": "campaign"},
    ),
    Operation(
        id="list_analytics_reports",
        method="GET",
        path="/analytics/reports",
        tag="Analytics",
        summary="Reports of the last 24 hours",
        query=PageQuery,
        answers={200: answers.ReportList},
        errors=("validation_error",),
    ),
    Operation(
        id="get_analytics_report",
        method="GET",
        path="/analytics/reports/{report_id}",
        tag="Analytics",
        summary="A report's status, and where its file is",
        answers={200: answers.Report},
        errors=("not_found",),
    ),
    Operation(
        id="list_alerts",
        method="GET",
        path="/analytics/alerts",
        tag="Analytics",
        summary="What alert rules told",
        description="Newest first. Each was also sent as `alert.spend` or `alert.performance`.",
        query=PageQuery,
        answers={200: answers.AlertPage},
    ),
    Operation(
        id="list_alert_rules",
        method="GET",
        path="/analytics/alert-rules",
        tag="Analytics",
        summary="List alert rules",
        query=PageQuery,
        answers={200: answers.AlertRulePage},
    ),
    Operation(
        id="create_alert_rule",
        method="POST",
        path="/analytics/alert-rules",
        tag="Analytics",
        summary="Ask to be told of a threshold or of unusual days",
        description="`condition` is a threshold of yours, `anomaly` a day unlike its weekdays. "
        "Days are judged once they were read six hours after their end; thresholds that more "
        "delivery can only exceed, already while the day runs. What late conversions could mend "
        "waits: seven days for a threshold, until they are final for an anomaly.",
        body=alert_bodies.AlertRuleBody,
        answers={201: answers.AlertRule},
        errors=(
            "business_required",
            "choose_business",
            "contradictory_fields",
            "not_found",
            "rule_limit_reached",
        ),
        example={
            "name": "Spend of a day",
            "condition": {
                "metric": "spend",
                "operator": "gt",
                "value": 500,
                "timeframe_hours": 24,
            },
        },
    ),
    Operation(
        id="get_alert_rule",
        method="GET",
        path=_ALERT_RULE,
        tag="Analytics",
        summary="Read one alert rule",
        answers={200: answers.AlertRule},
    ),
    Operation(
        id="update_alert_rule",
        method="PATCH",
        path=_ALERT_RULE,
        tag="Analytics",
        summary="Change an alert rule",
        description="What is left out stays. With another threshold, metric or direction it may "
        "alert at once.",
        body=alert_bodies.AlertRuleChange,
        answers={200: answers.AlertRule},
        errors=("contradictory_fields",),
        example={"condition": {"value": 400}},
    ),
    Operation(
        id="delete_alert_rule",
        method="DELETE",
        path=_ALERT_RULE,
        tag="Analytics",
        summary="Remove an alert rule; its alerts stay",
        answers={204: None},
    ),
)
