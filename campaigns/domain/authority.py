"""The gate's decision, as a pure function of a recorded input.

Everything decide() looks at is in GateInput, which is stored with every Verdict as canonical JSON:
whoever replays it gets the same answer. Raise ENGINE_VERSION when an answer may change.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Protocol

from campaigns.domain.operations import OPERATIONS, axes_of
from campaigns.domain.words import Mode

ENGINE_VERSION = 1
EDITING_ROLES = frozenset({"owner", "admin", "buyer"})
PERSON_ONLY = frozenset({"stop_delivery", "restore_delivery", "remove_remains"})
_BUDGETS = frozenset({"set_daily_budget", "set_lifetime_budget"})


class Answer(StrEnum):
    ALLOW = "allow"
    QUEUE = "queue"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and why: a denial reason, what made it wait, or what let it through."""

    answer: Answer
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CeilingState:
    """A spend ceiling as read under its lock; `used_micros` is 0 for the scope `action`."""

    scope: str
    limit_micros: int
    used_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    """What governs one campaign now: modes per axis, kill switch, timings, ceilings."""

    modes: Mapping[str, str]
    authority_version: int = 0
    policy_version: int = 0
    kill_engaged: bool = False
    kill_epoch: int = 0
    undo_window_s: int = 30
    approval_expiry_h: int = 72
    cooldown_h: int = 24
    four_eyes_micros: int | None = None
    ceilings: tuple[CeilingState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateInput:
    """Ids, enums, integers and booleans only.

    `stage` is submit or approve. At approve the actor is the decider, `approver_ok` says that the
    decider is a person or holds the granted scope, `in_chain` that the decider stands in the
    proposer's chain, `stands_behind` that the proposer's credential descends from the decider: a
    person may decide what their own agent wants, except where two people must. `is_review` asks
    for a person whatever the modes say. `rise_micros` is the added exposure, 0 where it stays or
    falls.
    """

    stage: str
    kind: str
    axes: tuple[str, ...]
    modes: Mapping[str, str]
    is_person: bool
    role: str
    is_local: bool
    kill_engaged: bool
    actor_id: str
    target_id: str
    authority_version: int = 0
    policy_version: int = 0
    kill_epoch: int = 0
    is_partner: bool = False
    partner_writes: bool = False
    plan_limit_reached: bool = False
    rise_micros: int = 0
    ceilings: tuple[CeilingState, ...] = ()
    read_back_stale: bool = False
    four_eyes_micros: int | None = None
    proposer_is_person: bool = False
    approver_ok: bool = False
    in_chain: bool = False
    stands_behind: bool = False
    is_review: bool = False
    is_suspended: bool = False

    def as_json(self) -> dict[str, Any]:
        """Canonical JSON value; `from_json` restores an equal input."""
        value = {one.name: getattr(self, one.name) for one in fields(self)}
        value["axes"] = list(self.axes)
        value["ceilings"] = [asdict(ceiling) for ceiling in self.ceilings]
        value["modes"] = dict(self.modes)
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "GateInput":
        """The input of a stored Verdict."""
        parts = dict(value)
        parts["axes"] = tuple(parts["axes"])
        parts["ceilings"] = tuple(CeilingState(**item) for item in parts["ceilings"])
        return cls(**parts)


def decide(gate: GateInput) -> Decision:
    """Deny, queue or allow; the first rule that speaks wins."""
    denial = _denial(gate)
    if denial is not None:
        return denial
    if gate.is_local or OPERATIONS[gate.kind].delivery:
        return Decision(Answer.ALLOW, "local" if gate.is_local else "kill_switch")
    if gate.stage == "approve":
        return Decision(Answer.ALLOW, "approved")
    if gate.is_review:
        return Decision(Answer.QUEUE, "proposed_again")
    if _needs_second(gate):
        return Decision(Answer.QUEUE, "four_eyes")
    if gate.is_person:
        return Decision(Answer.ALLOW, "person")
    drafts = [axis for axis in gate.axes if gate.modes[axis] != Mode.AUTO]
    if drafts:
        return Decision(Answer.QUEUE, "authority_axis_draft", ",".join(drafts))
    return Decision(Answer.ALLOW, "authority_axis_auto")


def _needs_second(gate: GateInput) -> bool:
    return gate.four_eyes_micros is not None and gate.rise_micros > gate.four_eyes_micros


def _denial(gate: GateInput) -> Decision | None:
    for rule in (_killed, _suspended, _role, _partner, _plan, _self_approval, _axis_off, _ceiling):
        denial = rule(gate)
        if denial is not None:
            return denial
    return None


def _deny(reason: str, detail: str = "") -> Decision:
    return Decision(Answer.DENY, reason, detail)


def _killed(gate: GateInput) -> Decision | None:
    if not gate.kill_engaged or gate.kind == "stop_delivery":
        return None
    if gate.stage == "submit" and gate.is_person and OPERATIONS[gate.kind].stops:
        return None
    return _deny("kill_switch_active")


def _suspended(gate: GateInput) -> Decision | None:
    """People of a suspended tenant may stop and lower, nothing else."""
    operation = OPERATIONS[gate.kind]
    lowers = gate.kind in _BUDGETS and gate.rise_micros <= 0
    if not gate.is_suspended or operation.stops or operation.delivery:
        return None
    return None if lowers and gate.stage == "submit" else _deny("policy_refused", "suspended")


def _role(gate: GateInput) -> Decision | None:
    if gate.stage == "approve":
        return None if gate.approver_ok else _deny("policy_refused", "may_not_decide")
    if gate.is_review:
        return None
    if gate.is_person and gate.role not in EDITING_ROLES and not OPERATIONS[gate.kind].delivery:
        return _deny("policy_refused", "role")
    if not gate.is_person and gate.kind in PERSON_ONLY:
        return _deny("policy_refused", "person_only")
    return None


def _partner(gate: GateInput) -> Decision | None:
    if gate.is_partner and not gate.partner_writes:
        return _deny("partner_writes_disabled")
    return None


def _plan(gate: GateInput) -> Decision | None:
    return _deny("plan_limit_reached") if gate.plan_limit_reached else None


def _self_approval(gate: GateInput) -> Decision | None:
    if gate.stage != "approve":
        return None
    if gate.in_chain:
        return _deny("self_approval")
    return (
        _deny("self_approval", "four_eyes") if gate.stands_behind and _needs_second(gate) else None
    )


def _axis_off(gate: GateInput) -> Decision | None:
    free = gate.proposer_is_person if gate.stage == "approve" else gate.is_person
    if free or gate.is_local or OPERATIONS[gate.kind].delivery:
        return None
    off = [axis for axis in gate.axes if gate.modes[axis] == Mode.OFF]
    return _deny("authority_axis_off", ",".join(off)) if off else None


def _ceiling(gate: GateInput) -> Decision | None:
    if gate.rise_micros <= 0 or gate.is_local or not gate.ceilings:
        return None
    for ceiling in gate.ceilings:
        if ceiling.used_micros + gate.rise_micros > ceiling.limit_micros:
            return _deny("ceiling_exceeded", ceiling.scope)
    if gate.read_back_stale and any(ceiling.scope != "action" for ceiling in gate.ceilings):
        return _deny("ceiling_exceeded", "read_back_stale")
    return None


class Intent(Protocol):
    """What the re-check at claim reads of a Dispatch."""

    command_kind: str
    command: Mapping[str, Any]
    actor_kind: str
    pending_action_id: Any
    survives_kill: bool
    kill_epoch: int


def still_allowed(state: GateState, intent: Intent) -> str:
    """Why the intent may no longer be sent; an empty text while it may.

    An intent written before a kill keeps its old epoch and stays refused after the release until
    it has been decided afresh.
    """
    if not intent.survives_kill and (state.kill_engaged or intent.kill_epoch != state.kill_epoch):
        return "kill_switch_active"
    decided_by_person = intent.actor_kind == "user" or intent.pending_action_id is not None
    if decided_by_person or OPERATIONS[intent.command_kind].delivery:
        return ""
    axes = axes_of(intent.command_kind, intent.command)
    if any(state.modes[axis] != Mode.AUTO for axis in axes):
        return "authority_axis_off"
    return ""
