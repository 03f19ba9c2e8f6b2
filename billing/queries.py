"""Reads of the room `billing`."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from billing.models import CheckoutLink, Customer, Invoice, Plan, Subscription
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
CUSTOMER_TENANT = Lookup(
    "customer_tenant",
    sql="SELECT tenant_id FROM billing_customer WHERE external_id = :external_id",
    params={"external_id": "text"},
    columns={"tenant_id": "uuid"},
)
CUSTOMERS_TO_REFRESH = Lookup(
    "customers_to_refresh",
    sql="""
    SELECT c.tenant_id FROM billing_customer c
    WHERE c.refreshed_at < :day_ago OR EXISTS (
      SELECT 1 FROM billing_checkoutlink l
      WHERE l.tenant_id = c.tenant_id AND l.session_id <> '' AND l.completed_at IS NULL
        AND l.expires_at > :day_ago AND c.refreshed_at < :minute_ago)
    ORDER BY c.refreshed_at LIMIT 200""",
    params={"day_ago": "timestamptz", "minute_ago": "timestamptz"},
    columns={"tenant_id": "uuid"},
)
TENANTS_PAST_GRACE = Lookup(
    "tenants_past_grace",
    sql="""
    SELECT tenant_id FROM billing_subscription
    WHERE cancelled_at IS NULL AND status = 'past_due' AND past_due_since <= :before""",
    params={"before": "timestamptz"},
    columns={"tenant_id": "uuid"},
)
TENANTS_WITH_WISHES = Lookup(
    "tenants_with_wishes",
    sql="""
    SELECT tenant_id FROM billing_subscription
    WHERE cancelled_at IS NULL AND wishes_end IS NOT NULL""",
    params={},
    columns={"tenant_id": "uuid"},
)
TENANTS_WITH_STALE_CREDITS = Lookup(
    "tenants_with_stale_credits",
    sql="""
    SELECT DISTINCT tenant_id FROM billing_creditreservation
    WHERE state = 'open' AND created_at < :before""",
    params={"before": "timestamptz"},
    columns={"tenant_id": "uuid"},
)


def current_subscription() -> Subscription | None:
    """The open tenant scope's subscription, paid or not; None is Free."""
    found: Subscription | None = (
        Subscription.objects.filter(cancelled_at=None).select_related("plan").first()
    )
    return found


def current_plan() -> Plan:
    """The plan whose limits hold in the open tenant scope: Free without a subscription, or where
    it went unpaid beyond its grace.
    """
    return plan_in_force(current_subscription())


def plan_in_force(subscription: Subscription | None) -> Plan:
    """The plan whose limits hold under a subscription."""
    if subscription is not None and subscription.status != "unpaid":
        return subscription.plan
    return Plan.objects.get(pk=FREE_PLAN_ID)


def current_customer() -> Customer | None:
    """The open tenant scope's customer at the payment provider."""
    found: Customer | None = Customer.objects.first()
    return found


def list_invoices() -> QuerySet[Invoice]:
    """The open tenant scope's invoices, newest first."""
    rows: QuerySet[Invoice] = Invoice.objects.order_by("-created_at", "-id")
    return rows


def campaign_limit() -> int | None:
    """How many campaigns the tenant's plan holds; None is unlimited."""
    return current_plan().max_campaigns


def plan_for_another_campaign() -> str:
    """Slug of the cheapest plan that holds more campaigns than the tenant's; empty where none."""
    limit = campaign_limit()
    larger = smallest_plan("max_campaigns", limit + 1) if limit is not None else None
    return larger.slug if larger is not None else ""


def smallest_plan(limit: str, needed: int) -> Plan | None:
    """The cheapest plan whose limit (a field of Plan; None is unlimited) is at least `needed`."""
    fits = [
        plan
        for plan in list_plans()
        if getattr(plan, limit) is None or getattr(plan, limit) >= needed
    ]
    return min(fits, key=lambda plan: plan.price_micros, default=None)


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
