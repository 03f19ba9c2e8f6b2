"""How plans, subscriptions and invoices are printed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings

from accounts.presenters import moment
from billing.domain.balance import Balance
from billing.models import Invoice, Plan, Subscription
from core.ids import encode
from core.money import display, to_number


def plan_json(plan: Plan) -> dict[str, Any]:
    """The four documented keys."""
    return {
        "id": plan.pk,
        "name": plan.name,
        "price": to_number(plan.price_micros, plan.currency),
        "currency": plan.currency,
    }


def limits_json(plan: Plan) -> dict[str, Any]:
    """What the plan allows; null is unlimited."""
    return {
        "requests_per_minute": plan.requests_per_minute,
        "requests_per_day": plan.requests_per_day,
        "generations_per_month": plan.generations_per_month,
        "research_credits_per_month": plan.research_credits_per_month,
        "max_campaigns": plan.max_campaigns,
    }


def subscription_json(subscription: Subscription) -> dict[str, Any]:
    """A subscription with its plan; `ends_at` is set where it is not renewed."""
    ends_at, renews_at = subscription.ends_at, subscription.period_ends_at
    return {
        "id": encode("sub", subscription.pk),
        "plan": plan_json(subscription.plan),
        "active": subscription.cancelled_at is None and subscription.status != "unpaid",
        "status": subscription.status,
        "renews_at": moment(renews_at) if renews_at and not ends_at else None,
        "ends_at": moment(ends_at) if ends_at else None,
    }


def invoice_json(invoice: Invoice) -> dict[str, Any]:
    """An invoice as the payment provider last gave it; links are None until it is final."""
    return {
        "id": encode("invc", invoice.pk),
        "number": invoice.number,
        "status": invoice.status,
        "amount_due": to_number(invoice.amount_due_micros, invoice.currency),
        "amount_paid": to_number(invoice.amount_paid_micros, invoice.currency),
        "currency": invoice.currency,
        "pdf_url": invoice.pdf_url or None,
        "page_url": invoice.page_url or None,
        "created_at": moment(invoice.created_at),
    }


def balance_json(balance: Balance) -> dict[str, int | None]:
    """Credits of one kind this month; null is unlimited."""
    return {
        "granted": balance.granted,
        "used": balance.used,
        "reserved": balance.reserved,
        "remaining": balance.remaining,
    }


def payment_json(invoice: Invoice, plan: Plan | None) -> dict[str, Any]:
    """What the billing events say of a payment."""
    return {
        "plan": plan_json(plan) if plan else None,
        "invoice_id": encode("invc", invoice.pk),
        "amount": to_number(invoice.amount_due_micros, invoice.currency),
        "currency": invoice.currency,
        "attempt": invoice.attempts,
        "mode": "stripe",
    }


def unpaid_json(plan: Plan) -> dict[str, Any]:
    """The same where plans are activated without a payment."""
    return {
        "plan": plan_json(plan),
        "invoice_id": None,
        "amount": to_number(0, plan.currency),
        "currency": plan.currency,
        "attempt": 0,
        "mode": "demo",
    }


def overview(
    subscription: Subscription | None, plan: Plan, plans: Sequence[Plan]
) -> dict[str, Any]:
    """What the billing page shows of the plan in force and of those on offer."""
    chosen = subscription.plan if subscription is not None else plan
    since = subscription.past_due_since if subscription is not None else None
    return {
        "chosen": chosen,
        "price": display(plan.price_micros, plan.currency),
        "is_paid": chosen.price_micros > 0,
        "grace_ends_at": since + timedelta(days=settings.BILLING_GRACE_DAYS) if since else None,
        "plans": [
            {"plan": one, "price": display(one.price_micros, one.currency)}
            for one in sorted(plans, key=lambda one: one.price_micros)
        ],
    }


def invoice_row(invoice: Invoice) -> dict[str, Any]:
    """An invoice in the page's table."""
    tones = {"paid": "success", "open": "warning"}
    return {
        "row": invoice,
        "public_id": encode("invc", invoice.pk),
        "amount": display(invoice.amount_due_micros, invoice.currency),
        "tone": tones.get(invoice.status, "info"),
    }
