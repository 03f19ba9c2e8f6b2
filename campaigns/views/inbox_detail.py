"""One proposal, as the person who decides it needs to see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from campaigns import queries
from campaigns.domain.deciding import may_decide
from campaigns.domain.exposure import OVER_DELIVERY_PERCENT
from campaigns.models import Dispatch, PendingAction
from campaigns.views import words
from campaigns.views.ages import age, until
from campaigns.views.diff import diff_rows, signed
from core.actors import Actor, Role
from core.errors import NotFoundError
from core.ids import decode, encode
from core.money import display


@dataclass(frozen=True, slots=True)
class HeadRoom:
    """A ceiling, what of it is in use, and what would be after the change."""

    scope: str
    limit: str
    used: str
    after: str
    percent: int
    exceeded: bool


def detail_of(actor: Actor, action: PendingAction, *, now: datetime) -> dict[str, Any]:
    """Template context of one proposal. Needs the tenant's scope; a handful of queries."""
    state = queries.gate_state(action.business_id, action.campaign_id)
    return {
        "action": action,
        "public_id": encode("pa", action.pk),
        "business": action.business,
        "title": words.word(words.KINDS, action.command_kind),
        "axes": [words.word(words.AXES, axis) for axis in action.axes],
        "refusal": refusal(actor, action, killed=state.kill_engaged),
        **_change(action),
        **_state(action, now),
        **_origin(action, now),
    }


def _change(action: PendingAction) -> dict[str, Any]:
    """What it changes, what that can cost, how risky it is."""
    current = action.current or None
    return {
        "rows": diff_rows(action.before, action.after, currency=action.currency, current=current),
        "with_now": current is not None,
        "impact": _impact(action),
        "rooms": _head_room(action),
        "over_delivery": OVER_DELIVERY_PERCENT["meta"] - 100,
        "risk_word": words.word(words.RISKS, action.risk),
        "risk_reasons": [words.word(words.RISK_REASONS, code) for code in action.risk_reasons],
    }


def _state(action: PendingAction, now: datetime) -> dict[str, Any]:
    """Where it stands, and what can still be done."""
    dispatch = Dispatch.objects.filter(pk=action.dispatch_id).first()
    stale = action.status == "pending" and action.expires_at <= now
    status, tone = words.PENDING_STATUS["expired" if stale else action.status]
    return {
        "status_word": status,
        "status_tone": tone,
        "can_decide": action.status == "pending" and not stale,
        "expires": until(action.expires_at, now),
        "snoozed": bool(action.snoozed_until and action.snoozed_until > now),
        "dispatch": dispatch,
        "undo_until": _undo_until(action, dispatch, now),
        "decided_by": _person(action.decided_by),
    }


def _origin(action: PendingAction, now: datetime) -> dict[str, Any]:
    """Who proposed it, and the ids that lead to its evidence."""
    return {
        "proposer": words.word(words.ACTORS, action.proposer_kind),
        "age": age(action.created_at, now),
        "verdict": encode("ver", action.verdict_id),
        "job": encode("job", action.dispatch_id) if action.dispatch_id else "",
        "supersedes": encode("pa", action.supersedes_id) if action.supersedes_id else "",
        "campaign": encode("camp", action.campaign_id) if action.campaign_id else "",
    }


def refusal(actor: Actor, action: PendingAction, *, killed: bool) -> str:
    """Why this person cannot approve this proposal; empty when they can."""
    role, proposer = str(actor.role), action.proposer_kind
    if actor.id == action.proposer_id:
        return _("You proposed this yourself. Another person has to decide.")
    if not may_decide(is_person=True, role=role, has_scope=False, proposer_kind=proposer):
        if actor.role == Role.BUYER:
            return _("A buyer decides proposals of agents. An approver decides those of people.")
        return _("Your role reads the inbox; a buyer, approver, admin or owner decides.")
    if killed:
        return _("The kill switch is on: nothing can be approved until it is released.")
    return ""


def _impact(action: PendingAction) -> str:
    if not action.exposure_delta_micros or not action.currency:
        return ""
    return signed(action.exposure_delta_micros, action.currency)


def _head_room(action: PendingAction) -> list[HeadRoom]:
    rise = max(action.exposure_delta_micros, 0) if action.status == "pending" else 0
    rooms = []
    for ceiling in queries.ceiling_states(action.business_id, action.campaign_id):
        if (ceiling.currency, ceiling.environment) != (action.currency, action.environment):
            continue
        after = ceiling.used_micros + rise
        rooms.append(
            HeadRoom(
                scope=words.word(words.CEILING_SCOPES, ceiling.scope),
                limit=display(ceiling.limit_micros, action.currency),
                used=display(ceiling.used_micros, action.currency),
                after=display(after, action.currency),
                percent=min(100, after * 100 // max(1, ceiling.limit_micros)),
                exceeded=after > ceiling.limit_micros,
            )
        )
    return rooms


def _undo_until(action: PendingAction, dispatch: Dispatch | None, now: datetime) -> datetime | None:
    if action.status != "approved" or dispatch is None or dispatch.state != "ready":
        return None
    return dispatch.next_attempt_at if dispatch.next_attempt_at > now else None


def _person(public_id: str) -> str:
    try:
        user_id: UUID = decode("user", public_id)
    except NotFoundError:
        return public_id
    user = User.objects.filter(pk=user_id).first()
    return user.full_name if user else public_id
