"""Authority and policy: versioned rows, changed by owners and admins."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.services.evidence import record_audit
from accounts.services.factors import require_fresh_factor
from campaigns import queries
from campaigns.domain.words import Axis, Mode
from campaigns.models import Authority, BusinessPolicy
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
) -> Authority:
    """Write a new version of the modes of a business, or of one campaign.

    Axes that `modes` leaves out keep their mode. Raises ForbiddenError; in live an axis turned to
    auto needs a fresh second factor. The business's row is locked.
    """
    require_governor(actor)
    with tenant_tx(actor.tenant_id):
        business = _locked(business_of(actor, business_id))
        campaign = queries.get_campaign(actor, campaign_id) if campaign_id else None
        state = queries.gate_state(
            business.id, campaign.id if campaign else None, environment=business.environment
        )
        wanted = _checked(modes, state.modes)
        if any(wanted[axis] == Mode.AUTO != state.modes[axis] for axis in wanted):
            require_fresh_factor(actor, business.environment, now=now)
        rows = Authority.objects.filter(business=business, campaign=campaign)
        row = Authority(
            tenant_id=actor.tenant_id,
            business=business,
            campaign=campaign,
            version=_next_version(rows),
            created_by=actor.id,
            created_at=now,
            **wanted,
        )
        rows.filter(is_current=True).update(is_current=False)
        Authority.objects.bulk_create([row])
        record_audit(
            actor,
            "authority.changed",
            now=now,
            target_type="campaign" if campaign else "business",
            target_id=encode("camp", campaign.id) if campaign else encode("biz", business.id),
            business_id=business.id,
            facts={"version": row.version, "before": dict(state.modes), "after": wanted},
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


def _locked(business: Business) -> Business:
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
) -> BusinessPolicy:
    """Write a new version of how a business decides; None keeps a value.

    Raises ForbiddenError, InvalidError naming the field. Raising or dropping the four-eyes amount
    needs a fresh second factor in live.
    """
    require_governor(actor)
    _check_ranges(undo_window_s, approval_expiry_h, cooldown_h)
    with tenant_tx(actor.tenant_id):
        business = _locked(business_of(actor, business_id))
        state = queries.gate_state(business.id, None, environment=business.environment)
        amount = four_eyes_micros if four_eyes_micros is not None else state.four_eyes_micros
        amount = None if clear_four_eyes else amount
        if state.four_eyes_micros is not None and (amount or 2**62) > state.four_eyes_micros:
            require_fresh_factor(actor, business.environment, now=now)
        rows = BusinessPolicy.objects.filter(business=business)
        row = BusinessPolicy(
            tenant_id=actor.tenant_id,
            business=business,
            version=_next_version(rows),
            undo_window_s=_kept(undo_window_s, state.undo_window_s),
            approval_expiry_h=_kept(approval_expiry_h, state.approval_expiry_h),
            cooldown_h=_kept(cooldown_h, state.cooldown_h),
            four_eyes_micros=amount,
            created_by=actor.id,
            created_at=now,
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
            facts={
                "version": row.version,
                "undo_window_s": row.undo_window_s,
                "approval_expiry_h": row.approval_expiry_h,
                "cooldown_h": row.cooldown_h,
                "four_eyes_micros": row.four_eyes_micros,
            },
        )
    return row


def _kept(value: int | None, current: int) -> int:
    return current if value is None else value


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
