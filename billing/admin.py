"""Super-admins look at plans and subscriptions."""

from django.contrib import admin

from accounts.superadmin import ReadOnlyAdmin
from billing.models import Plan, Subscription


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    list_display = ["id", "name", "price_micros", "currency", "requests_per_minute"]
    ordering = ["id"]


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ["tenant", "plan", "status", "created_at", "cancelled_at"]
    list_select_related = ["tenant", "plan"]
    ordering = ["-created_at"]
