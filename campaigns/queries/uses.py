"""Which campaigns need a connection's token."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from campaigns.models import Campaign, Dispatch
from core.ids import encode
from platforms.models import AdAccount
from platforms.services import Use

UNDONE = ("ready", "sent", "unknown", "held")


def campaigns_through(connection_id: UUID) -> list[Use]:
    """Campaigns that run, or have a change on its way, in the connection's ad accounts."""
    accounts = AdAccount.objects.filter(connection_id=connection_id).values("pk")
    undone = Dispatch.objects.filter(
        campaign_id=OuterRef("pk"), ad_account_id__in=accounts, state__in=UNDONE
    )
    running = Q(ad_account__connection_id=connection_id, status="ACTIVE") & ~Q(external_id="")
    rows = Campaign.objects.filter(running | Exists(undone)).order_by("name", "id")
    return [Use(encode("camp", row.pk), row.name) for row in rows]
