"""The room's part of the OpenAPI document."""

from analytics import answers, bodies
from core.operations import Operation, declare
from core.shapes import PageQuery

_PERIOD = (
    "Without dates the last 30 days, today included. Days are those of each ad account's own time "
    "zone. Amounts of different currencies are never added up."
)

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
        summary="Ask for a report as JSON, CSV or Excel",
        description=(
            f"{_PERIOD} It is made in the background and kept for 24 hours: poll it until `status` "
            "is `completed`, then open `download_url`. `email` mails that link to the key's person."
        ),
        body=bodies.ReportBody,
        answers={202: answers.Report},
        errors=("not_found", "validation_error", "too_many_reports"),
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
)
