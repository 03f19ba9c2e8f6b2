"""The product's routes, a bare view, and the serializer twin of the campaign list."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from bench import twin
from config.urls import handler400, handler404, handler500

__all__ = ["handler400", "handler404", "handler500"]


def bare(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


urlpatterns = [
    path("bare", bare),
    path("twin/campaigns", twin.campaigns),
    path("twin/nothing", twin.nothing),
    path("", include("config.urls")),
]
