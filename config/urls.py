"""All routes. Each room lists its REST routes in `api_urls` and its pages in `page_urls`."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts import urls as accounts
from analytics import urls as analytics
from billing import urls as billing
from campaigns import urls as campaigns
from config.faces import health
from config.faces import urls as faces
from config.mcp import urls as mcp
from creatives import urls as creatives
from platforms import urls as platforms
from webhooks import urls as webhooks

Routes = list[URLPattern | URLResolver]

# Django tries them in turn, so what agents call most comes first.
API: Routes = [
    *campaigns.api_urls,
    *accounts.api_urls,
    *analytics.api_urls,
    *billing.api_urls,
    *faces.api_urls,
    *creatives.api_urls,
    *platforms.api_urls,
    *webhooks.api_urls,
]
PAGES: Routes = [
    *accounts.page_urls,
    *analytics.page_urls,
    *billing.page_urls,
    *campaigns.page_urls,
    *creatives.page_urls,
    *faces.page_urls,
    *platforms.page_urls,
    *webhooks.page_urls,
]

urlpatterns: Routes = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(API)),
    path("v1/", include(API)),
    *mcp.urlpatterns,
    *PAGES,
]

handler400 = "config.faces.errors.bad_request"
handler404 = "config.faces.errors.not_found"
handler500 = "config.faces.errors.server_error"
