"""Routes of the room `campaigns`."""

from django.urls import URLPattern, URLResolver, path

from campaigns.api import routes
from campaigns.views import campaign_edit, campaign_pages, inbox, inbox_bulk

Routes = list[URLPattern | URLResolver]
CAMPAIGN = "campaigns/<str:campaign_id>/"

api_urls: Routes = routes.api_urls
page_urls: Routes = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/bulk/", inbox_bulk.bulk, name="inbox-bulk"),
    path("inbox/<str:pending_id>/", inbox.inbox, name="pending"),
    path("inbox/<str:pending_id>/<slug:decision>/", inbox.decide, name="pending-decide"),
    path("campaigns/", campaign_pages.campaigns, name="campaigns"),
    path("campaigns/new/", campaign_edit.new_campaign, name="campaign-new"),
    path(CAMPAIGN, campaign_pages.campaign, name="campaign"),
    path(f"{CAMPAIGN}edit/<slug:part>/", campaign_edit.edit, name="campaign-edit"),
    path(f"{CAMPAIGN}do/<slug:kind>/<str:target_id>/", campaign_edit.act, name="campaign-act"),
    path(f"{CAMPAIGN}ad-sets/new/", campaign_edit.new_ad_set, name="ad-set-new"),
    path(
        f"{CAMPAIGN}ad-sets/<str:ad_set_id>/targeting/",
        campaign_edit.targeting,
        name="ad-set-targeting",
    ),
    path(f"{CAMPAIGN}ad-sets/<str:ad_set_id>/ads/new/", campaign_edit.new_ad, name="ad-new"),
    path(f"{CAMPAIGN}ads/<str:ad_id>/creative/", campaign_edit.push_creative, name="ad-creative"),
]
