"""What an allowed command writes, and what every decision leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Model

from accounts.models import Verdict
from accounts.services.evidence import emit, record_audit, record_verdict
from campaigns import spend
from campaigns.commands import Command
from campaigns.dispatch.intents import open_dispatch
from campaigns.domain.authority import ENGINE_VERSION, Decision, GateInput, GateState
from campaigns.gateway.plan import Plan, Subject
from campaigns.models import Ad, AdSet, Campaign, Creative, Dispatch, SpendExposure
from campaigns.models.tree import TreeNode
from core.actors import Actor
from core.canonical import digest
from core.ids import encode, new_uuid

PREFIX = {"campaign": "camp", "ad_set": "aset", "ad": "ad"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One command before the gate: who, what, on what, under which rules."""

    command: Command
    actor: Actor
    now: datetime
    subject: Subject
    plan: Plan
    state: GateState
    room: spend.Headroom | None = None

    @property
    def target_id(self) -> str:
        return encode(PREFIX[self.plan.target_type], self.plan.target_id)

    @property
    def campaign_id(self) -> UUID:
        return self.subject.campaign.id if self.subject.campaign else self.plan.target_id

    @property
    def created_id(self) -> str:
        """Public id of the object the command makes; "" for changes."""
        made = [row for row in self.plan.rows if isinstance(row, Campaign | AdSet | Ad)]
        if not made or not self.command.kind.startswith("create_"):
            return ""
        return encode(PREFIX[self.command.target_type], made[-1].pk)


def axes_in_play(case: Case) -> frozenset[str]:
    """The axes of the fields that really change; none for what is already as wanted."""
    if case.plan.is_noop:
        return frozenset()
    return frozenset(axis.value for axis in case.command.changed_axes)


def currency_of(case: Case) -> str:
    """The currency the case is priced in."""
    campaign = case.subject.campaign
    return campaign.currency if campaign else case.subject.business.currency


def write_verdict(case: Case, gate: GateInput, decision: Decision) -> Verdict:
    """The recorded answer; its id is the id of the Dispatch it allows."""
    value = gate.as_json()
    return record_verdict(
        Verdict(
            id=new_uuid(),
            tenant_id=case.actor.tenant_id,
            business_id=case.subject.business.id,
            decision=decision.answer,
            reason=decision.reason,
            command_kind=case.command.kind,
            target_id=case.target_id,
            actor_id=case.actor.id,
            input=value,
            input_digest=digest(value),
            policy_version=case.state.policy_version,
            engine_version=ENGINE_VERSION,
            created_at=case.now,
        )
    )


def carry_out(
    case: Case,
    verdict: Verdict,
    *,
    not_before: datetime,
    pending_action_id: UUID | None = None,
    expects: Mapping[str, Any] | None = None,
) -> Dispatch | None:
    """Write what an allowed command writes: new rows, local changes, and where the platform is
    concerned the Dispatch with its reservation. Returns the Dispatch, None where nothing is sent.
    """
    _insert(case.plan.rows)
    for change in case.plan.changes:
        values = dict(change.values)
        if issubclass(change.model, TreeNode):
            values |= {"updated_at": case.now, "version": F("version") + 1}
        change.model._default_manager.filter(pk=change.pk).update(**values)
    if not case.plan.steps:
        return None
    operation = case.command.operation
    dispatch = open_dispatch(
        verdict=verdict,
        actor=case.actor,
        command_kind=case.command.kind,
        command=case.command.payload(),
        command_digest=case.command.digest,
        campaign=case.subject.parent,
        target_type=case.plan.target_type,
        target_id=case.plan.target_id,
        steps=case.plan.steps,
        expects=case.plan.expects if expects is None else expects,
        not_before=not_before,
        now=case.now,
        pending_action_id=pending_action_id,
        survives_kill=operation.stops and case.actor.is_person,
        kill_epoch=case.state.kill_epoch,
    )
    if case.room is not None:
        spend.reserve(case.room, dispatch_id=dispatch.id, now=case.now)
    return dispatch


_ORDER: tuple[type[Model], ...] = (Campaign, SpendExposure, AdSet, Creative, Ad)


def _insert(rows: tuple[Model, ...]) -> None:
    for model in _ORDER:
        batch = [row for row in rows if isinstance(row, model)]
        if batch:
            model._default_manager.bulk_create(batch)


def event(case: Case, event_type: str, extra: Mapping[str, Any]) -> None:
    """One outbox event about the case."""
    payload = {
        "campaign_id": encode("camp", case.campaign_id),
        "business_id": encode("biz", case.subject.business.id),
        f"{case.command.target_type}_id": case.created_id or case.target_id,
        "command": case.command.kind,
        **extra,
    }
    emit(
        event_type,
        payload,
        tenant_id=case.actor.tenant_id,
        environment=case.subject.business.environment,
        now=case.now,
        business_id=case.subject.business.id,
        target_id=case.created_id or case.target_id,
    )


def audit(
    case: Case,
    event_type: str,
    *,
    verdict_id: str,
    facts: Mapping[str, Any],
    detail: Mapping[str, Any] | None = None,
) -> None:
    """The audit row, last in the transaction: it locks the chain's head."""
    record_audit(
        case.actor,
        event_type,
        now=case.now,
        target_type=case.plan.target_type,
        target_id=case.target_id,
        business_id=case.subject.business.id,
        verdict_id=verdict_id,
        facts={"command": case.command.kind, **facts},
        detail={"before": case.plan.before, "after": case.plan.after, **(detail or {})},
    )
