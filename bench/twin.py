"""The campaign list as DRF's ModelSerializer prints it: same rows, same object."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, pagination
from campaigns import queries
from campaigns.models import Campaign
from campaigns.presenters.tree import amount, iso_z, metrics_json
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.metrics.queries import Totals, lifetime_totals


class Budget(serializers.Serializer[Campaign]):
    type = serializers.CharField(source="budget_type")
    amount = serializers.SerializerMethodField()
    currency = serializers.CharField()

    def get_amount(self, row: Campaign) -> Any:
        return amount(row.budget_micros, row.currency)


class Schedule(serializers.Serializer[Campaign]):
    start_date = serializers.DateField()
    end_date = serializers.DateField()


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    id = serializers.SerializerMethodField()
    business_id = serializers.SerializerMethodField()
    ad_account_id = serializers.SerializerMethodField()
    daily_budget = serializers.SerializerMethodField()
    budget = Budget(source="*")
    schedule = Schedule(source="*")
    metrics = serializers.SerializerMethodField()
    facebook_campaign_id = serializers.SerializerMethodField()
    launched_at = serializers.SerializerMethodField()
    created_at = serializers.SerializerMethodField()
    updated_at = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = [
            "id", "business_id", "ad_account_id", "name", "objective", "status",
            "effective_status", "issues", "product_description", "message", "target_url",
            "audience_description", "target_location", "daily_budget", "budget", "schedule",
            "platforms", "optimization", "metrics", "facebook_campaign_id", "launched_at",
            "created_at", "updated_at",
        ]  # fmt: skip

    def get_id(self, row: Campaign) -> str:
        return encode("camp", row.id)

    def get_business_id(self, row: Campaign) -> str:
        return encode("biz", row.business_id)

    def get_ad_account_id(self, row: Campaign) -> str | None:
        return encode("acct", row.ad_account_id) if row.ad_account_id else None

    def get_daily_budget(self, row: Campaign) -> Any:
        return amount(row.budget_micros, row.currency) if row.budget_type == "daily" else None

    def get_metrics(self, row: Campaign) -> Any:
        found = self.context["totals"].get(row.id)
        sums = found and [getattr(found, name) for name in Totals.__dataclass_fields__]
        return metrics_json(sums, row.currency)

    def get_facebook_campaign_id(self, row: Campaign) -> str | None:
        return row.external_id or None

    def get_launched_at(self, row: Campaign) -> str | None:
        return iso_z(row.launched_at)

    def get_created_at(self, row: Campaign) -> str | None:
        return iso_z(row.created_at)

    def get_updated_at(self, row: Campaign) -> str | None:
        return iso_z(row.updated_at)


@endpoint("GET", scope="ads:read")
def nothing(request: Request) -> Response:
    """An empty page: what every authenticated list costs before it reads a row."""
    with tenant_tx(actor_of(request).tenant_id, readonly=True):
        return Response({"data": [], "pagination": pagination(None, 0)})


@endpoint("GET", scope="ads:read")
def campaigns(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = queries.visible(Campaign.objects.exclude(status__in=["ARCHIVED", "DELETED"]), actor)
        found, page = paginate(request, rows.order_by("-created_at", "-id"))
        context = {"totals": lifetime_totals([row.id for row in found])}
        data = CampaignSerializer(found, many=True, context=context).data
        return Response({"data": data, "pagination": page})
