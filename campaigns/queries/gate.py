"""What the gate reads: one statement for everything that governs a campaign."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    F,
    IntegerField,
    Q,
    QuerySet,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from accounts.models import Business, Verdict
from campaigns.domain.authority import (
    ENGINE_VERSION,
    CeilingState,
    Decision,
    GateInput,
    GateState,
    decide,
    still_allowed,
)
from campaigns.domain.words import Axis, Mode
from campaigns.models import (
    Authority,
    BusinessPolicy,
    Campaign,
    Dispatch,
    KillSwitch,
    PendingAction,
    SpendCeiling,
)
from campaigns.models.actions import OPEN_DISPATCH
from core.compiled import Compiled

DEFAULT_COOLDOWN_H = 24
EARLIER = ("pending", "approved", "rejected")  # of these statuses a proposal is not made anew
_NO_LIMIT = -1
_WIDE = BigIntegerField()


def default_modes(environment: str) -> dict[str, str]:
    """The modes of a business nobody has set any for: draft in live, auto in test."""
    mode = Mode.DRAFT if environment == "live" else Mode.AUTO
    return {axis.value: mode.value for axis in Axis}


def _row(source: QuerySet[Any], part: str, *columns: Any) -> QuerySet[Any]:
    """Seven aligned columns: part, three texts, four numbers."""
    named = {f"u{index}": column for index, column in enumerate((Value(part), *columns))}
    rows: QuerySet[Any] = source.order_by().annotate(**named).values_list(*named)
    return rows


def _text(name: str = "") -> Any:
    return Cast(F(name), CharField()) if name else Value("", output_field=CharField())


def _number(name: str = "", default: int = 0) -> Any:
    if not name:
        return Value(default, output_field=_WIDE)
    return Coalesce(Cast(F(name), _WIDE), Value(default, output_field=_WIDE))


def _policies(business_id: Any, campaign_id: Any = None, **asked: Any) -> Any:
    own = Q(business_id=business_id, campaign=None)
    if campaign_id is not None:
        own |= Q(campaign_id=campaign_id)
    authority = _row(
        Authority.objects.filter(own, is_current=True).annotate(
            is_own=Case(When(campaign=None, then=Value(0)), default=Value(1))
        ),
        "authority",
        _text("creative"),
        _text("tactical"),
        _text("structural"),
        _number("version"),
        _number("is_own"),
        _number(),
        _number(),
        _number(),
    )
    policy = _row(
        BusinessPolicy.objects.filter(business_id=business_id, is_current=True),
        "policy",
        _text(),
        _text(),
        _text(),
        _number("version"),
        _number("undo_window_s"),
        _number("approval_expiry_h"),
        _number("cooldown_h"),
        _number("four_eyes_micros", _NO_LIMIT),
    )
    kill = _row(
        KillSwitch.objects.filter(business_id=business_id).annotate(
            engaged=Cast("is_engaged", IntegerField())
        ),
        "kill",
        _text(),
        _text(),
        _text(),
        _number("epoch"),
        _number("engaged"),
        _number(),
        _number(),
        _number(),
    )
    return authority.union(policy, kill, *_same(campaign_id, **asked), all=True)


def _same(campaign_id: Any, **asked: Any) -> list[QuerySet[Any]]:
    """Rows that say that there is something open on the campaign, or an earlier proposal."""
    nothing = (_text(), _text(), _text(), *(_number() for _ in range(5)))
    if not asked:
        return []
    unfinished = Dispatch.objects.filter(campaign_id=campaign_id, state__in=OPEN_DISPATCH)
    earlier = PendingAction.objects.filter(**asked, status__in=EARLIER)
    return [_row(unfinished, "open", *nothing), _row(earlier, "earlier", *nothing)]


_POLICIES: Compiled[tuple[Any, ...]] = Compiled(
    _policies,
    business_id=UUIDField(),
    campaign_id=UUIDField(),
    target_id=UUIDField(),
    proposer_id=CharField(),
    command_digest=CharField(),
)


def _policy_rows(**asked: Any) -> dict[str, tuple[Any, ...]]:
    rows: dict[str, tuple[Any, ...]] = {}
    for part, *values in _POLICIES.rows(**asked):
        name = "own" if part == "authority" and values[4] else part
        rows[name] = tuple(values)
    return rows


def gate_state(
    business_id: UUID,
    campaign_id: UUID | None,
    *,
    environment: str = "",
    ceilings: tuple[CeilingState, ...] = (),
) -> GateState:
    """What governs a campaign of a business now, in one statement; `environment` spares one more.

    `ceilings` are those the caller has read under lock; `ceiling_states` reads them for display.
    """
    if not environment:
        environment = Business.objects.values_list("environment", flat=True).get(pk=business_id)
    narrower = {} if campaign_id is None else {"campaign_id": campaign_id}
    return _state(_policy_rows(business_id=business_id, **narrower), environment, ceilings)


@dataclass(frozen=True, slots=True)
class Standing:
    """What governs a locked campaign, and whether anything like the command is there already."""

    state: GateState
    has_open: bool
    has_earlier: bool


def standing(campaign: Campaign, *, target_id: UUID, proposer_id: str, digest: str) -> Standing:
    """`gate_state` of a campaign in the same statement as: has it unfinished Dispatches, and has
    the proposer's command an earlier proposal on the target?
    """
    rows = _policy_rows(
        business_id=campaign.business_id,
        campaign_id=campaign.id,
        target_id=target_id,
        proposer_id=proposer_id,
        command_digest=digest,
    )
    return Standing(_state(rows, campaign.environment), "open" in rows, "earlier" in rows)


def _state(
    rows: dict[str, tuple[Any, ...]], environment: str, ceilings: tuple[CeilingState, ...] = ()
) -> GateState:
    authority = rows.get("own") or rows.get("authority")
    modes = default_modes(environment)
    if authority:
        modes = dict(zip(("creative", "tactical", "structural"), authority[:3], strict=True))
    policy, kill = rows.get("policy"), rows.get("kill")
    undo, expiry = settings.UNDO_WINDOW_S, settings.APPROVAL_EXPIRY_H
    return GateState(
        modes=modes,
        authority_version=authority[3] if authority else 0,
        policy_version=policy[3] if policy else 0,
        kill_engaged=bool(kill[4]) if kill else False,
        kill_epoch=kill[3] if kill else 0,
        undo_window_s=policy[4] if policy else undo,
        approval_expiry_h=policy[5] if policy else expiry,
        cooldown_h=policy[6] if policy else DEFAULT_COOLDOWN_H,
        four_eyes_micros=policy[7] if policy and policy[7] != _NO_LIMIT else None,
        ceilings=ceilings,
    )


def ceiling_states(business_id: UUID, campaign_id: UUID | None) -> list[SpendCeiling]:
    """The ceilings of a business, of one of its campaigns and of the tenant, for display."""
    keys = [f"action:{business_id}", f"business:{business_id}", "tenant"]
    if campaign_id is not None:
        keys.append(f"campaign:{campaign_id}")
    return list(SpendCeiling.objects.filter(scope_key__in=keys).order_by("scope", "currency"))


def refusal_at_claim(dispatch: Dispatch) -> str:
    """Why an intent may no longer be sent, from rows read in this transaction; "" while it may."""
    state = gate_state(dispatch.business_id, dispatch.campaign_id, environment=dispatch.environment)
    return still_allowed(state, dispatch)


def replay_verdict(verdict: Verdict) -> Decision:
    """What the engine answers to a Verdict's recorded input; raises LookupError where the input
    was made by another engine version.
    """
    if verdict.engine_version != ENGINE_VERSION:
        raise LookupError(f"engine {verdict.engine_version}")
    return decide(GateInput.from_json(verdict.input))


def expiry(state: GateState, now: datetime) -> datetime:
    """When a proposal made now is no longer decidable."""
    return now + timedelta(hours=state.approval_expiry_h)
