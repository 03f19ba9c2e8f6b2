"""Routes of the room `creatives`."""

from django.urls import URLPattern, URLResolver, path

from accounts.api_base import route
from creatives import api
from creatives.views import assets, brand, studio

Routes = list[URLPattern | URLResolver]

api_urls: Routes = [
    path("ai/generate/text", api.text, name="generate-text"),
    path("ai/generate/image", api.image, name="generate-image"),
    path("ai/generate/variations", api.variations, name="generate-variations"),
    path("ai/generations", api.list_all, name="generations"),
    path("ai/generations/<str:generation_id>", api.detail, name="generation-json"),
    path("ai/assets/<str:asset_id>/content", api.asset_content, name="asset-content"),
    path(
        "ai/brand-rules/<str:business_id>",
        route(get=api.brand_rules, put=api.change_brand_rules),
        name="brand-rules",
    ),
]
page_urls: Routes = [
    path("assets/<str:asset_id>", assets.asset, name="asset"),
    path("creatives/", studio.index, name="creatives"),
    path("creatives/brand-rules/", brand.brand_rules, name="brand-rules-page"),
    path("creatives/images/", studio.images, name="creative-images"),
    path("creatives/new/", studio.new, name="creative-new"),
    path("creatives/<str:generation_id>/", studio.detail, name="generation"),
]
