"""Businesses: the brands and clients of a tenant."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.services.evidence import record_audit
from core.actors import Actor, Environment
from core.errors import ForbiddenError, InvalidError
from core.ids import encode
from core.money import parse_currency
from core.tenancy import tenant_tx


def create_business(
    actor: Actor, *, name: str, environment: str, now: datetime, currency: str = "USD"
) -> Business:
    """A business of one environment for good. A credential bound to a business makes none.

    Raises InvalidError, ForbiddenError.
    """
    title = name.strip()
    if not 1 <= len(title) <= 200:
        raise InvalidError(_("A name has 1 to 200 characters."), field="name")
    if environment not in set(Environment):
        raise InvalidError(_("The environment is live or test."), field="environment")
    if actor.business_id is not None or actor.business_ids is not None:
        raise ForbiddenError(
            _("This credential is limited to existing businesses."), code="business_bound"
        )
    code = parse_currency(currency)
    with tenant_tx(actor.tenant_id):
        business: Business = Business.objects.create(
            tenant_id=actor.tenant_id,
            name=title,
            environment=environment,
            currency=code,
            created_at=now,
        )
        record_audit(
            actor,
            "business.created",
            now=now,
            target_type="business",
            target_id=encode("biz", business.pk),
            business_id=business.pk,
            facts={"environment": environment, "currency": code},
            detail={"name": title},
        )
    return business
