"""Whose facts a question is about, which day it is there, and which days are still counting."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Business
from accounts.queries import get_business
from analytics.domain.sums import Freshness, Where
from campaigns.models import Campaign
from core.actors import Actor, Environment
from core.clock import platform_now
from platforms.metrics.queries import Facts
from platforms.models import AdAccount


@dataclass(slots=True)
class Zone:
    """What an ad account says about time."""

    timezone: str
    environment: str
    clock_offset_s: int
    synced_at: datetime | None

    def day_at(self, moment: datetime) -> date:
        """The day of the account's zone when our clock shows `moment`."""
        return platform_now(self, at=moment).astimezone(ZoneInfo(self.timezone)).date()

    @property
    def complete_until(self) -> date | None:
        """The last day that was read after it had ended."""
        if self.synced_at is None:
            return None
        return self.day_at(self.synced_at) - timedelta(days=1)

    @property
    def final_until(self) -> date | None:
        """The last day that was read after its late conversions had time to arrive."""
        if self.synced_at is None:
            return None
        return self.day_at(self.synced_at) - timedelta(days=settings.METRICS_LATE_DAYS + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The businesses of one environment that are asked about, one or all that `limits` allow."""

    environment: str
    business_id: UUID | None = None
    limits: frozenset[UUID] | None = None
    zones: dict[UUID, Zone] = field(default_factory=dict)

    def businesses(self) -> QuerySet[Any, UUID]:
        """Keys of the businesses."""
        rows = Business.objects.filter(environment=self.environment)
        if self.business_id is not None:
            rows = rows.filter(pk=self.business_id)
        else:
            rows = rows.filter(is_archived=False)
        if self.limits is not None:
            rows = rows.filter(pk__in=self.limits)
        keys: QuerySet[Any, UUID] = rows.values_list("pk", flat=True)
        return keys

    def facts(self, since: date, until: date, **narrower: Any) -> Facts:
        """The facts of some of its days."""
        return Facts(business_ids=self.businesses(), since=since, until=until, **narrower)

    def today(self, now: datetime) -> date:
        """The newest day of its ad accounts; in UTC where there are none."""
        return max((zone.day_at(now) for zone in self.zones.values()), default=now.date())

    def freshness(self, ad_account_ids: Collection[UUID]) -> Freshness:
        """How far what is known of these ad accounts can be relied upon."""
        zones = [self.zones.get(key) for key in ad_account_ids]
        reads = [zone.synced_at if zone else None for zone in zones]
        finals = [zone.final_until if zone else None for zone in zones]
        ends = [zone.complete_until if zone else None for zone in zones]
        return Freshness(_earliest(reads), _earliest(finals), _earliest(ends))

    @property
    def where(self) -> Where:
        """The same, for printing."""
        zones = sorted({zone.timezone for zone in self.zones.values()})
        return Where(self.environment, self.business_id, zones)


def _earliest[T: (date, datetime)](values: list[T | None]) -> T | None:
    known = [value for value in values if value is not None]
    return min(known) if known and len(known) == len(values) else None


def reach_of(actor: Actor, business_id: str = "") -> Reach:
    """What the credential may see in its environment, or one business of it; raises NotFoundError
    for any other.
    """
    environment: str = actor.environment or Environment.LIVE
    chosen = actor.business_id
    if business_id:
        business = get_business(actor, business_id)
        chosen, environment = business.pk, business.environment
    return open_reach(environment, business_id=chosen, limits=actor.business_ids)


def reach_of_campaign(campaign: Campaign) -> Reach:
    """The business of a campaign that the credential may see, archived or not."""
    return open_reach(campaign.environment, business_id=campaign.business_id, limits=None)


def open_reach(
    environment: str, *, business_id: UUID | None, limits: frozenset[UUID] | None
) -> Reach:
    """The same from what was kept of a credential's limits."""
    bare = Reach(environment=environment, business_id=business_id, limits=limits)
    rows = AdAccount.objects.filter(business_id__in=bare.businesses()).values_list(
        "pk", "timezone", "environment", "clock_offset_s", "synced_at"
    )
    zones = {key: Zone(*said) for key, *said in rows}
    return Reach(environment=environment, business_id=business_id, limits=limits, zones=zones)
