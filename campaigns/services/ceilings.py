"""Spend ceilings, set by owners and admins."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.services.evidence import record_audit
from accounts.services.factors import require_fresh_factor
from campaigns import queries, spend
from campaigns.models import Campaign, SpendCeiling
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
) -> SpendCeiling:
    """Set a daily limit on exposure: scope action, campaign, business or tenant (of the business's
    environment). A raise needs a fresh second factor in live.

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
        old = _current(business, key, currency)
        if old is not None and limit_micros > old.limit_micros:
            require_fresh_factor(actor, business.environment, now=now)
        row = _write(
            old,
            SpendCeiling(
                tenant_id=actor.tenant_id,
                business=None if scope == "tenant" else business,
                campaign=campaign,
                scope=scope,
                scope_key=key,
                environment=business.environment,
                currency=currency,
                limit_micros=limit_micros,
                updated_by=actor.id,
                updated_at=now,
            ),
        )
        _audit(actor, row, business, now=now, before=old.limit_micros if old else None)
    with tenant_tx(actor.tenant_id):
        spend.recount(row)
        row.refresh_from_db()
    return row


def _current(business: Business, key: str, currency: str) -> SpendCeiling | None:
    found: SpendCeiling | None = (
        SpendCeiling.objects.select_for_update()
        .filter(environment=business.environment, scope_key=key, currency=currency)
        .first()
    )
    return found


def _write(old: SpendCeiling | None, row: SpendCeiling) -> SpendCeiling:
    if old is None:
        SpendCeiling.objects.bulk_create([row])
        return row
    SpendCeiling.objects.filter(pk=old.pk).update(
        limit_micros=row.limit_micros, updated_by=row.updated_by, updated_at=row.updated_at
    )
    row.pk = old.pk
    return row


def remove_ceiling(ceiling_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Remove a limit; in live that needs a fresh second factor."""
    require_governor(actor)
    with tenant_tx(actor.tenant_id):
        row = SpendCeiling.objects.select_for_update().filter(pk=ceiling_id).first()
        if row is None or (row.business_id and not actor.may_see_business(row.business_id)):
            raise NotFoundError
        require_fresh_factor(actor, row.environment, now=now)
        SpendCeiling.objects.filter(pk=row.pk).delete()
        _audit(actor, row, None, now=now, before=row.limit_micros, removed=True)


def _audit(
    actor: Actor,
    row: SpendCeiling,
    business: Business | None,
    *,
    now: datetime,
    before: int | None,
    removed: bool = False,
) -> None:
    campaign: Campaign | None = row.campaign
    target = encode("camp", campaign.id) if campaign else ""
    if not target and row.business_id:
        target = encode("biz", row.business_id)
    record_audit(
        actor,
        "ceiling.changed",
        now=now,
        target_type="campaign" if campaign else "business" if row.business_id else "tenant",
        target_id=target or encode("ten", row.tenant_id),
        business_id=business.id if business else row.business_id,
        facts={
            "scope": row.scope,
            "currency": row.currency,
            "before_micros": before,
            "after_micros": None if removed else row.limit_micros,
        },
    )
