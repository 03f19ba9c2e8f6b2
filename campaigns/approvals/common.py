"""What every decision on a proposal shares: rights, locks, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.services.evidence import emit, record_audit
from campaigns.domain.deciding import in_chain, may_decide
from campaigns.gateway.effects import PREFIX
from campaigns.models import Campaign, PendingAction
from core.actors import Actor
from core.errors import ConflictError, ForbiddenError
from core.ids import encode

CLOCK_SKEW = timedelta(seconds=60)


class NotPendingError(ConflictError):
    """The proposal is already decided, withdrawn or expired."""

    code = "not_pending"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a decider is to one proposal."""

    may_decide: bool
    in_chain: bool
    stands_behind: bool


def rights_of(actor: Actor, row: PendingAction) -> Rights:
    """Role, scope and the proposer's chain, worked out for one row."""
    return Rights(
        may_decide=may_decide(
            is_person=actor.is_person,
            role=str(actor.role or ""),
            has_scope="ads:write:pending" in actor.scopes,
            proposer_kind=row.proposer_kind,
        ),
        in_chain=in_chain(
            is_person=actor.is_person,
            actor_id=actor.id,
            roots=actor.roots,
            proposer_id=row.proposer_id,
            chain=row.proposer_chain,
        ),
        stands_behind=actor.id in row.proposer_chain,
    )


def require_decider(actor: Actor, row: PendingAction) -> None:
    """Raise ForbiddenError unless the actor may decide this row."""
    rights = rights_of(actor, row)
    if not rights.may_decide:
        raise ForbiddenError(
            _("You may not decide this proposal."),
            code="may_not_decide",
            hint=_("Ask an approver."),
        )
    if rights.in_chain:
        raise ForbiddenError(
            _("Nobody decides what they proposed themselves."), code="self_approval"
        )


def lock(row: PendingAction) -> PendingAction:
    """The row as it is now, locked; its campaign is locked before it."""
    if row.campaign_id is not None:
        campaigns = Campaign.objects.select_for_update(no_key=True).only("id")
        campaigns.filter(pk=row.campaign_id).first()
    locked: PendingAction = (
        PendingAction.objects.select_for_update(of=("self",), no_key=True)
        .select_related("business")
        .get(pk=row.pk)
    )
    return locked


def require_status(row: PendingAction, status: str) -> None:
    """Raise NotPendingError unless the row is in this state."""
    if row.status != status:
        raise NotPendingError(
            _("The proposal is %(status)s.") % {"status": row.status},
            details={"status": row.status},
        )


def is_past(row: PendingAction, now: datetime, *, undo_window_s: int = 0) -> bool:
    """Whether a decision made now could still be sent after the expiry: the undo window and a
    minute for clocks that disagree count in.
    """
    return now + timedelta(seconds=undo_window_s) + CLOCK_SKEW > row.expires_at


def tell(
    actor: Actor,
    row: PendingAction,
    event_type: str,
    *,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """The outbox event and the audit row of one decision; call it last in the transaction."""
    pending = encode("pa", row.id)
    target = encode(PREFIX[row.target_type], row.target_id)
    payload: dict[str, Any] = {
        "pending_action_id": pending,
        "campaign_id": encode("camp", row.campaign_id) if row.campaign_id else None,
        f"{row.target_type}_id": target,
        "command": row.command_kind,
        "status": row.status,
        **(facts or {}),
    }
    if row.decision_comment:
        payload["comment"] = row.decision_comment
    emit(
        event_type,
        payload,
        tenant_id=row.tenant_id,
        environment=row.environment,
        now=now,
        business_id=row.business_id,
        target_id=target,
    )
    record_audit(
        actor,
        event_type,
        now=now,
        target_type=row.target_type,
        target_id=target,
        business_id=row.business_id,
        verdict_id=encode("ver", row.verdict_id),
        facts={"pending_action_id": pending, "command": row.command_kind, **(facts or {})},
        detail=detail,
    )
