"""From a mailed link to the payment provider's page."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from billing.models import CheckoutLink, Customer
from billing.queries import CHECKOUT_BY_TOKEN, current_customer
from billing.services import provider
from billing.services.subscriptions import CheckoutDeadError, live_link
from core.actors import Actor
from core.crypto import sha256_hex
from core.errors import ConflictError
from core.tenancy import tenant_tx


def start_checkout(token: str, *, now: datetime) -> str:
    """The address where the link's plan is paid, the same one until it is paid.

    Raises CheckoutDeadError for a link that was paid, is too old or unknown, PaymentProviderError.
    """
    row = CHECKOUT_BY_TOKEN.one(digest=sha256_hex(token))
    if row is None:
        raise CheckoutDeadError
    with tenant_tx(row["tenant_id"], readonly=True):
        link = live_link(row["id"], now=now).select_related("plan").first()
        customer = current_customer()
    if link is None:
        raise CheckoutDeadError
    external_id = customer.external_id if customer else _new_customer(row["tenant_id"], now)
    session_id, url = provider.open_checkout(link, link.plan, external_id, now=now)
    if not url:
        raise CheckoutDeadError
    with tenant_tx(row["tenant_id"]):
        CheckoutLink.objects.filter(pk=link.pk).update(session_id=session_id)
    return url


def open_portal(actor: Actor) -> str:
    """Address of the provider's page for card, address and invoices; it lives for minutes.

    Raises ConflictError for a tenant that never paid, PaymentProviderError.
    """
    with tenant_tx(actor.tenant_id, readonly=True):
        customer = current_customer()
    if customer is None or not provider.is_configured():
        raise ConflictError(
            _("Nothing has been paid for yet."),
            code="no_subscription",
            hint=_("Subscribe to a paid plan first: POST /v1/billing/subscribe."),
        )
    return provider.portal_url(customer.external_id)


def _new_customer(tenant_id: UUID, now: datetime) -> str:
    external_id = provider.create_customer(tenant_id)
    with tenant_tx(tenant_id):
        fresh = Customer(
            tenant_id=tenant_id, external_id=external_id, created_at=now, refreshed_at=now
        )
        Customer.objects.bulk_create([fresh], ignore_conflicts=True)
        kept: Customer = Customer.objects.get()
    return kept.external_id
