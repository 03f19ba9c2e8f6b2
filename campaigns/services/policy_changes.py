"""The second person's decision on a loosening that waits."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Business, Membership
from accounts.services.factors import require_fresh_factor
from campaigns import queries, spend
from campaigns.models import PolicyChange, SpendCeiling
from campaigns.queries.policy_changes import TENANTS_WITH_DUE_POLICY_CHANGES, get_policy_change
from campaigns.services import ceilings, kill, policy, second_person
from campaigns.services.access import require_governor
from core.actors import Actor, system_actor
from core.errors import ConflictError, ForbiddenError
from core.ids import decode
from core.tenancy import tenant_tx

BATCH = 200
type Rest = Callable[[], None]
type Effect = Callable[[PolicyChange, Actor, datetime], Rest | None]


def confirm_change(change_id: str, *, actor: Actor, now: datetime) -> PolicyChange:
    """Let a loosening take effect, as another owner or admin than the one who proposed it.

    In live the second factor must be fresh. Raises NotFoundError, ForbiddenError
    (`role_required`, `self_approval`), ConflictError `not_pending` or `stale_value`; the last one
    closes the change, whose ground has moved.
    """
    require_governor(actor)
    with tenant_tx(actor.tenant_id):
        row = _open(actor, change_id, now)
        if row.proposer_id == actor.id:
            raise ForbiddenError(
                _("Another owner or admin confirms what you proposed."), code="self_approval"
            )
        require_fresh_factor(actor, row.environment, now=now)
        rest = _EFFECTS[row.kind](row, actor, now) if _may_still_govern(row) else None
        status = "conflict" if rest is None else "confirmed"
        second_person.close(actor, row, status, now=now)
    if rest is None:
        raise ConflictError(
            _("What the change was proposed on has changed since; propose it again."),
            code="stale_value",
        )
    rest()
    return row


def cancel_change(change_id: str, *, actor: Actor, now: datetime) -> PolicyChange:
    """Drop a loosening that waits: its proposer, or any other owner or admin."""
    require_governor(actor)
    with tenant_tx(actor.tenant_id):
        row = _open(actor, change_id, now)
        second_person.close(actor, row, "cancelled", now=now)
    return row


def expire_changes(now: datetime) -> int:
    """End every waiting loosening whose time is over; returns how many."""
    ended = 0
    for found in TENANTS_WITH_DUE_POLICY_CHANGES.rows(until=now):
        tenant_id: UUID = found["tenant_id"]
        with tenant_tx(tenant_id):
            rows = PolicyChange.objects.filter(status="pending", expires_at__lte=now)
            for row in rows.select_for_update(of=("self",)).order_by("expires_at", "id")[:BATCH]:
                actor = system_actor(tenant_id, name="expiry")
                second_person.close(actor, row, "expired", now=now)
                ended += 1
    return ended


def _open(actor: Actor, change_id: str, now: datetime) -> PolicyChange:
    """The waiting change, its business locked before it, as every write of a policy does."""
    row = get_policy_change(actor, change_id)
    policy.locked(row.business)
    row = get_policy_change(actor, change_id, lock=True)
    if row.status != "pending" or row.expires_at <= now:
        status = "expired" if row.status == "pending" else row.status
        raise ConflictError(
            _("The change no longer waits."), code="not_pending", details={"status": status}
        )
    return row


def _may_still_govern(row: PolicyChange) -> bool:
    """Two people who may: whoever lost the right meanwhile is not one of them."""
    members: list[Membership] = second_person.governors(row.business)
    return decode("user", row.proposer_id) in {member.user_id for member in members}


def _authority(row: PolicyChange, actor: Actor, now: datetime) -> Rest | None:
    business: Business = row.business
    on_campaign = row.target_id.startswith("camp_")
    campaign = queries.get_campaign(actor, row.target_id) if on_campaign else None
    current = policy.modes_of(business, campaign)
    if any(current[axis] != mode for axis, mode in row.before.items()):
        return None
    policy.write_authority(business, campaign, current | row.after, actor=actor, now=now)
    return _nothing


def _rules(row: PolicyChange, actor: Actor, now: datetime) -> Rest | None:
    current = policy.rules_of(row.business)
    if any(current[name] != value for name, value in row.before.items()):
        return None
    policy.write_policy(row.business, current | row.after, actor=actor, now=now)
    return _nothing


def _ceiling(row: PolicyChange, actor: Actor, now: datetime) -> Rest | None:
    old = _same_ceiling(row)
    if old is None:
        return None
    old.limit_micros = row.after["limit_micros"]
    written = ceilings.write(old, actor=actor, now=now)

    def recount() -> None:
        with tenant_tx(row.tenant_id):
            spend.recount(written)

    return recount


def _no_ceiling(row: PolicyChange, actor: Actor, now: datetime) -> Rest | None:
    old = _same_ceiling(row)
    if old is None:
        return None
    ceilings.erase(old, actor=actor, now=now)
    return _nothing


def _same_ceiling(row: PolicyChange) -> SpendCeiling | None:
    """The ceiling, locked, if its limit is still the one the change was proposed on."""
    found: SpendCeiling | None = (
        SpendCeiling.objects.select_for_update()
        .filter(pk=row.before["ceiling_id"], limit_micros=row.before["limit_micros"])
        .first()
    )
    return found


def _release(row: PolicyChange, actor: Actor, now: datetime) -> Rest | None:
    switch = kill.locked(row.business)
    if not switch.is_engaged or switch.epoch != row.before["epoch"]:
        return None
    kill.switch_off(row.business, switch, actor=actor, now=now)
    restore = bool(row.after["restore_delivery"])
    return lambda: kill.tidy_release(switch, actor=actor, now=now, restore_delivery=restore)


def _nothing() -> None:
    return None


_EFFECTS: dict[str, Effect] = {
    "authority": _authority,
    "rules": _rules,
    "ceiling": _ceiling,
    "no_ceiling": _no_ceiling,
    "release": _release,
}
