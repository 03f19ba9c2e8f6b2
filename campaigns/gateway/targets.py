"""Finds and locks what a command is about."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import UUIDField

from accounts.models import Tenant
from accounts.queries import get_business
from campaigns import queries
from campaigns.commands import Command, CreateCampaign
from campaigns.gateway.plan import Subject
from campaigns.models import Ad, AdSet, Campaign, Dispatch
from campaigns.models.actions import OPEN_DISPATCH
from campaigns.queries.gate import standing
from core.actors import Actor
from core.compiled import Compiled
from core.ids import encode


def subject_of(
    command: Command, actor: Actor, *, now: datetime, locked: Campaign | None = None
) -> Subject:
    """The command's target as the actor may see it, the campaign's row locked; `locked` is what
    this transaction has read so already.

    A create of a campaign locks the tenant's row instead: the plan's limit is counted under it.
    """
    if isinstance(command, CreateCampaign):
        business = get_business(actor, command.business_id)
        Tenant.objects.select_for_update(no_key=True).only("id").get(pk=actor.tenant_id)
        return Subject(business=business, now=now)
    ad_set, ad = _below(command, actor)
    if ad is not None:
        key: UUID | str = ad.campaign_id
        ad_set = ad.ad_set
    else:
        key = ad_set.campaign_id if ad_set is not None else _campaign_id(command)
    campaign = locked or queries.get_campaign(actor, key, lock=True)
    if locked is not None and encode("camp", locked.id) != key:
        raise LookupError("another campaign is locked")
    for node in (ad_set, ad):
        if node is not None:
            node.campaign = campaign
    target = ad or ad_set or campaign
    found = standing(campaign, target_id=target.id, proposer_id=actor.id, digest=command.digest)
    return Subject(
        business=campaign.business,
        now=now,
        campaign=campaign,
        ad_set=ad_set,
        ad=ad,
        open=unfinished(campaign) if found.has_open else (),
        standing=found,
    )


def unfinished(campaign: Campaign) -> tuple[Dispatch, ...]:
    """The campaign's Dispatches that are not over, oldest first."""
    return tuple(_UNFINISHED.rows(campaign_id=campaign.id))


def _unfinished(campaign_id: Any) -> Any:
    rows = Dispatch.objects.filter(campaign_id=campaign_id, state__in=OPEN_DISPATCH)
    return rows.order_by("created_at", "id")


_UNFINISHED: Compiled[Dispatch] = Compiled(_unfinished, campaign_id=UUIDField())


def _campaign_id(command: Command) -> str:
    value: str = getattr(command, "campaign_id")  # noqa: B009 - only some commands have it
    return value


def _below(command: Command, actor: Actor) -> tuple[AdSet | None, Ad | None]:
    ad_id = getattr(command, "ad_id", "")
    if ad_id:
        return None, queries.get_ad(actor, ad_id)
    ad_set_id = getattr(command, "ad_set_id", "")
    return (queries.get_ad_set(actor, ad_set_id), None) if ad_set_id else (None, None)
