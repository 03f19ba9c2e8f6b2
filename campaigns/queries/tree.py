"""Reads of the tree. Missing, foreign and invisible objects raise the same NotFoundError."""

from typing import Any
from uuid import UUID

from django.db.models import CharField, Model, QuerySet, UUIDField

from campaigns.models import Ad, AdSet, Campaign
from core.actors import Actor
from core.compiled import Compiled
from core.errors import NotFoundError
from core.ids import decode


def visible[M: Model](rows: QuerySet[M], actor: Actor, *, prefix: str = "") -> QuerySet[M]:
    """The rows within the credential's environment, bound business and limited membership."""
    limits = {f"{prefix}{name}": value for name, value in limits_of(actor).items()}
    return rows.filter(**limits) if limits else rows


def limits_of(actor: Actor) -> dict[str, Any]:
    """Environment and business of a bound credential, by the columns that `visible` filters by;
    `business_id__in` of a limited membership, which no statement built once takes: it may be a
    list of any length.
    """
    limits = {
        "environment": actor.environment,
        "business_id": actor.business_id,
        "business_id__in": None if actor.business_ids is None else sorted(actor.business_ids),
    }
    return {name: value for name, value in limits.items() if value is not None}


def campaign_key(public_id: str) -> UUID:
    """The key in `camp_…`; raises NotFoundError."""
    return decode("camp", public_id, aliases=_CAMP)


def get_campaign(actor: Actor, public_id: str | UUID, *, lock: bool = False) -> Campaign:
    """One campaign with business and ad account; `lock` holds its row to the transaction's end."""
    key = public_id if isinstance(public_id, UUID) else campaign_key(public_id)
    if lock and actor.business_ids is None:
        return _found(_LOCKED.first(pk=key, **limits_of(actor)))
    rows = visible(_with_parents(), actor)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found: Campaign | None = rows.filter(pk=key).first()
    return _found(found)


def _with_parents() -> Any:
    return Campaign.objects.select_related("business", "ad_account")


def _locked(**limits: Any) -> Any:
    return _with_parents().filter(**limits).select_for_update(of=("self",), no_key=True)


_LOCKED: Compiled[Campaign] = Compiled(
    _locked, pk=UUIDField(), environment=CharField(), business_id=UUIDField()
)
_CAMP = ("cmp",)
_ASET = ("adg",)


def list_ad_sets(campaign: Campaign, *, archived: bool = False) -> QuerySet[AdSet]:
    """A campaign's ad sets, newest first."""
    rows = AdSet.objects.filter(campaign=campaign).order_by("-created_at", "-id")
    found: QuerySet[AdSet] = rows if archived else rows.exclude(status__in=["ARCHIVED", "DELETED"])
    return found


def get_ad_set(actor: Actor, public_id: str | UUID) -> AdSet:
    """One ad set with its campaign; raises NotFoundError."""
    key = public_id if isinstance(public_id, UUID) else decode("aset", public_id, aliases=_ASET)
    rows = visible(AdSet.objects.select_related("campaign"), actor, prefix="campaign__")
    found: AdSet | None = rows.filter(pk=key).first()
    return _found(found)


def list_ads(
    campaign: Campaign, ad_set: AdSet | None = None, *, archived: bool = False
) -> QuerySet[Ad]:
    """A campaign's ads (or those of one ad set), newest first, with their creatives."""
    rows = Ad.objects.filter(campaign=campaign).select_related("creative")
    if ad_set is not None:
        rows = rows.filter(ad_set=ad_set)
    if not archived:
        rows = rows.exclude(status__in=["ARCHIVED", "DELETED"])
    found: QuerySet[Ad] = rows.order_by("-created_at", "-id")
    return found


def get_ad(actor: Actor, public_id: str | UUID) -> Ad:
    """One ad with campaign, ad set and creative; raises NotFoundError."""
    key = public_id if isinstance(public_id, UUID) else decode("ad", public_id, aliases=("adc",))
    related = Ad.objects.select_related("campaign", "ad_set", "creative")
    rows = visible(related, actor, prefix="campaign__")
    found: Ad | None = rows.filter(pk=key).first()
    return _found(found)


def _found[M: Model](row: M | None) -> M:
    if row is None:
        raise NotFoundError
    return row
