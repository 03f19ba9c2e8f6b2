"""Authority and policy: versioned rows, changed by owners and admins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.services.evidence import record_audit
from accounts.services.factors import require_fresh_factor
from campaigns import queries
from campaigns.domain.loosening import RULES, looser_modes, looser_rules
from campaigns.domain.words import Axis, Mode
from campaigns.models import Authority, BusinessPolicy, Campaign, PolicyChange
from campaigns.services import second_person
from campaigns.services.access import business_of, require_governor
from core.actors import Actor
from core.errors import InvalidError
from core.ids import encode
from core.tenancy import tenant_tx

MAX_UNDO_S = 3600
MAX_EXPIRY_H = 24 * 30
MAX_COOLDOWN_H = 24 * 30


def set_authority(
    business_id: UUID | str,
    *,
    actor: Actor,
    now: datetime,
    modes: Mapping[str, str],
    campaign_id: str = "",
) -> Authority | PolicyChange:
    """Write a new version of the modes of a business, or of one campaign.

    Axes that `modes` leaves out keep their mode. Raises ForbiddenError; in live an axis turned to
    auto needs a fresh second factor. Where the business asks for a second person, only the axes
    that tighten are written; the others are returned as the change that waits. The business's row
    is locked.
    """
    require_governor(actor)
    with tenant_tx(actor.tenant_id):
        business = locked(business_of(actor, business_id))
        campaign = queries.get_campaign(actor, campaign_id) if campaign_id else None
        current = modes_of(business, campaign)
        wanted = _checked(modes, current)
        if any(wanted[axis] == Mode.AUTO != current[axis] for axis in wanted):
            require_fresh_factor(actor, business.environment, now=now)
        loose = looser_modes(current, wanted) if second_person.asked_by(business) else {}
        if not loose:
            return write_authority(business, campaign, wanted, actor=actor, now=now)
        kept = {axis: current[axis] for axis in loose}
        if wanted | kept != current:
            write_authority(business, campaign, wanted | kept, actor=actor, now=now)
        return second_person.hold(
            business,
            kind="authority",
            target_id=_target(business, campaign),
            before=kept,
            after=loose,
            actor=actor,
            now=now,
        )


def modes_of(business: Business, campaign: Campaign | None) -> dict[str, str]:
    """The modes in force."""
    key = campaign.id if campaign else None
    return dict(queries.gate_state(business.id, key, environment=business.environment).modes)


def _target(business: Business, campaign: Campaign | None) -> str:
    return encode("camp", campaign.id) if campaign else encode("biz", business.id)


def write_authority(
    business: Business,
    campaign: Campaign | None,
    modes: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> Authority:
    """The new version and its audit row, in the caller's transaction with the business locked."""
    before = modes_of(business, campaign)
    rows = Authority.objects.filter(business=business, campaign=campaign)
    row = Authority(
        tenant_id=actor.tenant_id,
        business=business,
        campaign=campaign,
        version=_next_version(rows),
        created_by=actor.id,
        created_at=now,
        **modes,
    )
    rows.filter(is_current=True).update(is_current=False)
    Authority.objects.bulk_create([row])
    record_audit(
        actor,
        "authority.changed",
        now=now,
        target_type="campaign" if campaign else "business",
        target_id=_target(business, campaign),
        business_id=business.id,
        facts={"version": row.version, "before": before, "after": dict(modes)},
    )
    return row


def _checked(modes: Mapping[str, str], current: Mapping[str, str]) -> dict[str, str]:
    axes = {axis.value for axis in Axis}
    for axis, mode in modes.items():
        if axis not in axes:
            raise InvalidError(_("There is no such axis."), field=axis)
        if mode not in {one.value for one in Mode}:
            raise InvalidError(_("A mode is off, draft or auto."), field=axis)
    return {axis: modes.get(axis, current[axis]) for axis in sorted(axes)}


def locked(business: Business) -> Business:
    """Versions of one business are numbered one after the other."""
    Business.objects.select_for_update(no_key=True).only("id").get(pk=business.pk)
    return business


