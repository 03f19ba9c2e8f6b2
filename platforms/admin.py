"""Super-admins look at connections and ad accounts; tokens stay sealed."""

from django.contrib import admin

from accounts.superadmin import ReadOnlyAdmin
from platforms.models import AdAccount, Connection, ConnectLink, PlatformAsset


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = ["business", "tenant", "platform", "environment", "status", "synced_at"]
    list_select_related = ["business", "tenant"]
    ordering = ["-created_at"]


@admin.register(ConnectLink)
class ConnectLinkAdmin(ReadOnlyAdmin):
    list_display = ["business", "platform", "created_at", "opened_at", "connected_at"]
    list_select_related = ["business"]
    ordering = ["-created_at"]


@admin.register(AdAccount)
class AdAccountAdmin(ReadOnlyAdmin):
    list_display = ["name", "tenant", "external_id", "currency", "timezone", "status"]
    list_select_related = ["tenant"]
    search_fields = ["name", "=external_id"]
    ordering = ["-created_at"]


@admin.register(PlatformAsset)
class PlatformAssetAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "external_id", "business", "is_default"]
    list_select_related = ["business"]
    ordering = ["name"]
