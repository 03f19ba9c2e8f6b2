"""Routes of the room `platforms`."""

from django.urls import path

from accounts.api_base import route
from platforms import api, views

api_urls = [
    path("platforms", api.list_all, name="platforms"),
    path("platforms/connect", api.connect_any, name="platform-connect-any"),
    path("platforms/<str:word>/connect", api.connect, name="platform-connect"),
    path("platforms/<str:word>/connect/status", api.connect_status, name="platform-connect-status"),
    path("platforms/<str:word>/setup", views.setup, name="platform-setup"),
    path(
        "platforms/<str:connection_id>",
        route(get=api.detail, delete=api.disconnect),
        name="platform",
    ),
    path("platforms/<str:connection_id>/status", api.status, name="platform-status"),
    path("platforms/<str:connection_id>/defaults", api.defaults, name="platform-defaults"),
]
page_urls = [
    path("platforms/<str:platform>/callback", views.callback, name="platform-callback"),
    path("connections/", views.connections, name="connections"),
    path("connections/connect", views.connect, name="connection-connect"),
    path("connections/<str:connection_id>/check", views.check, name="connection-check"),
    path("connections/<str:connection_id>/defaults", views.defaults, name="connection-defaults"),
    path(
        "connections/<str:connection_id>/disconnect", views.disconnect, name="connection-disconnect"
    ),
]