def _next_version(rows: QuerySet[Authority] | QuerySet[BusinessPolicy]) -> int:
    return 1 + (rows.aggregate(last=Max("version"))["last"] or 0)


def set_policy(
    business_id: UUID | str,
    *,
    actor: Actor,
    now: datetime,
    undo_window_s: int | None = None,
    approval_expiry_h: int | None = None,
    cooldown_h: int | None = None,
    four_eyes_micros: int | None = None,
    clear_four_eyes: bool = False,
    ask_second_person: bool | None = None,
) -> BusinessPolicy | PolicyChange:
    """Write a new version of how a business decides; None keeps a value.

    Raises ForbiddenError, InvalidError naming the field. Raising or dropping the four-eyes amount
    and doing without the second person need a fresh second factor in live. Where the business asks
    for a second person, only the rules that tighten are written; the others are returned as the
    change that waits.
    """
    require_governor(actor)
    _check_ranges(undo_window_s, approval_expiry_h, cooldown_h)
    given = {
        "undo_window_s": undo_window_s,
        "approval_expiry_h": approval_expiry_h,
        "cooldown_h": cooldown_h,
        "four_eyes_micros": four_eyes_micros,
        "second_person": ask_second_person,
    }
    with tenant_tx(actor.tenant_id):
        business = locked(business_of(actor, business_id))
        current = rules_of(business)
        wanted = current | {name: value for name, value in given.items() if value is not None}
        if clear_four_eyes:
            wanted["four_eyes_micros"] = None
        loose = looser_rules(current, wanted)
        if loose.keys() & {"four_eyes_micros", "second_person"}:
            require_fresh_factor(actor, business.environment, now=now)
        if wanted["second_person"] and not current["second_person"]:
            second_person.require_two(business)
        if not (loose and second_person.asked_by(business)):
            return write_policy(business, wanted, actor=actor, now=now)
        kept = {name: current[name] for name in loose}
        if wanted | kept != current:
            write_policy(business, wanted | kept, actor=actor, now=now)
        return second_person.hold(
            business,
            kind="rules",
            target_id=_target(business, None),
            before=kept,
            after=loose,
            actor=actor,
            now=now,
        )


def rules_of(business: Business) -> dict[str, Any]:
    """The rules in force, by the names of `campaigns.domain.loosening.RULES`."""
    state = queries.gate_state(business.id, None, environment=business.environment)
    rules: dict[str, Any] = {name: getattr(state, name) for name in RULES if name != _ASKS}
    asks = BusinessPolicy.objects.filter(business=business, is_current=True, second_person=True)
    return rules | {_ASKS: asks.exists()}


_ASKS = "second_person"


def write_policy(
    business: Business, rules: Mapping[str, Any], *, actor: Actor, now: datetime
) -> BusinessPolicy:
    """The new version and its audit row, in the caller's transaction with the business locked."""
    rows = BusinessPolicy.objects.filter(business=business)
    row = BusinessPolicy(
        tenant_id=actor.tenant_id,
        business=business,
        version=_next_version(rows),
        created_by=actor.id,
        created_at=now,
        **rules,
    )
    rows.filter(is_current=True).update(is_current=False)
    BusinessPolicy.objects.bulk_create([row])
    record_audit(
        actor,
        "policy.changed",
        now=now,
        target_type="business",
        target_id=encode("biz", business.id),
        business_id=business.id,
        facts={"version": row.version, **rules},
    )
    return row


def _check_ranges(undo: int | None, expiry: int | None, cooldown: int | None) -> None:
    limits = (
        ("undo_window_s", undo, 0, MAX_UNDO_S),
        ("approval_expiry_h", expiry, 1, MAX_EXPIRY_H),
        ("cooldown_h", cooldown, 0, MAX_COOLDOWN_H),
    )
    for name, value, least, most in limits:
        if value is not None and not least <= value <= most:
            raise InvalidError(
                _("Must be from %(least)s to %(most)s.") % {"least": least, "most": most},
                field=name,
            )
