"""What a failed change left paused at the platform, and its removal at a person's word."""

from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.services.evidence import record_audit, verdict_public_id
from campaigns.dispatch.work import PREFIXES
from campaigns.domain.authority import EDITING_ROLES
from campaigns.models import Dispatch, DispatchStep
from core.actors import Actor
from core.errors import ConflictError, ForbiddenError, NotFoundError
from core.ids import encode
from core.queue import ring
from core.tenancy import tenant_tx

ORDER = ("ad", "ad_set", "campaign")  # a creative delivers nothing and stays


def orphans(dispatch: Dispatch) -> list[DispatchStep]:
    """The create steps of a failed Dispatch whose objects still exist, innermost first."""
    made = DispatchStep.objects.filter(
        dispatch=dispatch, state="done", kind__startswith="create_", object_type__in=ORDER
    )
    return sorted(made, key=lambda step: (ORDER.index(step.object_type), step.seq))


def remove_orphans(dispatch_id: UUID, *, actor: Actor, now: datetime) -> Dispatch:
    """Have the loop delete what a failed Dispatch made; our rows become local again.

    Raises NotFoundError, ForbiddenError for anyone but an editing person, ConflictError where
    nothing is left. It removes, so the kill switch does not hold it back.
    """
    if not actor.is_person or actor.role not in EDITING_ROLES:
        raise ForbiddenError(_("Only a person who may edit can remove what a change left."))
    with tenant_tx(actor.tenant_id):
        rows = Dispatch.objects.select_for_update()
        dispatch: Dispatch | None = rows.filter(pk=dispatch_id).first()
        if dispatch is None or not actor.may_see_business(dispatch.business_id):
            raise NotFoundError
        is_left = dispatch.state in ("failed", "held") and dispatch.needs_person
        found = orphans(dispatch) if is_left else []
        if not found:
            raise ConflictError(_("Nothing is left to remove."), code="nothing_to_remove")
        _plan_removal(dispatch, found, now)
        record_audit(
            actor,
            "ads.write.cleanup",
            now=now,
            target_type=dispatch.target_type,
            target_id=encode(PREFIXES[dispatch.target_type], dispatch.target_id),
            business_id=dispatch.business_id,
            verdict_id=verdict_public_id(dispatch.id),
            facts={"external_ids": [step.external_id for step in found]},
        )
        ring("campaigns.dispatch")
    return dispatch


def _plan_removal(dispatch: Dispatch, found: list[DispatchStep], now: datetime) -> None:
    steps = DispatchStep.objects.filter(dispatch=dispatch)
    steps.exclude(state="done").update(state="failed", finished_at=now)
    first = 1 + (steps.aggregate(last=Max("seq"))["last"] or 0)
    local = {"external_id": "", "status": "DRAFT", "effective_status": "DRAFT", "issues": []}
    DispatchStep.objects.bulk_create(
        DispatchStep(
            tenant_id=dispatch.tenant_id,
            dispatch=dispatch,
            seq=first + number,
            kind="set_status",
            object_type=step.object_type,
            object_id=step.object_id,
            params={"status": "DELETED"},
            apply=local,
            payload_digest="",
        )
        for number, step in enumerate(found)
    )
    dispatch.state, dispatch.survives_kill, dispatch.needs_person = "ready", True, False
    dispatch.next_attempt_at, dispatch.finished_at, dispatch.created_at = now, None, now
    dispatch.save(
        update_fields=[
            "state",
            "survives_kill",
            "needs_person",
            "next_attempt_at",
            "finished_at",
            "created_at",
        ]
    )
