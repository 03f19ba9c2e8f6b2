"""Spend ceilings, set by owners and admins."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.services.evidence import record_audit
from accounts.services.factors import require_fresh_factor
from campaigns import queries, spend
from campaigns.domain.loosening import raises_ceiling
from campaigns.models import PolicyChange, SpendCeiling
from campaigns.services import second_person
from campaigns.services.access import business_of, require_governor
from core.actors import Actor
from core.errors import InvalidError, NotFoundError
from core.ids import encode
from core.money import parse_currency
from core.tenancy import tenant_tx


def set_ceiling(
    business_id: UUID | str,
    *,
    actor: Actor,
    now: datetime,
    scope: str,
    limit_micros: int,
    currency: str,
    campaign_id: str = "",
) -> SpendCeiling | PolicyChange:
    """Set a daily limit on exposure: scope action, campaign, business or tenant (of the business's
    environment). A raise needs a fresh second factor in live; where the business (for the tenant's
    ceiling any business) asks for a second person, a raise is returned as the change that waits.

    Two transactions: the first makes the limit bind every later rise, the second counts what is
    already used under the locks of all exposures it sums, so that no rise in between is missed.
    """
    require_governor(actor)
    currency = parse_currency(currency)
    if scope not in spend.SCOPES:
        raise InvalidError(
            _("A ceiling limits an action, a campaign, a business or the tenant."), field="scope"
        )
    if limit_micros < 0:
        raise InvalidError(_("A limit is not negative."), field="limit_micros")
    with tenant_tx(actor.tenant_id):
        business = business_of(actor, business_id)
        campaign = queries.get_campaign(actor, campaign_id) if scope == "campaign" else None
        key = spend.scope_keys(campaign.id if campaign else None, business.id)[scope]
        wanted = SpendCeiling(
            tenant_id=actor.tenant_id,
            business=None if scope == "tenant" else business,
            campaign=campaign,
            scope=scope,
            scope_key=key,
            environment=business.environment,
            currency=currency,
            limit_micros=limit_micros,
        )
        old = current(wanted)
        if raises_ceiling(old.limit_micros if old else None, limit_micros):
            require_fresh_factor(actor, business.environment, now=now)
            asking = second_person.asked_by(business, whole_tenant=scope == "tenant")
            if asking is not None:
                return _hold(asking, old, limit_micros, actor=actor, now=now)
        row = write(wanted, actor=actor, now=now)
    with tenant_tx(actor.tenant_id):
        spend.recount(row)
        row.refresh_from_db()
    return row


def _hold(
    business: Business,
    old: SpendCeiling | None,
    limit_micros: int | None,
    *,
    actor: Actor,
    now: datetime,
) -> PolicyChange:
    """A raise, or with None a removal, that waits for a second person."""
    if old is None:
        raise NotFoundError
    named = {"ceiling_id": str(old.pk), "scope": old.scope, "currency": old.currency}
    return second_person.hold(
        business,
        kind="no_ceiling" if limit_micros is None else "ceiling",
        target_id=_target_id(old),
        before={**named, "limit_micros": old.limit_micros},
        after={**named, "limit_micros": limit_micros},
        actor=actor,
        now=now,
    )


def current(row: SpendCeiling) -> SpendCeiling | None:
    """The ceiling of the same scope and currency, locked."""
    found: SpendCeiling | None = (
        SpendCeiling.objects.select_for_update()
        .filter(environment=row.environment, scope_key=row.scope_key, currency=row.currency)
        .first()
    )
    return found


def write(row: SpendCeiling, *, actor: Actor, now: datetime) -> SpendCeiling:
    """Insert the ceiling or set its limit, with the audit row; `spend.recount` follows.

    A new one counts as used up until then: where the count never comes, nothing rises.
    """
    row.updated_by, row.updated_at = actor.id, now
    old = current(row)
    if old is None:
        row.used_micros = 0 if row.scope == "action" else row.limit_micros
        SpendCeiling.objects.bulk_create([row])
    else:
        SpendCeiling.objects.filter(pk=old.pk).update(
            limit_micros=row.limit_micros, updated_by=row.updated_by, updated_at=row.updated_at
        )
        row.pk = old.pk
    _audit(actor, row, now=now, before=old.limit_micros if old else None)
    return row


def remove_ceiling(ceiling_id: UUID, *, actor: Actor, now: datetime) -> PolicyChange | None:
    """Remove a limit; in live that needs a fresh second factor.

    Where a second person is asked for, the removal is returned as the change that waits.
    """
    require_governor(actor)
    with tenant_tx(actor.tenant_id):
        row = SpendCeiling.objects.select_for_update().filter(pk=ceiling_id).first()
        if row is None or (row.business_id and not actor.may_see_business(row.business_id)):
            raise NotFoundError
        require_fresh_factor(actor, row.environment, now=now)
        asking = _asked_by(row)
        if asking is not None:
            return _hold(asking, row, None, actor=actor, now=now)
        erase(row, actor=actor, now=now)
    return None


def _asked_by(row: SpendCeiling) -> Business | None:
    rows = Business.objects.filter(environment=row.environment)
    business = row.business or rows.order_by("created_at", "id").first()
    if business is None:
        return None
    return second_person.asked_by(business, whole_tenant=row.scope == "tenant")


def erase(row: SpendCeiling, *, actor: Actor, now: datetime) -> None:
    """Delete the locked row, with the audit row."""
    SpendCeiling.objects.filter(pk=row.pk).delete()
    _audit(actor, row, now=now, before=row.limit_micros, removed=True)


def _target_id(row: SpendCeiling) -> str:
    if row.campaign_id:
        return encode("camp", row.campaign_id)
    return encode("biz", row.business_id) if row.business_id else encode("ten", row.tenant_id)


def _audit(
    actor: Actor, row: SpendCeiling, *, now: datetime, before: int | None, removed: bool = False
) -> None:
    kind = "campaign" if row.campaign_id else "business" if row.business_id else "tenant"
    record_audit(
        actor,
        "ceiling.changed",
        now=now,
        target_type=kind,
        target_id=_target_id(row),
        business_id=row.business_id,
        facts={
            "scope": row.scope,
            "currency": row.currency,
            "before_micros": before,
            "after_micros": None if removed else row.limit_micros,
        },
    )
