"""Routes of the room `analytics`."""

from django.urls import URLPattern, URLResolver, path

from accounts.api_base import route
from analytics import api, views
from analytics.optimizer import urls as optimizer

Routes = list[URLPattern | URLResolver]

api_urls: Routes = [
    path("analytics/overview", api.overview, name="analytics-overview"),
    path("analytics/predictions", api.predictions, name="analytics-predictions"),
    path("analytics/time-series", api.time_series, name="analytics-time-series"),
    path(
        "analytics/reports",
        route(get=api.reports, post=api.new_report),
        name="analytics-reports",
    ),
    path("analytics/reports/<str:report_id>", api.report, name="analytics-report"),
    path("analytics/campaigns/<str:campaign_id>", api.campaign, name="analytics-campaign"),
    *optimizer.api_urls,
]
page_urls: Routes = [
    path(
        "analytics/reports/<str:report_id>/file/",
        views.report_file,
        name="analytics-report-file",
    ),
    *optimizer.page_urls,
]
