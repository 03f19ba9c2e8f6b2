"""Spend ceilings: what campaigns can cost a day at most is counted before anything is sent.

A campaign uses up `running + reserved`: the dearest state it can be in, given what is in flight. A
rise is reserved when it is allowed, a fall counts once it is done, a read-back corrects. Locks, in
this order: the campaign's exposure row, then its ceilings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    F,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Greatest

from campaigns.domain.authority import CeilingState
from campaigns.domain.exposure import READ_BACK_MAX_AGE, exposure_of, used_of
from campaigns.models import (
    Campaign,
    Dispatch,
    DispatchStep,
    SpendCeiling,
    SpendExposure,
    SpendReservation,
)
from core.compiled import Compiled
from core.money import Money
from core.statements import insert
from platforms.metrics.models import MetricFact

SCOPES = ("action", "campaign", "business", "tenant")
_RANK = Case(
    *(When(scope=scope, then=Value(rank)) for rank, scope in enumerate(SCOPES)),
    output_field=IntegerField(),
)


class CeilingExceededError(RuntimeError):
    """A reservation did not fit although the decision said so: the transaction must not commit."""


@dataclass(frozen=True, slots=True)
class Headroom:
    """What a change would add, read under lock."""

    exposure: SpendExposure
    ceilings: tuple[SpendCeiling, ...]
    target_micros: int
    rise_micros: int
    read_back_stale: bool

    @property
    def states(self) -> tuple[CeilingState, ...]:
        return tuple(
            CeilingState(row.scope, row.limit_micros, row.used_micros) for row in self.ceilings
        )


def scope_keys(campaign_id: UUID | None, business_id: UUID) -> dict[str, str]:
    """The key of each ceiling that can bind a campaign; `campaign` only with an id."""
    keys = {
        "action": f"action:{business_id}",
        "business": f"business:{business_id}",
        "tenant": "tenant",
    }
    if campaign_id is not None:
        keys["campaign"] = f"campaign:{campaign_id}"
    return keys


def ceilings_of(campaign: Campaign) -> QuerySet[SpendCeiling]:
    """The ceilings that bind a campaign, in lock order."""
    rows: QuerySet[SpendCeiling] = SpendCeiling.objects.filter(
        environment=campaign.environment,
        currency=campaign.currency,
        scope_key__in=scope_keys(campaign.id, campaign.business_id).values(),
    )
    return rows.order_by(_RANK)


def _binding(environment: Any, currency: Any, **keys: Any) -> Any:
    rows = SpendCeiling.objects.filter(
        environment=environment, currency=currency, scope_key__in=keys.values()
    )
    return rows.order_by(_RANK).select_for_update()


_BINDING: Compiled[SpendCeiling] = Compiled(
    _binding,
    environment=CharField(),
    currency=CharField(),
    action=CharField(),
    campaign=CharField(),
    business=CharField(),
    tenant=CharField(),
)


def _locked_ceilings(campaign: Campaign) -> tuple[SpendCeiling, ...]:
    """The rows of `ceilings_of`, locked."""
    keys = scope_keys(campaign.id, campaign.business_id)
    return tuple(
        _BINDING.rows(environment=campaign.environment, currency=campaign.currency, **keys)
    )


def exposure_target(
    campaign: Campaign, *, runs: bool, budget_type: str = "", budget_micros: int = 0
) -> int:
    """Exposure of the campaign once it runs (or no longer runs) with this budget."""
    kind = budget_type or campaign.budget_type
    platform = campaign.ad_account.platform if campaign.ad_account else "meta"
    spent = _spent(campaign.id) if runs and kind == "lifetime" else 0
    return exposure_of(
        budget_type=kind,
        budget_micros=budget_micros or campaign.budget_micros,
        spent_micros=spent,
        platform=platform,
        runs=runs,
    )


def _spent(campaign_id: UUID) -> int:
    facts = MetricFact.objects.filter(campaign_id=campaign_id)
    return int(facts.aggregate(total=Sum("spend_micros"))["total"] or 0)


def lock_exposure(campaign: Campaign) -> SpendExposure:
    """The campaign's exposure row, locked; made on first use."""
    found = _EXPOSURE.first(campaign_id=campaign.id)
    if found is not None:
        return found
    SpendExposure.objects.bulk_create([new_exposure(campaign)], ignore_conflicts=True)
    made: SpendExposure = _exposure(campaign.id).get()
    return made


