"""Super-admins look at campaigns and what the gate holds; what they change goes through it."""

from collections.abc import Callable
from functools import partial

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.superadmin import ReadOnlyAdmin, outside_all_tenants, super_admin
from campaigns.commands import PauseCampaign
from campaigns.gateway import Outcome, submit
from campaigns.models import (
    Ad,
    AdSet,
    Authority,
    BusinessPolicy,
    Campaign,
    Creative,
    Dispatch,
    DispatchStep,
    KillSwitch,
    PendingAction,
    PolicyChange,
    SpendCeiling,
    SpendExposure,
    SpendReservation,
)
from core.clock import now
from core.errors import AppError
from core.ids import encode

NODE = ("name", "tenant", "status", "effective_status", "external_id", "updated_at")


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = NODE
    list_select_related = ["tenant"]
    search_fields = ["name", "=external_id", "=id"]
    ordering = ["-created_at", "-id"]
    actions = ["pause"]

    @admin.action(description=_("Pause at the platform, through the gate"), permissions=["act"])
    def pause(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        for campaign_id, tenant_id in list(rows.values_list("pk", "tenant_id")):
            actor = super_admin(request, tenant_id)
            command = PauseCampaign(campaign_id=encode("camp", campaign_id))
            self._tell(request, command, partial(submit, command, actor=actor, now=now()))

    def _tell(
        self, request: HttpRequest, command: PauseCampaign, work: Callable[[], Outcome]
    ) -> None:
        name = command.campaign_id
        try:
            outcome = outside_all_tenants(work)
        except AppError as error:
            self.message_user(request, f"{name}: {error.message}", messages.ERROR)
            return
        level = messages.ERROR if outcome.is_denied else messages.SUCCESS
        text = gettext("%(name)s: %(status)s %(reason)s") % {
            "name": name,
            "status": outcome.status,
            "reason": outcome.reason,
        }
        self.message_user(request, text, level)


@admin.register(AdSet, Ad)
class NodeAdmin(ReadOnlyAdmin):
    list_display = NODE
    list_select_related = ["tenant"]
    search_fields = ["name", "=external_id", "=id"]
    ordering = ["-created_at", "-id"]


@admin.register(Creative)
class CreativeAdmin(ReadOnlyAdmin):
    list_display = ["headline", "tenant", "business", "external_id", "created_at"]
    list_select_related = ["tenant", "business"]
    ordering = ["-created_at"]


@admin.register(PendingAction)
class PendingActionAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "tenant", "command_kind", "target_name", "status", "risk"]
    list_select_related = ["tenant"]
    search_fields = ["=id", "target_name"]
    ordering = ["-created_at", "-id"]


@admin.register(Dispatch)
class DispatchAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "tenant",
        "command_kind",
        "state",
        "attempts",
        "needs_person",
        "error_kind",
    ]
    list_select_related = ["tenant"]
    search_fields = ["=id"]
    ordering = ["-created_at", "-id"]


@admin.register(DispatchStep)
class DispatchStepAdmin(ReadOnlyAdmin):
    list_display = ["dispatch_id", "seq", "kind", "state", "external_id", "tag", "lookups"]
    ordering = ["-id"]


@admin.register(Authority, BusinessPolicy)
class VersionedAdmin(ReadOnlyAdmin):
    list_display = ["business", "version", "is_current", "created_by", "created_at"]
    list_select_related = ["business"]
    ordering = ["-created_at"]


@admin.register(PolicyChange)
class PolicyChangeAdmin(ReadOnlyAdmin):
    list_display = ["business", "kind", "status", "proposer_id", "decided_by", "created_at"]
    list_select_related = ["business"]
    ordering = ["-created_at"]


@admin.register(KillSwitch)
class KillSwitchAdmin(ReadOnlyAdmin):
    list_display = ["business", "is_engaged", "stop_delivery", "engaged_by", "engaged_at"]
    list_select_related = ["business"]


@admin.register(SpendCeiling)
class SpendCeilingAdmin(ReadOnlyAdmin):
    list_display = ["tenant", "scope", "environment", "currency", "limit_micros", "used_micros"]
    list_select_related = ["tenant"]


@admin.register(SpendExposure)
class SpendExposureAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "currency", "running_micros", "reserved_micros", "read_back_at"]
    list_select_related = ["campaign"]


@admin.register(SpendReservation)
class SpendReservationAdmin(ReadOnlyAdmin):
    list_display = ["dispatch_id", "campaign", "state", "delta_micros", "currency", "created_at"]
    list_select_related = ["campaign"]
    ordering = ["-created_at"]
