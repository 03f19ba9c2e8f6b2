"""Routes of the room `webhooks`."""

from django.urls import path

from accounts.api_base import route
from webhooks import api

api_urls = [
    path("webhooks", route(get=api.list_all, post=api.create), name="webhooks"),
    path(
        "webhooks/<str:webhook_id>",
        route(get=api.detail, patch=api.change, delete=api.delete),
        name="webhook",
    ),
    path("webhooks/<str:webhook_id>/deliveries", api.deliveries, name="webhook-deliveries"),
]