def _exposure(campaign_id: Any) -> Any:
    return SpendExposure.objects.select_for_update().filter(campaign_id=campaign_id)


_EXPOSURE: Compiled[SpendExposure] = Compiled(_exposure, campaign_id=UUIDField())


def new_exposure(campaign: Campaign) -> SpendExposure:
    """The unsaved row of a campaign that costs nothing yet."""
    return SpendExposure(
        tenant_id=campaign.tenant_id,
        campaign=campaign,
        business_id=campaign.business_id,
        currency=campaign.currency,
    )


def headroom(campaign: Campaign, target_micros: int, *, now: datetime) -> Headroom:
    """Lock what a change to `target_micros` would touch, and say what it adds."""
    exposure = lock_exposure(campaign)
    rise = max(0, target_micros - exposure.running_micros - exposure.reserved_micros)
    ceilings = _locked_ceilings(campaign) if rise else ()
    stale = bool(ceilings) and _is_stale(campaign, ceilings, now)
    return Headroom(exposure, ceilings, target_micros, rise, stale)


def _is_stale(campaign: Campaign, ceilings: Sequence[SpendCeiling], now: datetime) -> bool:
    """Whether a sum rests on a running campaign whose last read-back is too old."""
    scopes = {row.scope for row in ceilings}
    own = {}
    if "tenant" not in scopes:
        own = {"business_id": campaign.business_id}
        if "business" not in scopes:
            own = {"campaign_id": campaign.id}
    oldest = _OLDEST.first(
        currency=campaign.currency, campaign__environment=campaign.environment, **own
    )
    return oldest is not None and now - oldest[0] > READ_BACK_MAX_AGE


def _oldest(**limits: Any) -> Any:
    running = SpendExposure.objects.filter(
        **limits, running_micros__gt=0, read_back_at__isnull=False
    )
    return running.order_by("read_back_at").values_list("read_back_at")[:1]


_OLDEST: Compiled[tuple[datetime]] = Compiled(
    _oldest,
    currency=CharField(),
    campaign__environment=CharField(),
    business_id=UUIDField(),
    campaign_id=UUIDField(),
)


def reserve(room: Headroom, *, dispatch_id: UUID, now: datetime) -> None:
    """Hold the change for its Dispatch. Raises CeilingExceededError when it does not fit."""
    exposure = room.exposure
    row = SpendReservation(
        tenant_id=exposure.tenant_id,
        dispatch_id=dispatch_id,
        campaign_id=exposure.campaign_id,
        currency=exposure.currency,
        delta_micros=room.rise_micros,
        target_micros=room.target_micros,
        state="held",
        created_at=now,
    )
    insert(row)
    if not room.rise_micros:
        return
    SpendExposure.objects.filter(pk=exposure.pk).update(
        reserved_micros=F("reserved_micros") + room.rise_micros
    )
    for ceiling in room.ceilings:
        if ceiling.scope == "action":
            continue
        fits = SpendCeiling.objects.filter(
            pk=ceiling.pk, used_micros__lte=F("limit_micros") - room.rise_micros
        )
        if not fits.update(used_micros=F("used_micros") + room.rise_micros):
            raise CeilingExceededError(ceiling.scope_key)


def covers(dispatch: Dispatch, budget_type: str, budget_micros: int) -> bool:
    """Whether the Dispatch's reservation is enough for its campaign running with this budget."""
    held = SpendReservation.objects.filter(dispatch_id=dispatch.id, state="held").first()
    if held is None:
        return True
    campaign = Campaign.objects.select_related("ad_account").get(pk=held.campaign_id)
    needed = exposure_target(
        campaign, runs=True, budget_type=budget_type, budget_micros=budget_micros
    )
    return bool(needed <= held.target_micros)


def settle(dispatch: Dispatch, *, now: datetime) -> None:
    """The Dispatch is done: its target is what runs now."""
    _finish(dispatch, "settled", now)


def release(dispatch: Dispatch, *, now: datetime) -> None:
    """The Dispatch will not be carried out, or failed for good.

    Where a step that moves money was carried out, or may have been, before the failure, the dearer
    of the two states is kept until a read-back says otherwise.
    """
    _finish(dispatch, "released", now)


