"""Reads of the room `creatives`."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Max, QuerySet, Sum

from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup
from creatives.domain.ctr import Observed
from creatives.models import Asset, BrandRules, Generation
from platforms.metrics.models import MetricFact

MOST_ADS = 500
HISTORY = timedelta(days=90)

# The oldest due one of each tenant first, so that nobody's long list keeps others waiting.
GENERATIONS_DUE = Lookup(
    "generations_due",
    sql="""
    SELECT tenant_id, id FROM (
      SELECT tenant_id, id, next_attempt_at,
        ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY next_attempt_at, id) AS place
      FROM creatives_generation
      WHERE status = 'processing' AND next_attempt_at <= :now
    ) AS ranked
    ORDER BY place, next_attempt_at, id LIMIT 20""",
    params={"now": "timestamptz"},
    columns={"tenant_id": "uuid", "id": "uuid"},
)


def list_generations(actor: Actor) -> QuerySet[Generation]:
    """What the credential may see, newest first."""
    rows: QuerySet[Generation] = Generation.objects.filter(business__is_archived=False)
    if actor.environment is not None:
        rows = rows.filter(environment=actor.environment)
    if actor.business_id is not None:
        rows = rows.filter(business_id=actor.business_id)
    if actor.business_ids is not None:
        rows = rows.filter(business_id__in=actor.business_ids)
    return rows.order_by("-created_at", "-id")


def get_generation(actor: Actor, public_id: str) -> Generation:
    """One generation; missing and foreign raise the same NotFoundError."""
    found: Generation | None = list_generations(actor).filter(pk=decode("gen", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def is_generation_of(business_id: UUID, public_id: str) -> bool:
    """Whether the business has such a generation; one that names none has not."""
    try:
        key = decode("gen", public_id)
    except NotFoundError:
        return False
    return bool(Generation.objects.filter(pk=key, business_id=business_id).exists())


def finished_generations(business_id: UUID, *, most: int) -> list[Generation]:
    """The newest generations of a business that hold copy or images."""
    rows = Generation.objects.filter(business_id=business_id, status="completed")
    return list(rows.exclude(variations=[]).order_by("-created_at", "-id")[:most])


def list_assets(actor: Actor) -> QuerySet[Asset]:
    """The images of businesses that the credential may see, newest first."""
    rows: QuerySet[Asset] = Asset.objects.filter(business__is_archived=False)
    if actor.environment is not None:
        rows = rows.filter(business__environment=actor.environment)
    if actor.business_id is not None:
        rows = rows.filter(business_id=actor.business_id)
    if actor.business_ids is not None:
        rows = rows.filter(business_id__in=actor.business_ids)
    return rows.order_by("-created_at", "-id")


def get_asset(actor: Actor, public_id: str) -> Asset:
    """One image of a business the credential may see; NotFoundError for any other."""
    found: Asset | None = list_assets(actor).filter(pk=decode("ast", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def brand_rules(business_id: UUID) -> BrandRules | None:
    """A business's rules, with the logo; None where nothing was set."""
    found: BrandRules | None = (
        BrandRules.objects.filter(business_id=business_id).select_related("logo").first()
    )
    return found


def ad_history(business_id: UUID) -> dict[str, list[Observed]]:
    """What each ad of the business delivered over its last 90 days with delivery, by publisher
    platform: the ads with the most impressions.
    """
    facts = MetricFact.objects.filter(business_id=business_id)
    last = facts.aggregate(last=Max("day"))["last"]
    if last is None:
        return {}
    rows = (
        facts.filter(day__gt=last - HISTORY)
        .values("publisher_platform", "ad_id")
        .annotate(seen=Sum("impressions"), clicked=Sum("clicks"))
        .filter(seen__gt=0)
        .order_by("-seen", "ad_id")[:MOST_ADS]
    )
    found: dict[str, list[Observed]] = {}
    for row in rows:
        observed = Observed(row["seen"], min(row["clicked"], row["seen"]))
        found.setdefault(row["publisher_platform"], []).append(observed)
    return found
