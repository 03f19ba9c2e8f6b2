"""Approval of a proposal: read the platform, then decide again under lock."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Verdict
from accounts.services.factors import require_fresh_factor
from campaigns import queries
from campaigns.approvals.common import (
    NotPendingError,
    is_past,
    lock,
    require_status,
    rights_of,
    tell,
)
from campaigns.approvals.reread import Seen, read_now
from campaigns.commands import restore
from campaigns.domain.authority import Answer, Decision, decide
from campaigns.gateway import effects
from campaigns.gateway.effects import Case
from campaigns.gateway.intake import gate_input, with_headroom
from campaigns.gateway.planning import plan_of
from campaigns.gateway.proposals import fingerprint
from campaigns.gateway.targets import subject_of
from campaigns.gateway.withdraw import settle_launch_state
from campaigns.models import PendingAction
from core.actors import Actor
from core.errors import ForbiddenError
from core.ids import encode
from core.tenancy import tenant_tx


class ApprovalDeniedError(ForbiddenError):
    """The gate said no at the second look. Its Verdict is committed; nothing else happened."""

    commits = True


def approve(pending_id: str, *, actor: Actor, now: datetime, comment: str = "") -> PendingAction:
    """Approve a proposal: afterwards it is `approved` with a Dispatch that waits for the undo
    window, or `conflict` because the value is no longer the one that was proposed on.

    Call it outside a transaction: it reads the platform first (at most 3 s; `not_reread` marks a
    failure). Raises NotFoundError, NotPendingError, ForbiddenError with the gate's reason
    (self_approval, kill_switch_active, ceiling_exceeded, …), reauthentication_required in live.
    """
    with tenant_tx(actor.tenant_id, readonly=True):
        row = queries.get_pending(actor, pending_id)
        if actor.is_person:
            require_fresh_factor(actor, row.environment, now=now)
        require_status(row, "pending")
    seen = read_now(row) if rights_of(actor, row).may_decide else Seen()
    with tenant_tx(actor.tenant_id):
        row, denial = _approve(row, actor, now=now, comment=comment, seen=seen)
    if denial is not None:
        raise ApprovalDeniedError(
            _("The gate denied the approval."),
            code=denial.reason,
            details={"reason": denial.reason, "detail": denial.detail},
        )
    return row


def _approve(
    row: PendingAction, actor: Actor, *, now: datetime, comment: str, seen: Seen
) -> tuple[PendingAction, Decision | None]:
    row = lock(row)
    require_status(row, "pending")
    case = _case(row, actor, now=now)
    if is_past(row, now, undo_window_s=case.state.undo_window_s):
        raise NotPendingError(_("The proposal has expired."), code="expired")
    row.not_reread, row.current = seen.failed, seen.values
    row.decision_comment = comment.strip()
    row.decided_by, row.decided_at = actor.id, now
    rights = rights_of(actor, row)
    gate = gate_input(
        case,
        stage="approve",
        approver_ok=rights.may_decide,
        in_chain=rights.in_chain,
        stands_behind=rights.stands_behind,
        proposer_is_person=row.proposer_kind == "user",
    )
    decision = decide(gate)
    if decision.answer is Answer.ALLOW and _has_moved(row, case, seen):
        return _conflict(row, actor, now=now), None
    verdict = effects.write_verdict(case, gate, decision)
    if decision.answer is Answer.DENY:
        _tell_denied(case, row, decision=decision, verdict=verdict)
        return row, decision
    _carry_out(row, case, verdict, seen=seen)
    tell(
        actor,
        row,
        "approval.approved",
        now=now,
        facts={"job_id": encode("job", verdict.id), "not_reread": row.not_reread},
        detail={"comment": row.decision_comment} if row.decision_comment else None,
    )
    return row, None


def _case(row: PendingAction, actor: Actor, *, now: datetime) -> Case:
    command = restore(row.command_kind, row.command)
    subject = subject_of(command, actor, now=now)
    state = queries.gate_state(row.business_id, row.campaign_id, environment=row.environment)
    case = Case(
        command=command,
        actor=actor,
        now=now,
        subject=subject,
        plan=plan_of(command, subject),
        state=state,
    )
    return with_headroom(case)


def _has_moved(row: PendingAction, case: Case, seen: Seen) -> bool:
    """Whether our row or the platform shows another value than the proposal was made on, or other
    content would be sent than was proposed.
    """
    if fingerprint(case.plan) != row.fingerprint:
        return True
    expected = case.plan.expects.get("values", {})
    return any(expected.get(name, value) != value for name, value in seen.values.items())


def _conflict(row: PendingAction, actor: Actor, *, now: datetime) -> PendingAction:
    row.status = "conflict"
    _save(row)
    settle_launch_state(row)
    tell(actor, row, "approval.conflict", now=now, detail={"current": row.current})
    return row


def _carry_out(row: PendingAction, case: Case, verdict: Verdict, *, seen: Seen) -> None:
    expects: dict[str, Any] = dict(case.plan.expects)
    if seen.targeting_digest and "targeting" in case.plan.after:
        values = {**expects.get("values", {}), "targeting_digest": seen.targeting_digest}
        expects = {
            "object_type": row.target_type,
            "object_id": str(row.target_id),
            "values": values,
        }
    dispatch = effects.carry_out(
        case,
        verdict,
        not_before=case.now + timedelta(seconds=case.state.undo_window_s),
        pending_action_id=row.id,
        expects=expects,
    )
    row.status = "approved" if dispatch is not None else "dispatched"
    row.dispatch_id = dispatch.id if dispatch is not None else None
    _save(row)


def _save(row: PendingAction) -> None:
    PendingAction.objects.filter(pk=row.pk).update(
        status=row.status,
        dispatch_id=row.dispatch_id,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_comment=row.decision_comment,
        not_reread=row.not_reread,
        current=row.current,
        version=F("version") + 1,
    )
    row.version += 1


def _tell_denied(case: Case, row: PendingAction, *, decision: Decision, verdict: Verdict) -> None:
    facts = {
        "reason": decision.reason,
        "detail": decision.detail,
        "pending_action_id": encode("pa", row.id),
    }
    public = encode("ver", verdict.id)
    effects.event(case, "ads.write.denied", {**facts, "verdict_id": public})
    effects.audit(case, "ads.write.denied", verdict_id=public, facts=facts)
