"""Rules at work: once a day for each object, through the gate, never twice."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from analytics.optimizer.domain.conditions import HOURS_A_DAY, Answer
from analytics.optimizer.models import Rule, RuleFiring
from analytics.optimizer.presenters import condition_of
from analytics.optimizer.queries import RULES_DUE
from analytics.optimizer.services.matching import Judged, command_for, judged_now, obstacle
from analytics.optimizer.services.owners import OwnerGoneError, TenantSuspendedError, actor_of
from analytics.optimizer.services.rules import stop_rule
from campaigns.commands import Command
from campaigns.gateway import Outcome, submit
from campaigns.queries import get_campaign
from core.actors import system_actor
from core.errors import AppError
from core.tenancy import tenant_tx

log = structlog.get_logger(__name__)
EVERY = timedelta(minutes=15)
REFUSED = "refused"
CHANGED = "cooling_down_or_changed"


def due_rules(now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, rule) of what is to be judged again."""
    return [(row["tenant_id"], row["id"]) for row in RULES_DUE.rows(now=now)]


def evaluate_rule(tenant_id: UUID, rule_id: UUID, *, now: datetime) -> dict[str, int]:
    """Judge every running object of a rule and submit its action for those that match; returns
    counts by what became of the objects, an empty dictionary where the rule is off.

    Call it outside a transaction: each firing is one of its own. Where the owner's authority has
    ended, the rule is switched off and nothing is submitted.
    """
    with tenant_tx(tenant_id):
        rule = Rule.objects.select_for_update(no_key=True).filter(pk=rule_id).first()
        if rule is None or not rule.is_active or not _may_act(rule, now=now):
            return {}
        judged = list(judged_now(rule, now=now))
    counts: Counter[str] = Counter()
    for one in judged:
        if not isinstance(one, Judged):
            counts[one[0]] += 1
        elif one.answer is Answer.MATCHED:
            counts[_fire(rule, one, now=now)] += 1
        else:
            counts[one.answer.value] += 1
    with tenant_tx(tenant_id):
        Rule.objects.filter(pk=rule_id).update(evaluated_at=now, last_result=dict(counts))
    return dict(counts)


def _may_act(rule: Rule, *, now: datetime) -> bool:
    """Whether the owner's authority holds; the rule is switched off where it has ended."""
    Rule.objects.filter(pk=rule.pk).update(next_evaluation_at=now + EVERY)
    try:
        actor_of(rule, now=now)
    except OwnerGoneError as error:
        actor = system_actor(rule.tenant_id, name="optimizer")
        stop_rule(rule, error.reason, actor=actor, now=now)
        log.info("rule_stopped", rule=str(rule.pk), reason=error.reason)
        return False
    except TenantSuspendedError:
        return False
    return not rule.business.is_archived


def _fire(seen: Rule, judged: Judged, *, now: datetime) -> str:
    try:
        with tenant_tx(seen.tenant_id):
            return _submit(seen, judged, now=now)
    except AppError as error:
        refusal = error
    with tenant_tx(seen.tenant_id):
        rule = _ready(seen, judged)
        command = None if rule is None else command_for(rule, judged.target)
        if rule is None or command is None:
            return CHANGED
        _record(rule, judged, command, now=now, outcome=REFUSED, reason=refusal.code[:60])
    return REFUSED


def _submit(seen: Rule, judged: Judged, *, now: datetime) -> str:
    """Look at rule, owner and object again under their locks, then ask the gate."""
    rule = _ready(seen, judged)
    if rule is None:
        return CHANGED
    try:
        actor = actor_of(rule, now=now)
    except (OwnerGoneError, TenantSuspendedError):
        return CHANGED
    campaign = get_campaign(actor, judged.target.campaign.pk, lock=True)
    if obstacle(rule, campaign):
        return CHANGED
    command = command_for(rule, replace(judged.target, campaign=campaign))
    if command is None:
        return "at_limit"
    outcome: Outcome = submit(
        command,
        actor=actor,
        now=now,
        rationale=_why(rule, judged),
        rationale_source="rule",
        locked=campaign if judged.target.type == "campaign" else None,
    )
    _record(
        rule,
        judged,
        command,
        now=now,
        outcome=outcome.status,
        reason=outcome.reason,
        verdict_id=outcome.verdict_id,
        pending_action_id=outcome.pending_action_id,
        job_id=outcome.job_id,
    )
    return outcome.status


def _ready(seen: Rule, judged: Judged) -> Rule | None:
    """The rule with its lock; None where it was changed since, or rests on the object."""
    rows = Rule.objects.select_for_update(no_key=True).filter(pk=seen.pk, is_active=True)
    rule: Rule | None = rows.filter(updated_at=seen.updated_at).first()
    return None if rule is None or _rests(rule, judged) else rule


def _rests(rule: Rule, judged: Judged) -> bool:
    """Whether the rule acted on the object within its cooldown, in days of the ad account."""
    wait = timedelta(days=rule.cooldown_hours // HOURS_A_DAY)
    rows = RuleFiring.objects.filter(rule=rule, target_id=judged.target.id)
    return bool(rows.filter(day__gt=judged.day - wait).exists())


def _record(
    rule: Rule, judged: Judged, command: Command, *, now: datetime, outcome: str, **said: Any
) -> None:
    RuleFiring.objects.create(
        tenant_id=rule.tenant_id,
        rule=rule,
        campaign_id=judged.target.campaign.pk,
        target_type=judged.target.type,
        target_id=judged.target.id,
        day=judged.day,
        evidence=judged.evidence(condition_of(rule)),
        command_kind=command.kind,
        command=command.payload(),
        outcome=outcome,
        created_at=now,
        **said,
    )


def _why(rule: Rule, judged: Judged) -> str:
    """One sentence for whoever decides the proposal."""
    evidence = judged.evidence(condition_of(rule))
    return (
        f"{rule.name}: {rule.metric} {evidence['value']} from {evidence['from']} to "
        f"{evidence['to']} ({evidence['n']} {evidence['n_of']})"
    )
