"""The one way in: a command is planned, decided, recorded and carried out or queued."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Verdict
from accounts.services.idempotency import keyed
from billing.queries import campaign_limit, plan_for_another_campaign
from campaigns import spend
from campaigns.commands import Command, CreateCampaign
from campaigns.domain.authority import Answer, Decision, GateInput, decide
from campaigns.domain.operations import scopes_of
from campaigns.gateway import effects, proposals
from campaigns.gateway.effects import Case, axes_in_play, currency_of
from campaigns.gateway.outcome import APPLIED, DENIED, DISPATCHING, Outcome
from campaigns.gateway.plan import Plan, Subject
from campaigns.gateway.planning import plan_of
from campaigns.gateway.targets import subject_of
from campaigns.models import Campaign, Dispatch
from campaigns.queries import gate_state
from core.actors import Actor, ActorKind
from core.errors import ForbiddenError
from core.ids import encode

SCOPED = frozenset({ActorKind.API_KEY, ActorKind.OAUTH_APP, ActorKind.OPTIMIZER})


def submit(
    command: Command,
    *,
    actor: Actor,
    now: datetime,
    idempotency_key: str = "",
    rationale: str = "",
    rationale_source: str = "",
    locked: Campaign | None = None,
) -> Outcome:
    """Decide one command and carry it out, queue it or deny it, in one transaction. `locked` is the
    campaign where the caller's transaction has read it with its lock.

    A denial is returned, not raised, so that its Verdict commits. Raises NotFoundError for what
    the actor may not see, InvalidError naming the field, ConflictError (`duplicate_of` within the
    cool-down of a rejection, `archived`, …), ForbiddenError without the command's scope; then
    nothing is written. Locks: key, campaign (for a create the tenant), exposure, ceilings, audit
    head.
    """
    _check_scope(command, actor)
    with keyed(
        actor,
        route=f"command:{command.kind}",
        key=idempotency_key,
        body_digest=command.digest,
        now=now,
    ) as slot:
        if slot.replay:
            return Outcome.from_bytes(slot.replay.body)
        subject = subject_of(command, actor, now=now, locked=locked)
        outcome = _submit(command, actor, subject, why=(rationale, rationale_source))
        if not outcome.is_denied:
            slot.keep(200, outcome.as_bytes())
    return outcome


def _check_scope(command: Command, actor: Actor) -> None:
    needs = actor.kind in SCOPED or (actor.kind is ActorKind.USER and not actor.is_person)
    for scope in scopes_of(command.kind, command.payload()) if needs else ():
        if scope not in actor.scopes:
            raise ForbiddenError(
                _("The key lacks the scope %(scope)s.") % {"scope": scope},
                code="insufficient_scope",
                details={"required_scope": scope},
            )


def _submit(command: Command, actor: Actor, subject: Subject, *, why: tuple[str, str]) -> Outcome:
    found = _running_twin(command, subject, actor)
    if found is not None:
        return found
    case = _case(command, actor, subject)
    found = proposals.earlier(case)
    if found is not None:
        return found
    return _decide(with_headroom(case), why)


def _case(command: Command, actor: Actor, subject: Subject) -> Case:
    if subject.standing is not None:
        state = subject.standing.state
    else:
        business = subject.business
        state = gate_state(business.id, None, environment=business.environment)
    return Case(
        command=command,
        actor=actor,
        now=subject.now,
        subject=subject,
        plan=plan_of(command, subject),
        state=state,
    )


def propose_for(
    command: Command,
    *,
    actor: Actor,
    now: datetime,
    proposer: proposals.Proposer,
    why: tuple[str, str] = ("", ""),
) -> Outcome:
    """Queue a command again in the name of its first proposer, whatever the modes say now; a
    denial is returned, and so is a proposal that already stands for it. Runs in the caller's
    transaction.
    """
    case = _case(command, actor, subject_of(command, actor, now=now))
    found = proposals.open_twin(case, proposer)
    if found is not None:
        return found
    return _decide(with_headroom(case), why, proposer=proposer)


def with_headroom(case: Case) -> Case:
    """The case with its exposure and ceilings locked, where it touches what can be charged."""
    target = case.plan.exposure_target
    if target is None:
        return case
    return replace(case, room=spend.headroom(case.subject.parent, target, now=case.now))


def _running_twin(command: Command, subject: Subject, actor: Actor) -> Outcome | None:
    """The unfinished Dispatch of the same change by the same actor; a launch is one for all."""
    wanted = command.digest
    for dispatch in subject.open:
        same = dispatch.command_digest == wanted and dispatch.actor_id == actor.id
        launch = command.kind == "launch_campaign" == dispatch.command_kind
        if launch or same:
            return _twin_outcome(command, subject, dispatch)
    return None


def _twin_outcome(command: Command, subject: Subject, dispatch: Dispatch) -> Outcome:
    return Outcome(
        status=DISPATCHING,
        action=command.kind,
        target_type=dispatch.target_type,
        target_id=encode(effects.PREFIX[dispatch.target_type], dispatch.target_id),
        target_name=subject.node.name,
        campaign_id=encode("camp", dispatch.campaign_id),
        verdict_id=encode("ver", dispatch.id),
        job_id=encode("job", dispatch.id),
        currency=subject.parent.currency,
        duplicate=True,
    )


def gate_input(case: Case, *, stage: str, **approval: Any) -> GateInput:
    """Everything decide() may look at."""
    room, plan, state = case.room, case.plan, case.state
    return GateInput(
        stage=stage,
        kind=case.command.kind,
        axes=tuple(sorted(axes_in_play(case))),
        modes=dict(state.modes),
        is_person=case.actor.is_person,
        role=str(case.actor.role or ""),
        is_local=plan.is_local,
        kill_engaged=state.kill_engaged,
        actor_id=case.actor.id,
        target_id=case.target_id if not isinstance(case.command, CreateCampaign) else "",
        authority_version=state.authority_version,
        policy_version=state.policy_version,
        kill_epoch=state.kill_epoch,
        plan_limit_reached=_plan_limit_reached(case.command),
        rise_micros=room.rise_micros if room else 0,
        ceilings=room.states if room else (),
        read_back_stale=room.read_back_stale if room else False,
        four_eyes_micros=state.four_eyes_micros,
        is_suspended=case.actor.is_suspended,
        **approval,
    )


def _plan_limit_reached(command: Command) -> bool:
    if not isinstance(command, CreateCampaign):
        return False
    limit = campaign_limit()
    if limit is None:
        return False
    alive: int = Campaign.objects.exclude(status__in=["ARCHIVED", "DELETED"]).count()
    return alive >= limit


def _decide(
    case: Case, why: tuple[str, str], *, proposer: proposals.Proposer | None = None
) -> Outcome:
    gate = gate_input(case, stage="submit", is_review=proposer is not None)
    decision = decide(gate)
    verdict = effects.write_verdict(case, gate, decision)
    if decision.answer is Answer.DENY:
        return _deny(case, verdict, decision)
    superseded = proposals.supersede(case)
    if decision.answer is Answer.QUEUE:
        return proposals.queue(
            case, verdict, decision, why=why, superseded=superseded, proposer=proposer
        )
    return _allow(case, verdict, decision)


def _outcome(case: Case, verdict: Verdict, status: str, **parts: Any) -> Outcome:
    return Outcome(
        status=status,
        action=case.command.kind,
        target_type=case.plan.target_type,
        target_id=case.target_id,
        target_name=case.plan.target_name,
        campaign_id=encode("camp", case.campaign_id),
        verdict_id=encode("ver", verdict.id),
        axes=sorted(axes_in_play(case)),
        before=case.plan.before,
        after=case.plan.after,
        currency=currency_of(case),
        **parts,
    )


def _deny(case: Case, verdict: Verdict, decision: Decision) -> Outcome:
    detail = decision.detail
    if decision.reason == "plan_limit_reached":
        detail = plan_for_another_campaign()
    facts = {"reason": decision.reason, "detail": detail}
    public = encode("ver", verdict.id)
    effects.event(case, "ads.write.denied", {**facts, "verdict_id": public})
    effects.audit(case, "ads.write.denied", verdict_id=public, facts=facts)
    return _outcome(case, verdict, DENIED, reason=decision.reason, detail=detail)


def _allow(case: Case, verdict: Verdict, decision: Decision) -> Outcome:
    plan: Plan = case.plan
    public = encode("ver", verdict.id)
    dispatch = effects.carry_out(case, verdict, not_before=case.now)
    facts: dict[str, Any] = {"reason": decision.reason}
    if dispatch is not None:
        job = encode("job", dispatch.id)
        effects.audit(case, "ads.write.allowed", verdict_id=public, facts={**facts, "job_id": job})
        return _outcome(
            case,
            verdict,
            DISPATCHING,
            reason=decision.reason,
            job_id=job,
            created_id=case.created_id,
        )
    reason = "no_change" if plan.is_noop else decision.reason
    if not plan.is_noop:
        effects.event(case, plan.event, {"name": plan.target_name, **_fields(plan)})
    effects.audit(case, "ads.write.applied", verdict_id=public, facts={"reason": reason})
    return _outcome(case, verdict, APPLIED, reason=reason, created_id=case.created_id)


def _fields(plan: Plan) -> dict[str, Any]:
    return {"changed": sorted(plan.after)}
