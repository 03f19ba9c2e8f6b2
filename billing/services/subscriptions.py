"""Subscribing, cancelling, resuming. Without a payment provider a checkout link activates the plan
by itself and says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from billing.models import CheckoutLink, Plan, Subscription
from billing.presenters import unpaid_json
from billing.queries import CHECKOUT_BY_TOKEN, FREE_PLAN_ID, current_subscription
from billing.services.announce import announce, audit
from core.actors import Actor, system_actor
from core.crypto import sha256_hex
from core.errors import AppError, ConflictError
from core.queue import ring
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
            _refuse_overdue(current)
            return Subscribed(plan=plan, subscription=current)
        _refuse_second_door(current, plan)
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


def _refuse_overdue(current: Subscription) -> None:
    if current.status == "unpaid":
        raise ConflictError(
            _("The last payment of this plan failed."),
            code="payment_overdue",
            hint=_("Pay the open invoice: POST /v1/billing/portal."),
        )


def _refuse_second_door(current: Subscription | None, plan: Plan) -> None:
    """A paid subscription ends by cancelling alone: it goes on being charged otherwise."""
    if plan.pk == FREE_PLAN_ID and current is not None and current.external_id:
        raise ConflictError(
            _("A paid subscription is running."),
            code="cancel_first",
            hint=_("Cancel it: POST /v1/billing/cancel. Free follows at the end of the period."),
        )


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
        done = live_link(row["id"], now=now).update(completed_at=now)
        if not done:
            raise CheckoutDeadError
        link = CheckoutLink.objects.select_related("plan").get(pk=row["id"])
        actor = system_actor(row["tenant_id"], name="checkout")
        made = _activate(actor, link.plan, now=now)
        announce("billing.payment_completed", unpaid_json(link.plan), actor, now=now)
    return made


def live_link(link_id: UUID, *, now: datetime) -> QuerySet[CheckoutLink]:
    """The link, if it may still be used."""
    rows: QuerySet[CheckoutLink] = CheckoutLink.objects.filter(
        pk=link_id, completed_at=None, expires_at__gt=now
    )
    return rows


def _activate(actor: Actor, plan: Plan, *, now: datetime) -> Subscription:
    open_ones = Subscription.objects.select_for_update().filter(cancelled_at=None)
    open_ones.update(cancelled_at=now, status="cancelled")
    subscription: Subscription = Subscription.objects.create(
        tenant_id=actor.tenant_id, plan=plan, status="active", created_at=now
    )
    audit(actor, "billing.subscribed", subscription, now=now)
    return subscription


def cancel(actor: Actor, *, now: datetime) -> Subscription:
    """End the paid plan: with its period where it is paid for (`ends_at`), else at once.

    Raises ConflictError where there is nothing to cancel.
    """
    with tenant_tx(actor.tenant_id):
        current = _paid_subscription()
        if current.external_id:
            if current.ends_at is None:
                _wish(current, ends=True)
                audit(actor, "billing.cancel_scheduled", current, now=now)
            return current
        current.cancelled_at, current.status = now, "cancelled"
        current.save(update_fields=["cancelled_at", "status"])
        audit(actor, "billing.cancelled", current, now=now)
        return current


def resume(actor: Actor, *, now: datetime) -> Subscription:
    """Let a plan that was to end with its period go on.

    Raises ConflictError where none is about to end.
    """
    with tenant_tx(actor.tenant_id):
        current = _paid_subscription()
        if current.ends_at is None:
            raise ConflictError(_("The subscription is not about to end."), code="not_ending")
        _wish(current, ends=False)
        audit(actor, "billing.resumed", current, now=now)
        return current


def _paid_subscription() -> Subscription:
    current = current_subscription()
    if current is None or current.plan_id == FREE_PLAN_ID:
        raise ConflictError(
            _("There is no paid subscription."),
            code="no_subscription",
            hint=_("Subscribe first: POST /v1/billing/subscribe."),
        )
    found: Subscription = Subscription.objects.select_for_update().get(pk=current.pk)
    found.plan = current.plan
    return found


def _wish(current: Subscription, *, ends: bool) -> None:
    """Shown at once, told to the provider by the loop."""
    current.wishes_end = ends
    current.ends_at = current.period_ends_at if ends else None
    current.save(update_fields=["wishes_end", "ends_at"])
    ring("billing.inbound")