def _finish(dispatch: Dispatch, outcome: str, now: datetime) -> None:
    held = SpendReservation.objects.filter(dispatch_id=dispatch.id, state="held").first()
    if held is None:
        return
    exposure = SpendExposure.objects.select_for_update().get(campaign_id=held.campaign_id)
    if not SpendReservation.objects.filter(pk=held.pk, state="held").update(state=outcome):
        return
    running, read_back_at = exposure.running_micros, exposure.read_back_at
    if outcome == "settled":
        running, read_back_at = held.target_micros, now
    elif _may_have_moved(dispatch):
        running = max(running, held.target_micros)
    _set(exposure, running, read_back_at)


def _may_have_moved(dispatch: Dispatch) -> bool:
    steps: QuerySet[DispatchStep] = DispatchStep.objects.filter(
        dispatch_id=dispatch.id,
        object_type="campaign",
        kind__in=["update", "set_status"],
        state__in=["done", "sent", "unknown"],
    )
    return steps.exists()


def correct(
    campaign: Campaign,
    remote_budget: Money | None,
    status: str,
    *,
    now: datetime,
    budget_type: str = "",
) -> None:
    """Take over what the platform shows. `now` is when the read began: one that is older than the
    last settled change says nothing.
    """
    exposure = lock_exposure(campaign)
    if exposure.read_back_at is not None and now <= exposure.read_back_at:
        return
    running = exposure_target(
        campaign,
        runs=status == "ACTIVE",
        budget_type=budget_type,
        budget_micros=remote_budget.micros if remote_budget else 0,
    )
    _set(exposure, running, now)


def _set(exposure: SpendExposure, running: int, read_back_at: datetime | None) -> None:
    """Write a new running value; the ceilings follow by the difference of what is used up."""
    targets = SpendReservation.objects.filter(campaign_id=exposure.campaign_id, state="held")
    used = used_of(running, targets.values_list("target_micros", flat=True))
    delta = used - exposure.running_micros - exposure.reserved_micros
    SpendExposure.objects.filter(pk=exposure.pk).update(
        running_micros=running, reserved_micros=used - running, read_back_at=read_back_at
    )
    if not delta:
        return
    campaign = Campaign.objects.only("environment", "currency", "business_id", "tenant_id").get(
        pk=exposure.campaign_id
    )
    for ceiling in ceilings_of(campaign).exclude(scope="action").select_for_update():
        SpendCeiling.objects.filter(pk=ceiling.pk).update(
            used_micros=Greatest(F("used_micros") + delta, Value(0))
        )


def recount(ceiling: SpendCeiling) -> None:
    """Set a ceiling's `used_micros` to the sum of what its campaigns use up, under their locks."""
    if ceiling.scope == "action":
        return
    rows = SpendExposure.objects.filter(
        currency=ceiling.currency, campaign__environment=ceiling.environment
    )
    if ceiling.scope == "campaign":
        rows = rows.filter(campaign_id=ceiling.campaign_id)
    elif ceiling.scope == "business":
        rows = rows.filter(business_id=ceiling.business_id)
    locked = rows.order_by("campaign_id").select_for_update(of=("self",))
    used = sum(row.running_micros + row.reserved_micros for row in locked)
    SpendCeiling.objects.filter(pk=ceiling.pk).update(used_micros=used)


def may_run(campaign: Campaign) -> bool:
    """Whether the campaign runs, or something in flight will make it run."""
    if campaign.status == "ACTIVE":
        return True
    exposures: QuerySet[SpendExposure] = SpendExposure.objects.filter(campaign_id=campaign.id)
    return exposures.filter(Q(running_micros__gt=0) | Q(reserved_micros__gt=0)).exists()


def activation_target(campaign: Campaign, unfinished: Sequence[Dispatch]) -> int:
    """Exposure once the campaign runs, with the dearest of its budget and those in flight."""
    targets = [exposure_target(campaign, runs=True)]
    for dispatch in unfinished:
        budget = dispatch.command.get("budget_micros")
        if budget:
            kind = dispatch.command.get("budget_type") or _KIND_OF.get(dispatch.command_kind, "")
            targets.append(
                exposure_target(campaign, runs=True, budget_type=kind, budget_micros=budget)
            )
    return max(targets)


_KIND_OF = {"set_daily_budget": "daily", "set_lifetime_budget": "lifetime"}
