"""Subscribing, checking out, cancelling. Without a payment provider a checkout link activates the
plan by itself and says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from billing.models import CheckoutLink, Plan, Subscription
from billing.queries import CHECKOUT_BY_TOKEN, FREE_PLAN_ID, current_subscription
from core.actors import Actor, system_actor
from core.crypto import sha256_hex
from core.errors import AppError, ConflictError
from core.ids import encode
from core.tenancy import tenant_tx

LINK_LIFE = timedelta(hours=24)


class CheckoutDeadError(AppError):
    """Used, too old, unknown: one answer."""

    code = "link_expired"
    status = 410
    message = "This checkout link has been used or is too old."
    hint = "Subscribe again to get a new one."


@dataclass(frozen=True, kw_only=True)
class Subscribed:
    """What subscribing led to: a subscription in force, or a link to check out with."""

    plan: Plan
    subscription: Subscription | None = None
    link: CheckoutLink | None = None
    token: str = ""

    @property
    def checkout_url(self) -> str:
        return f"{settings.PUBLIC_URL}/api/v1/billing/checkout?token={self.token}"


def subscribe(actor: Actor, plan: Plan, *, now: datetime) -> Subscribed:
    """Free is active at once; a paid plan waits for the mailed checkout link (24 hours, once)."""
    with tenant_tx(actor.tenant_id):
        current = current_subscription()
        if current is not None and current.plan_id == plan.pk:
            return Subscribed(plan=plan, subscription=current)
        if plan.pk == FREE_PLAN_ID:
            return Subscribed(plan=plan, subscription=_activate(actor, plan, now=now))
        token = token_hex(16)
        link = CheckoutLink.objects.create(
            tenant_id=actor.tenant_id,
            plan=plan,
            token_digest=sha256_hex(token),
            created_by=actor.id,
            created_at=now,
            expires_at=now + LINK_LIFE,
        )
        pending = Subscribed(plan=plan, link=link, token=token)
        _mail_link(actor, pending, now)
        record_audit(
            actor,
            "billing.checkout_started",
            now=now,
            target_type="plan",
            target_id=str(plan.pk),
        )
    return pending


def _mail_link(actor: Actor, pending: Subscribed, now: datetime) -> None:
    user = User.objects.filter(pk=actor.user_id).first() if actor.user_id else None
    if user is not None:
        context = {"name": user.first_name, "plan": pending.plan.name, "link": pending.checkout_url}
        queue_mail("checkout", user.email, context, now=now)


def complete_checkout(token: str, *, now: datetime) -> Subscription:
    """Activate the plan of a live link, once. Only where no payment provider is configured.

    Raises CheckoutDeadError.
    """
    row = CHECKOUT_BY_TOKEN.one(digest=sha256_hex(token))
    if row is None:
        raise CheckoutDeadError
    with tenant_tx(row["tenant_id"]):
        done = CheckoutLink.objects.filter(
            pk=row["id"], completed_at=None, expires_at__gt=now
        ).update(completed_at=now)
        if not done:
            raise CheckoutDeadError
        link = CheckoutLink.objects.select_related("plan").get(pk=row["id"])
        actor = system_actor(row["tenant_id"], name="checkout")
        return _activate(actor, link.plan, now=now)


def _activate(actor: Actor, plan: Plan, *, now: datetime) -> Subscription:
    open_ones = Subscription.objects.select_for_update().filter(cancelled_at=None)
    open_ones.update(cancelled_at=now, status="cancelled")
    subscription: Subscription = Subscription.objects.create(
        tenant_id=actor.tenant_id, plan=plan, status="active", created_at=now
    )
    record_audit(
        actor,
        "billing.subscribed",
        now=now,
        target_type="subscription",
        target_id=encode("sub", subscription.pk),
        facts={"plan": plan.pk},
    )
    return subscription


def cancel(actor: Actor, *, now: datetime) -> Plan:
    """End the paid plan at once; the tenant is on Free. Returns the plan that ended.

    Raises ConflictError where there is nothing to cancel.
    """
    with tenant_tx(actor.tenant_id):
        current = current_subscription()
        if current is None or current.plan_id == FREE_PLAN_ID:
            raise ConflictError(_("There is no paid subscription."), code="no_subscription")
        Subscription.objects.filter(pk=current.pk).update(cancelled_at=now, status="cancelled")
        record_audit(
            actor,
            "billing.cancelled",
            now=now,
            target_type="subscription",
            target_id=encode("sub", current.pk),
            facts={"plan": current.plan_id},
        )
        return current.plan
