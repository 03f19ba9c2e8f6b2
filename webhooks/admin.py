"""Super-admins look at endpoints and deliveries; signing secrets stay sealed."""

from django.contrib import admin

from accounts.superadmin import ReadOnlyAdmin
from webhooks.models import Delivery, Endpoint


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    list_display = ["url", "tenant", "environment", "created_at"]
    list_select_related = ["tenant"]
    ordering = ["-created_at"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "tenant", "endpoint", "state", "attempts"]
    list_select_related = ["tenant", "endpoint"]
    ordering = ["-id"]
