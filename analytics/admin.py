"""Super-admins look at alerts and reports, not into the files of these."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.superadmin import ReadOnlyAdmin
from analytics.models import Alert, Report


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ["id", "tenant", "environment", "format", "state", "created_at"]
    list_select_related = ["tenant"]
    ordering = ["-created_at"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return [name for name in super().get_fields(request, obj) if name != "content"]


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["id", "tenant", "environment", "event_type", "metric", "day", "created_at"]
    list_select_related = ["tenant"]
    ordering = ["-created_at"]
