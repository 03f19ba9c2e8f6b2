"""The kill switch: one committed row stops every write of a business; the rest is tidying up,
which `campaigns.services.sweep` finishes where it was interrupted.
"""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Business
from accounts.services.evidence import emit, record_audit
from accounts.services.factors import require_fresh_factor
from campaigns.commands import RestoreDelivery, restore
from campaigns.gateway import submit
from campaigns.gateway.intake import propose_for
from campaigns.gateway.proposals import Proposer
from campaigns.gateway.withdraw import withdraw
from campaigns.models import Campaign, Dispatch, KillSwitch, PolicyChange
from campaigns.services import second_person, stopping
from campaigns.services.access import business_of, require_governor
from core.actors import Actor, Role
from core.errors import AppError, ForbiddenError
from core.failpoints import reach
from core.ids import decode, encode
from core.queue import ring
from core.tenancy import tenant_tx

log = structlog.get_logger(__name__)
STATUS_KINDS = (
    "stop_delivery",
    "restore_delivery",
    "pause_campaign",
    "resume_campaign",
    "archive_campaign",
    "launch_campaign",
)

# A launch that was in flight when delivery was stopped pauses itself with its last step.
OWN_KINDS = ("stop_delivery", "launch_campaign")


def engage_kill_switch(
    business_id: UUID | str, *, actor: Actor, now: datetime, stop_delivery: bool
) -> KillSwitch:
    """Stop every write of a business, and with `stop_delivery` pause what runs.

    Any person but an analyst may. The first transaction is the switch: once it has committed no
    call starts. Then approved changes that were not sent go back to pending, each in its own
    transaction, and stop commands that survive the switch are submitted. Engaging again adds the
    delivery stop, and stops what an interrupted engagement left running.
    """
    if not actor.is_person or actor.role in (None, Role.ANALYST):
        raise ForbiddenError(_("Your role may not engage the kill switch."), code="role_required")
    with tenant_tx(actor.tenant_id):
        business = business_of(actor, business_id)
        switch = locked(business)
        fresh = not switch.is_engaged
        if fresh:
            switch.epoch += 1
            switch.stopped_campaigns = []
            switch.engaged_by, switch.engaged_at = actor.id, now
            switch.is_engaged, switch.stop_delivery = True, False
        if fresh or (stop_delivery and not switch.stop_delivery):
            switch.engager = stopping.engager(actor)
        running = stopping.running(business.id) if stop_delivery else []
        switch.stop_delivery = switch.stop_delivery or stop_delivery
        known = set(switch.stopped_campaigns)
        switch.stopped_campaigns += [str(key) for key in running if str(key) not in known]
        switch.save()
        Dispatch.objects.filter(business=business, state="ready", survives_kill=False).update(
            state="held", error_kind="held", error_code="kill_switch_active"
        )
        ring("campaigns.kill")
        _tell(actor, business, switch, event_type="kill_switch.engaged", now=now)
    reach("kill_switch.after_commit")
    stopping.return_approved(actor, business.id, now)
    for key in running:
        stopping.stop(actor, business.id, key, epoch=switch.epoch, now=now)
    return switch


def locked(business: Business) -> KillSwitch:
    """The business's switch, made on first use and locked."""
    rows = KillSwitch.objects.select_for_update()
    found: KillSwitch | None = rows.filter(business=business).first()
    if found is None:
        row = KillSwitch(tenant_id=business.tenant_id, business=business)
        KillSwitch.objects.bulk_create([row], ignore_conflicts=True)
        found = rows.get(business=business)
    return found


def _tell(
    actor: Actor, business: Business, switch: KillSwitch, *, event_type: str, now: datetime
) -> None:
    public = encode("biz", business.id)
    facts = {
        "epoch": switch.epoch,
        "stop_delivery": switch.stop_delivery,
        "campaigns": [encode("camp", UUID(key)) for key in switch.stopped_campaigns],
    }
    emit(
        event_type,
        {"business_id": public, **facts},
        tenant_id=business.tenant_id,
        environment=business.environment,
        now=now,
        business_id=business.id,
        target_id=public,
    )
    record_audit(
        actor,
        event_type,
        now=now,
        target_type="business",
        target_id=public,
        business_id=business.id,
        facts=facts,
    )


