"""Super-admins look at tenants, people, keys and evidence; they suspend and let back in."""

from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    ApiKey,
    AuditEvent,
    Business,
    Invitation,
    Membership,
    OutboxEvent,
    SystemAuditEvent,
    Tenant,
    User,
    Verdict,
)
from accounts.services.suspension import set_suspended
from accounts.superadmin import ReadOnlyAdmin, outside_all_tenants, super_admin
from core.clock import now


@admin.register(Tenant)
class TenantAdmin(ReadOnlyAdmin):
    list_display = ["name", "id", "is_suspended", "created_at"]
    search_fields = ["name"]
    ordering = ["-created_at"]
    actions = ["suspend", "let_back_in"]

    @admin.action(
        description=_("Suspend: agents are refused, people may still stop things"),
        permissions=["act"],
    )
    def suspend(self, request: HttpRequest, rows: QuerySet[Tenant]) -> None:
        self._set(request, rows, suspended=True)

    @admin.action(description=_("Let back in"), permissions=["act"])
    def let_back_in(self, request: HttpRequest, rows: QuerySet[Tenant]) -> None:
        self._set(request, rows, suspended=False)

    def _set(self, request: HttpRequest, rows: QuerySet[Tenant], *, suspended: bool) -> None:
        for tenant_id in list(rows.values_list("pk", flat=True)):
            actor = super_admin(request, tenant_id)
            outside_all_tenants(partial(set_suspended, actor, suspended=suspended, now=now()))


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["email", "first_name", "last_name", "is_claimed", "is_active", "created_at"]
    search_fields = ["email"]
    ordering = ["-created_at"]


@admin.register(Business)
class BusinessAdmin(ReadOnlyAdmin):
    list_display = ["name", "tenant", "environment", "currency", "created_at"]
    list_select_related = ["tenant"]
    search_fields = ["name", "=id"]
    ordering = ["-created_at"]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "tenant", "role", "created_at"]
    list_select_related = ["tenant", "user"]
    ordering = ["-created_at"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["email", "tenant", "role", "created_at", "accepted_at", "revoked_at"]
    list_select_related = ["tenant"]
    ordering = ["-created_at"]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "tenant", "environment", "created_at", "last_used_at", "revoked_at"]
    list_select_related = ["tenant"]
    ordering = ["-created_at"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "tenant", "event_type", "actor_id", "target_id", "chain_seq"]
    list_select_related = ["tenant"]
    search_fields = ["event_type", "=target_id", "=actor_id"]
    ordering = ["-occurred_at", "-id"]


@admin.register(SystemAuditEvent)
class SystemAuditEventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "event_type", "actor_id", "chain_seq"]
    ordering = ["-chain_seq"]


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "tenant", "decision", "reason", "command_kind", "actor_id"]
    list_select_related = ["tenant"]
    ordering = ["-created_at", "-id"]


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "tenant", "event_type", "target_id", "published_at"]
    list_select_related = ["tenant"]
    ordering = ["-created_at", "-id"]
