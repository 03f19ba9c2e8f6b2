"""The REST routes of campaigns, ad sets, ads, proposals and jobs."""

from django.urls import URLPattern, URLResolver, path

from accounts.api_base import route
from campaigns.api import ad_sets, ads, campaigns, pending

_CAMPAIGN = "campaigns/<str:campaign_id>"
_AD_SET = f"{_CAMPAIGN}/ad-sets/<str:ad_set_id>"
_AD = f"{_AD_SET}/ads/<str:ad_id>"
_PENDING = "pending-actions/<str:pending_id>"

api_urls: list[URLPattern | URLResolver] = [
    path("campaigns", route(get=campaigns.list_all, post=campaigns.create)),
    path(
        _CAMPAIGN,
        route(get=campaigns.detail, patch=campaigns.change, delete=campaigns.archive),
    ),
    path(f"{_CAMPAIGN}/launch", route(post=campaigns.launch)),
    path(f"{_CAMPAIGN}/pause", route(post=campaigns.pause)),
    path(f"{_CAMPAIGN}/resume", route(post=campaigns.resume)),
    path(f"{_CAMPAIGN}/ad-sets", route(get=ad_sets.list_all, post=ad_sets.create)),
    path(_AD_SET, route(get=ad_sets.detail, patch=ad_sets.change, delete=ad_sets.archive)),
    path(f"{_AD_SET}/pause", route(post=ad_sets.pause)),
    path(f"{_AD_SET}/resume", route(post=ad_sets.resume)),
    path(f"{_AD_SET}/ads", route(get=ads.list_all, post=ads.create)),
    path(_AD, route(get=ads.detail, patch=ads.change, delete=ads.archive)),
    path(f"{_AD}/creative", route(put=ads.push_creative)),
    path(f"{_AD}/pause", route(post=ads.pause)),
    path(f"{_AD}/resume", route(post=ads.resume)),
    path("pending-actions", route(get=pending.list_all)),
    path(_PENDING, route(get=pending.detail)),
    path(f"{_PENDING}/approve", route(post=pending.approve)),
    path(f"{_PENDING}/reject", route(post=pending.reject)),
    path(f"{_PENDING}/cancel", route(post=pending.cancel)),
    path("jobs/<str:job_id>", route(get=pending.job)),
]
