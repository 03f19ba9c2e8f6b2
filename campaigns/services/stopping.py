"""What follows the switch's commit: approved changes go back, running campaigns are stopped.

Every function may run again, and beside itself: each row is looked at under its lock.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Count, Max, QuerySet

from accounts.services.evidence import record_audit
from campaigns.commands import StopDelivery
from campaigns.dispatch.claims import DUE
from campaigns.gateway import submit
from campaigns.gateway.withdraw import back_to_pending, withdraw
from campaigns.models import Campaign, Dispatch, KillSwitch, PendingAction
from core.actors import Actor, ActorKind, Channel, Role
from core.errors import AppError
from core.ids import encode
from core.tenancy import tenant_tx

log = structlog.get_logger(__name__)
BELOW = ("pause_ad", "pause_ad_set", "archive_ad", "archive_ad_set")
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


def engager(actor: Actor) -> dict[str, Any]:
    """What `engager_of` makes the person of again; ids and role, no name."""
    limits = actor.business_ids
    return {
        "id": actor.id,
        "user_id": str(actor.user_id),
        "role": str(actor.role),
        "business_ids": None if limits is None else sorted(str(key) for key in limits),
        "request_id": actor.request_id,
    }


def engager_of(switch: KillSwitch) -> Actor | None:
    """The person whose engagement is being finished: their act, with the rights they had then."""
    stored = switch.engager
    if not stored:
        return None
    limits = stored["business_ids"]
    return Actor(
        kind=ActorKind.USER,
        id=stored["id"],
        tenant_id=switch.tenant_id,
        channel=Channel.DASHBOARD,
        request_id=stored["request_id"],
        business_ids=None if limits is None else frozenset(UUID(key) for key in limits),
        user_id=UUID(stored["user_id"]),
        role=Role(stored["role"]),
        roots=(stored["id"],),
    )


def running(business_id: UUID) -> list[UUID]:
    """The campaigns of a business that run at a platform."""
    return list(_running(business_id).order_by("id").values_list("pk", flat=True))


def _running(business_id: UUID) -> QuerySet[Campaign]:
    rows: QuerySet[Campaign] = Campaign.objects.filter(business_id=business_id, status="ACTIVE")
    return rows.exclude(external_id="")


def undecided(business_id: UUID) -> QuerySet[Dispatch]:
    """Held changes that a release has to decide anew; a launch cut midway is the desk's."""
    rows: QuerySet[Dispatch] = Dispatch.objects.filter(business_id=business_id, state="held")
    return rows.exclude(command_kind="launch_campaign", needs_person=True)


def lock_campaign(campaign_id: UUID | None) -> None:
    """Lock the campaign's row until the transaction ends."""
    if campaign_id is not None:
        Campaign.objects.select_for_update(no_key=True).only("id").filter(pk=campaign_id).first()


def return_approved(actor: Actor, business_id: UUID, now: datetime) -> None:
    """Approved but not sent: back to pending, where nobody can decide while the switch is on."""
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = PendingAction.objects.filter(business_id=business_id, status="approved")
        waiting = list(rows.exclude(dispatch_id=None).order_by("id"))
    for row in waiting:
        with tenant_tx(actor.tenant_id):
            lock_campaign(row.campaign_id)
            locked = PendingAction.objects.select_for_update(no_key=True).get(pk=row.pk)
            if locked.status == "approved" and withdraw(locked.dispatch_id, now=now):
                back_to_pending(locked)
                record_audit(
                    actor,
                    "approval.undone",
                    now=now,
                    target_type=locked.target_type,
                    target_id=str(locked.target_id),
                    business_id=business_id,
                    facts={"pending_action_id": encode("pa", row.id), "reason": "kill_switch"},
                )


def unstopped(business_id: UUID, *, epoch: int, now: datetime) -> list[UUID]:
    """Running campaigns without a stop on its way; after a stop that did not last, ever later."""
    runs = running(business_id)
    stops = Dispatch.objects.filter(
        campaign_id__in=runs, command_kind="stop_delivery", kill_epoch=epoch
    )
    counted = stops.values("campaign_id").annotate(n=Count("id"), last=Max("created_at"))
    waits = {row["campaign_id"]: row["last"] + _wait(row["n"]) for row in counted}
    coming = set(_on_its_way(runs).values_list("campaign_id", flat=True))
    return [key for key in runs if key not in coming and now >= waits.get(key, now)]


def _wait(stops: int) -> timedelta:
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(stops - 1, 10))
    return wait


def _on_its_way(campaign_ids: list[UUID]) -> QuerySet[Dispatch]:
    """Open Dispatches that outlive the switch and end with their campaign paused."""
    rows: QuerySet[Dispatch] = Dispatch.objects.filter(
        campaign_id__in=campaign_ids, survives_kill=True, state__in=DUE
    )
    return rows.exclude(command_kind__in=BELOW)


def stop(actor: Actor, business_id: UUID, campaign_id: UUID, *, epoch: int, now: datetime) -> bool:
    """Submit the stop of one campaign while it runs, unless one is on its way or the switch is no
    longer engaged as it was.

    The switch stays locked to the end, so that no stop follows a release.
    """
    try:
        with tenant_tx(actor.tenant_id):
            switch = KillSwitch.objects.select_for_update().get(business_id=business_id)
            if not (switch.is_engaged and switch.stop_delivery and switch.epoch == epoch):
                return False
            lock_campaign(campaign_id)
            runs = _running(business_id).filter(pk=campaign_id).exists()
            if not runs or _on_its_way([campaign_id]).exists():
                return False
            if str(campaign_id) not in switch.stopped_campaigns:
                switch.stopped_campaigns = [*switch.stopped_campaigns, str(campaign_id)]
                switch.save(update_fields=["stopped_campaigns"])
            submit(StopDelivery(campaign_id=encode("camp", campaign_id)), actor=actor, now=now)
    except AppError as error:
        log.warning("delivery_not_stopped", campaign=str(campaign_id), code=error.code)
        return False
    return True
