"""Routes of the room `analytics`."""

from django.urls import URLPattern, URLResolver, path

from accounts.api_base import route
from analytics.api import alerts, numbers
from analytics.optimizer import urls as optimizer
from analytics.views import alert_rules, files, page

Routes = list[URLPattern | URLResolver]

api_urls: Routes = [
    path("analytics/overview", numbers.overview, name="analytics-overview"),
    path("analytics/predictions", numbers.predictions, name="analytics-predictions"),
    path("analytics/time-series", numbers.time_series, name="analytics-time-series"),
    path(
        "analytics/reports",
        route(get=numbers.reports, post=numbers.new_report),
        name="analytics-reports",
    ),
    path("analytics/reports/<str:report_id>", numbers.report, name="analytics-report"),
    path("analytics/campaigns/<str:campaign_id>", numbers.campaign, name="analytics-campaign"),
    path("analytics/alerts", alerts.alerts, name="analytics-alerts"),
    path(
        "analytics/alert-rules",
        route(get=alerts.rules, post=alerts.create),
        name="analytics-alert-rules",
    ),
    path(
        "analytics/alert-rules/<str:rule_id>",
        route(get=alerts.detail, patch=alerts.change, delete=alerts.delete),
        name="analytics-alert-rule",
    ),
    *optimizer.api_urls,
]
page_urls: Routes = [
    path("analytics/", page.analytics, name="analytics"),
    path("analytics/alert-rules/", alert_rules.index, name="analytics-alert-rules-page"),
    path(
        "analytics/alert-rules/<str:rule_id>/delete/",
        alert_rules.delete,
        name="analytics-alert-rule-delete",
    ),
    path("analytics/reports/", page.ask_report, name="analytics-ask-report"),
    path(
        "analytics/reports/<str:report_id>/file/",
        files.report_file,
        name="analytics-report-file",
    ),
    *optimizer.page_urls,
]
