"""Routes of the room `webhooks`."""

from django.urls import path

from accounts.api_base import route
from webhooks import api, views

api_urls = [
    path("webhooks", route(get=api.list_all, post=api.create), name="webhooks"),
    path(
        "webhooks/<str:webhook_id>",
        route(get=api.detail, patch=api.change, delete=api.delete),
        name="webhook",
    ),
    path("webhooks/<str:webhook_id>/rotate", api.rotate, name="webhook-rotate"),
    path("webhooks/<str:webhook_id>/pause", api.pause, name="webhook-pause"),
    path("webhooks/<str:webhook_id>/resume", api.resume, name="webhook-resume"),
    path("webhooks/<str:webhook_id>/ping", api.ping, name="webhook-ping"),
    path("webhooks/<str:webhook_id>/replay", api.replay_since, name="webhook-replay"),
    path("webhooks/<str:webhook_id>/deliveries", api.deliveries, name="webhook-deliveries"),
    path(
        "webhooks/<str:webhook_id>/deliveries/<str:delivery_id>/replay",
        api.replay_one,
        name="delivery-replay",
    ),
]
page_urls = [
    path("webhooks/", views.index, name="hooks"),
    path("webhooks/<str:webhook_id>/", views.detail, name="hook"),
    path("webhooks/<str:webhook_id>/rotate/", views.rotate, name="hook-rotate"),
    path("webhooks/<str:webhook_id>/pause/", views.pause, name="hook-pause"),
    path("webhooks/<str:webhook_id>/resume/", views.resume, name="hook-resume"),
    path("webhooks/<str:webhook_id>/ping/", views.ping, name="hook-ping"),
    path("webhooks/<str:webhook_id>/delete/", views.delete, name="hook-delete"),
    path("webhooks/<str:webhook_id>/replay/", views.replay_since, name="hook-replay"),
    path(
        "webhooks/<str:webhook_id>/deliveries/<str:delivery_id>/replay/",
        views.replay_one,
        name="hook-replay-one",
    ),
]
