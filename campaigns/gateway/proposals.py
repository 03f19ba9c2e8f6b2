"""Proposals: the rows that wait for a person."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import CharField, QuerySet, UUIDField
from django.utils.translation import gettext as _

from accounts.models import Verdict
from campaigns.domain.authority import Decision
from campaigns.domain.operations import OPERATIONS
from campaigns.domain.risk import assess
from campaigns.gateway import effects
from campaigns.gateway.effects import Case, axes_in_play, currency_of
from campaigns.gateway.outcome import DISPATCHING, PENDING, Outcome, iso
from campaigns.gateway.plan import Plan
from campaigns.models import Campaign, PendingAction
from campaigns.queries.gate import EARLIER
from core.canonical import digest
from core.compiled import Compiled
from core.errors import ConflictError, NotFoundError
from core.ids import decode, encode, new_uuid
from core.statements import insert


@dataclass(frozen=True, slots=True)
class Proposer:
    """In whose name a proposal stands."""

    kind: str
    id: str
    label: str
    chain: list[str]

    @classmethod
    def of(cls, row: PendingAction) -> "Proposer":
        return cls(row.proposer_kind, row.proposer_id, row.proposer_label, row.proposer_chain)


def fingerprint(plan: Plan) -> str:
    """What an approval is given for: the values that were, and all that would be sent."""
    return digest({"before": plan.before, "after": plan.after})


def earlier(case: Case) -> Outcome | None:
    """An open proposal of the same change by the same proposer, or its rejection within the
    cool-down (raises ConflictError). One whose content has changed since is another change.
    """
    if case.plan.is_local or case.plan.is_noop:
        return None
    if _is_first(case):
        return None
    rows = _EARLIER.rows(
        target_id=case.plan.target_id,
        proposer_id=case.actor.id,
        command_digest=case.command.digest,
    )
    since = case.now - timedelta(hours=case.state.cooldown_h)
    for row in rows:
        if row.status == "pending" and row.fingerprint != fingerprint(case.plan):
            continue
        if row.status != "rejected":
            return _pending_outcome(case, row, duplicate=True)
        decided = row.decided_at
        if decided is not None and decided > since and not case.actor.is_person:
            raise ConflictError(
                _("A person rejected this change; do not propose it again yet."),
                code="duplicate_of",
                details={
                    "duplicate_of": encode("pa", row.id),
                    "reason": row.decision_comment,
                    "retry_after": iso(decided + timedelta(hours=case.state.cooldown_h)),
                },
            )
    return None


def _is_first(case: Case) -> bool:
    """Whether it is known unasked that the actor has no earlier proposal of the change."""
    standing = case.subject.standing
    if standing is None or case.plan.target_id != case.subject.node.id:
        return False
    return not standing.has_earlier


def _earlier(**same: Any) -> Any:
    rows = PendingAction.objects.filter(**same, status__in=EARLIER)
    return rows.order_by("-created_at")


_EARLIER: Compiled[PendingAction] = Compiled(
    _earlier, target_id=UUIDField(), proposer_id=CharField(), command_digest=CharField()
)


def supersede(case: Case) -> PendingAction | None:
    """The proposal that this one replaces, closed; raises NotFoundError for a foreign one."""
    if not case.command.supersedes:
        return None
    key = decode("pa", case.command.supersedes)
    old: PendingAction | None = (
        PendingAction.objects.select_for_update(no_key=True)
        .filter(pk=key, target_id=case.plan.target_id)
        .first()
    )
    mine = old is not None and (case.actor.is_person or old.proposer_id == case.actor.id)
    if old is None or not mine:
        raise NotFoundError
    if old.status == "pending":
        _replace(case, old)
    elif old.status not in ("conflict", "expired", "dispatch_failed"):
        raise ConflictError(_("The proposal to replace is already decided."), code="not_pending")
    return old


def _replace(case: Case, old: PendingAction) -> None:
    old.status, old.decided_by, old.decided_at = "superseded", case.actor.id, case.now
    old.version += 1
    old.save(update_fields=["status", "decided_by", "decided_at", "version"])
    effects.event(case, "approval.superseded", {"pending_action_id": encode("pa", old.id)})


def open_twin(case: Case, proposer: Proposer) -> Outcome | None:
    """What became of the proposer's open proposal of the same change, unless what it was made on
    has moved since: then the new one replaces it.
    """
    row = _open_twin(case, proposer.id)
    if row is None or (row.status == "pending" and row.fingerprint != fingerprint(case.plan)):
        return None
    return _pending_outcome(case, row, duplicate=True)


def _open_twin(case: Case, proposer_id: str) -> PendingAction | None:
    rows: QuerySet[PendingAction] = PendingAction.objects.select_for_update(no_key=True).filter(
        target_id=case.plan.target_id,
        proposer_id=proposer_id,
        command_digest=case.command.digest,
        status__in=["pending", "approved"],
    )
    return rows.first()


def queue(
    case: Case,
    verdict: Verdict,
    decision: Decision,
    *,
    why: tuple[str, str],
    superseded: PendingAction | None,
    proposer: Proposer | None = None,
) -> Outcome:
    """Write the PendingAction of a queued command, with its event and audit row."""
    row = _pending_row(case, verdict, decision, why=why)
    if proposer is not None:
        row.proposer_kind, row.proposer_id = proposer.kind, proposer.id
        row.proposer_label, row.proposer_chain = proposer.label, proposer.chain
    if proposer is not None or not _is_first(case):
        stale = _open_twin(case, row.proposer_id)
        if stale is not None:
            _replace(case, stale)
            superseded = superseded or stale
    row.supersedes_id = superseded.id if superseded else None
    insert(row)
    if case.command.kind == "launch_campaign":
        Campaign.objects.filter(pk=case.campaign_id).update(effective_status="PENDING_APPROVAL")
    public, pending = encode("ver", verdict.id), encode("pa", row.id)
    effects.event(
        case,
        "approval.requested",
        {
            "pending_action_id": pending,
            "verdict_id": public,
            "risk": row.risk,
            "axes": row.axes,
            "expires_at": iso(row.expires_at),
        },
    )
    effects.audit(
        case,
        "approval.requested",
        verdict_id=public,
        facts={"pending_action_id": pending, "reason": decision.reason, "risk": row.risk},
        detail={"rationale": why[0]} if why[0] else None,
    )
    return _pending_outcome(case, row)


def _pending_row(
    case: Case, verdict: Verdict, decision: Decision, *, why: tuple[str, str]
) -> PendingAction:
    plan, actor = case.plan, case.actor
    risk, reasons = _risk(case, four_eyes=decision.reason == "four_eyes")
    return PendingAction(
        id=new_uuid(),
        tenant_id=actor.tenant_id,
        business=case.subject.business,
        environment=case.subject.business.environment,
        campaign_id=case.campaign_id,
        command_kind=case.command.kind,
        command=case.command.payload(),
        command_digest=case.command.digest,
        target_type=plan.target_type,
        target_id=plan.target_id,
        target_name=plan.target_name,
        axes=sorted(axes_in_play(case)),
        before=plan.before,
        after=plan.after,
        fingerprint=fingerprint(plan),
        rationale=why[0],
        rationale_source=why[1] or ("agent" if why[0] else ""),
        proposer_kind=actor.kind,
        proposer_id=actor.id,
        proposer_label=actor.label,
        proposer_chain=list(dict.fromkeys((actor.id, *actor.roots))),
        channel=actor.channel,
        risk=risk,
        risk_reasons=reasons,
        exposure_delta_micros=case.room.rise_micros if case.room else 0,
        currency=currency_of(case),
        verdict_id=verdict.id,
        group_id=case.command.group_id,
        expires_at=case.now + timedelta(hours=case.state.approval_expiry_h),
        created_at=case.now,
    )


def _risk(case: Case, *, four_eyes: bool) -> tuple[str, list[str]]:
    room = case.room
    left = [row.limit_micros - row.used_micros for row in room.ceilings] if room else []
    operation = OPERATIONS[case.command.kind]
    return assess(
        kind=case.command.kind,
        before=case.plan.before,
        after=case.plan.after,
        reversible=operation.reversible,
        stops=operation.stops,
        rise_micros=room.rise_micros if room else 0,
        headroom_micros=min(left) if left else None,
        four_eyes=four_eyes,
    )


def _pending_outcome(case: Case, row: PendingAction, *, duplicate: bool = False) -> Outcome:
    return Outcome(
        status=PENDING if row.status == "pending" else DISPATCHING,
        action=case.command.kind,
        target_type=row.target_type,
        target_id=case.target_id,
        target_name=row.target_name,
        campaign_id=encode("camp", case.campaign_id),
        verdict_id=encode("ver", row.verdict_id),
        pending_action_id=encode("pa", row.id),
        job_id=encode("job", row.dispatch_id) if row.dispatch_id else "",
        axes=list(row.axes),
        before=row.before,
        after=row.after,
        currency=row.currency,
        risk=row.risk,
        expires_at=iso(row.expires_at),
        duplicate=duplicate,
    )
