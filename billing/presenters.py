"""How the REST face prints plans and subscriptions."""

from typing import Any

from billing.models import Plan, Subscription
from core.ids import encode
from core.money import to_number


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
        "max_campaigns": plan.max_campaigns,
    }


def subscription_json(subscription: Subscription) -> dict[str, Any]:
    """A subscription with its plan."""
    return {
        "id": encode("sub", subscription.pk),
        "plan": plan_json(subscription.plan),
        "active": subscription.cancelled_at is None,
    }