def release_kill_switch(
    business_id: UUID | str, *, actor: Actor, now: datetime, restore_delivery: bool
) -> KillSwitch | PolicyChange:
    """Let writes happen again; owners and admins, in live with a fresh second factor.

    Where the business asks for a second person, the release is returned as the change that waits.
    """
    require_governor(actor)
    with tenant_tx(actor.tenant_id):
        business = business_of(actor, business_id)
        require_fresh_factor(actor, business.environment, now=now)
        switch = locked(business)
        if not switch.is_engaged:
            return switch
        if second_person.asked_by(business):
            return second_person.hold(
                business,
                kind="release",
                target_id=encode("biz", business.id),
                before={"epoch": switch.epoch},
                after={"restore_delivery": restore_delivery},
                actor=actor,
                now=now,
            )
        switch_off(business, switch, actor=actor, now=now)
    tidy_release(switch, actor=actor, now=now, restore_delivery=restore_delivery)
    return switch


def switch_off(business: Business, switch: KillSwitch, *, actor: Actor, now: datetime) -> None:
    """The release itself, on the locked row in the caller's transaction."""
    switch.is_engaged = False
    switch.released_by, switch.released_at = actor.id, now
    switch.save()
    _tell(actor, business, switch, event_type="kill_switch.released", now=now)


def tidy_release(
    switch: KillSwitch, *, actor: Actor, now: datetime, restore_delivery: bool
) -> None:
    """Held changes are decided anew: each becomes a proposal, or is cancelled where it no longer
    makes sense. With `restore_delivery` exactly those campaigns resume that the switch paused and
    nobody has touched since.
    """
    stopping.return_approved(actor, switch.business_id, now)
    decide_held(actor, switch.business_id, now)
    if restore_delivery:
        for key in switch.stopped_campaigns:
            _restore(actor, UUID(key), now)


def decide_held(actor: Actor, business_id: UUID, now: datetime) -> None:
    """Held changes of a released business become proposals, each in one transaction.

    A launch that was cut in the middle stays held: the desk of unknown outcomes offers to
    continue it or to remove what it made.
    """
    with tenant_tx(actor.tenant_id, readonly=True):
        held = list(stopping.undecided(business_id).order_by("created_at"))
    for dispatch in held:
        with tenant_tx(actor.tenant_id):
            stopping.lock_campaign(dispatch.campaign_id)
            if withdraw(dispatch.id, now=now):
                _propose(actor, dispatch, now)


def _propose(actor: Actor, dispatch: Dispatch, now: datetime) -> None:
    try:
        with transaction.atomic():
            proposer = _proposer(dispatch)
            command = restore(dispatch.command_kind, dispatch.command)
            propose_for(command, actor=actor, now=now, proposer=proposer)
    except AppError as error:
        log.warning("held_change_not_proposed", job=str(dispatch.id), code=error.code)


def _proposer(dispatch: Dispatch) -> Proposer:
    """The Dispatch's actor with what it descends from."""
    chain, label = [dispatch.actor_id], ""
    if dispatch.actor_id.startswith("key_"):
        key = ApiKey.objects.filter(pk=decode("key", dispatch.actor_id)).first()
        if key is not None:
            chain += [part for part in (key.parent, key.root) if part]
            label = key.name
    return Proposer(kind=dispatch.actor_kind, id=dispatch.actor_id, label=label, chain=chain)


def _restore(actor: Actor, campaign_id: UUID, now: datetime) -> None:
    with tenant_tx(actor.tenant_id, readonly=True):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        last = (
            Dispatch.objects.filter(campaign_id=campaign_id, command_kind__in=STATUS_KINDS)
            .order_by(F("created_at").desc(), "-id")
            .first()
        )
    if campaign is None or last is None or last.command_kind not in OWN_KINDS:
        return
    if campaign.status not in ("PAUSED", "ACTIVE"):
        return
    try:
        submit(RestoreDelivery(campaign_id=encode("camp", campaign_id)), actor=actor, now=now)
    except AppError as error:
        log.warning("delivery_not_restored", campaign=str(campaign_id), code=error.code)
