"""Reads of the room `billing`."""

from datetime import datetime
from uuid import UUID

from billing.models import CheckoutLink, Plan, Subscription
from core.crypto import sha256_hex
from core.errors import InvalidError, NotFoundError
from core.lookups import Lookup
from core.tenancy import tenant_tx

FREE_PLAN_ID = 1

CHECKOUT_BY_TOKEN = Lookup(
    "checkout_by_token",
    sql="SELECT id, tenant_id FROM billing_checkoutlink WHERE token_digest = :digest",
    params={"digest": "text"},
    columns={"id": "uuid", "tenant_id": "uuid"},
)


def current_subscription() -> Subscription | None:
    """The open tenant scope's subscription in force; None is Free."""
    found: Subscription | None = (
        Subscription.objects.filter(cancelled_at=None).select_related("plan").first()
    )
    return found


def current_plan() -> Plan:
    """The plan of the open tenant scope; without a subscription it is Free."""
    found = current_subscription()
    return found.plan if found is not None else Plan.objects.get(pk=FREE_PLAN_ID)


def campaign_limit() -> int | None:
    """How many campaigns the tenant's plan holds; None is unlimited."""
    return current_plan().max_campaigns


def plan_of(tenant_id: UUID) -> Plan:
    """The plan of a tenant."""
    with tenant_tx(tenant_id, readonly=True):
        return current_plan()


def list_plans() -> list[Plan]:
    """All plans in the order of their public ids."""
    return list(Plan.objects.order_by("id"))


def find_plan(plan_id: int | None, name: str | None) -> Plan:
    """The plan a request means by id, or by slug, name or alias in any case.

    Raises InvalidError for none, an unknown one, or two that differ.
    """
    plans = list_plans()
    named = (name or "").strip().lower()
    by_id = next((plan for plan in plans if plan.pk == plan_id), None)
    by_name = next(
        (plan for plan in plans if named in (plan.slug, plan.alias, plan.name.lower())), None
    )
    if plan_id is None and name is None:
        raise InvalidError("Send plan_id or plan.", field="plan_id")
    if plan_id is not None and by_id is None:
        raise InvalidError("There is no such plan; see GET /v1/billing/plans.", field="plan_id")
    if name is not None and by_name is None:
        raise InvalidError("There is no such plan; see GET /v1/billing/plans.", field="plan")
    if by_id and by_name and by_id != by_name:
        raise InvalidError("plan_id and plan name different plans.", field="plan")
    found = by_id or by_name
    assert found is not None  # noqa: S101 - one of the two was given and is known
    return found


def get_checkout(token: str) -> CheckoutLink:
    """The open tenant scope's checkout behind a token; NotFoundError for any other."""
    found: CheckoutLink | None = (
        CheckoutLink.objects.filter(token_digest=sha256_hex(token)).select_related("plan").first()
    )
    if found is None:
        raise NotFoundError
    return found


def checkout_state(link: CheckoutLink, *, now: datetime) -> str:
    """pending, active or expired."""
    if link.completed_at is not None:
        return "active"
    return "pending" if link.expires_at > now else "expired"
