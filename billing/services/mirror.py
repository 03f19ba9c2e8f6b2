"""Our rows follow the payment provider's: its state is fetched whole and taken over in one step, so
that neither order nor repetition of its events matters.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F

from accounts.models import Membership
from accounts.services.mail import queue_mail
from billing.models import CheckoutLink, Customer, Invoice, Plan, Subscription
from billing.presenters import payment_json
from billing.queries import (
    CUSTOMERS_TO_REFRESH,
    TENANTS_PAST_GRACE,
    TENANTS_WITH_WISHES,
    current_customer,
    current_subscription,
)
from billing.services import provider
from billing.services.announce import announce, audit
from billing.services.provider import Remote, RemoteInvoice, RemoteSubscription
from core.actors import Actor, Role, system_actor
from core.errors import AppError, ConflictError, NotFoundError
from core.tenancy import tenant_tx
from webhooks.models import InboundEvent
from webhooks.services import inbound

log = structlog.get_logger(__name__)
MAX_TRIES = 5
FAILED_PAYMENT = "invoice.payment_failed"


@dataclass(frozen=True, slots=True)
class _Taking:
    """One state being taken over."""

    tenant_id: UUID
    remote: Remote
    plans: dict[str, Plan]
    actor: Actor
    now: datetime

    def ours(self) -> list[RemoteSubscription]:
        """Subscriptions that this product made for the tenant, of plans it knows."""
        return [
            one
            for one in self.remote.subscriptions
            if one.tenant == str(self.tenant_id) and one.plan in self.plans
        ]


def refresh(tenant_id: UUID, *, now: datetime, event: InboundEvent | None = None) -> None:
    """Fetch the tenant's state from the provider and take it over, closing `event` with it.

    A state is written only if none was written since its fetch began, else it is fetched again.
    Where the event was closed meanwhile, nothing is written. Raises NotFoundError without a
    customer, PaymentProviderError, ConflictError when others keep coming first.
    """
    for _attempt in range(MAX_TRIES):
        with tenant_tx(tenant_id, readonly=True):
            customer = current_customer()
        if customer is None:
            raise NotFoundError
        remote = provider.fetch(customer.external_id)
        with tenant_tx(tenant_id):
            known = Customer.objects.filter(pk=customer.pk, version=customer.version)
            if not known.update(version=F("version") + 1, refreshed_at=now):
                continue
            if event is not None and not inbound.close(event.pk, "done", now=now):
                return
            replaced = _take_over(tenant_id, remote, now)
            if event is not None and event.event_type == FAILED_PAYMENT:
                _announce_failure(tenant_id, event.subject["object"], now)
        for external_id in replaced:
            provider.end_now(external_id)
        return
    raise ConflictError(code="billing_busy")


def push_wishes(now: datetime) -> int:
    """Tell the provider which subscriptions are to end with their period or to go on; returns how
    many were told. One that fails is tried again at the next turn.
    """
    told = 0
    for row in TENANTS_WITH_WISHES.rows():
        try:
            told += _push_wish(row["tenant_id"], now)
        except AppError as error:
            log.warning("wish_not_told", tenant=str(row["tenant_id"]), code=error.code)
    return told


def _push_wish(tenant_id: UUID, now: datetime) -> int:
    with tenant_tx(tenant_id, readonly=True):
        row = current_subscription()
    if row is None or row.wishes_end is None:
        return 0
    try:
        provider.set_ending(row.external_id, ending=row.wishes_end)
        with tenant_tx(tenant_id):
            wish = Subscription.objects.filter(pk=row.pk, wishes_end=row.wishes_end)
            return int(wish.update(wishes_end=None))
    finally:
        # Refused too: then the subscription may have ended there.
        refresh(tenant_id, now=now)


def refresh_stale(now: datetime) -> int:
    """Fetch customers that nothing was heard of for a day, and those in a checkout each minute, in
    case a webhook was lost; returns how many were fetched.
    """
    stale = CUSTOMERS_TO_REFRESH.rows(
        day_ago=now - timedelta(days=1), minute_ago=now - timedelta(minutes=1)
    )
    done = 0
    for row in stale:
        try:
            refresh(row["tenant_id"], now=now)
            done += 1
        except AppError as error:
            log.warning("customer_not_refreshed", tenant=str(row["tenant_id"]), code=error.code)
    return done


def end_grace(now: datetime) -> int:
    """Put tenants whose payment failed too long ago on Free's limits; returns how many."""
    before = now - timedelta(days=settings.BILLING_GRACE_DAYS)
    count = 0
    for row in TENANTS_PAST_GRACE.rows(before=before):
        with tenant_tx(row["tenant_id"]):
            found = Subscription.objects.select_for_update(of=("self",)).filter(
                cancelled_at=None, status="past_due", past_due_since__lte=before
            )
            for subscription in found.select_related("plan"):
                _change_status(subscription, "unpaid", subscription.past_due_since, now=now)
                count += 1
    return count


def _take_over(tenant_id: UUID, remote: Remote, now: datetime) -> list[str]:
    """Write the state; returns older subscriptions that are to be ended."""
    taking = _Taking(
        tenant_id,
        remote,
        {plan.slug: plan for plan in Plan.objects.all()},
        system_actor(tenant_id, name="stripe"),
        now,
    )
    alive = [one for one in taking.ours() if one.status in provider.LIVE]
    alive.sort(key=lambda one: (one.created, one.id))
    newest = alive[-1] if alive else None
    _close_others(taking, newest)
    _keep_ended(taking)
    if newest is not None:
        _open(taking, newest)
    for one in remote.invoices:
        _keep_invoice(taking, one)
    started = [one.checkout for one in taking.ours() if one.status in {*provider.LIVE, "canceled"}]
    links = CheckoutLink.objects.filter(pk__in=filter(None, started), completed_at=None)
    links.update(completed_at=now)
    return [one.id for one in alive[:-1]]


def _close_others(taking: _Taking, newest: RemoteSubscription | None) -> None:
    """Close the open row unless it is the newest one's; a row nobody pays for yields to a paid one
    alone.
    """
    current = Subscription.objects.select_for_update().filter(cancelled_at=None).first()
    if current is None or (newest is None and not current.external_id):
        return
    if newest is not None and current.external_id == newest.id:
        return
    Subscription.objects.filter(pk=current.pk).update(**_closed(taking.now))
    audit(taking.actor, "billing.cancelled", current, now=taking.now)


def _keep_ended(taking: _Taking) -> None:
    """Ended subscriptions are history, whether or not they were ever seen alive."""
    for one in taking.ours():
        if one.status == "canceled":
            Subscription.objects.update_or_create(
                external_id=one.id,
                defaults=_closed(one.ended_at or taking.now),
                create_defaults={
                    "tenant_id": taking.tenant_id,
                    "plan": taking.plans[one.plan],
                    "created_at": one.created,
                    **_closed(one.ended_at or taking.now),
                },
            )


def _closed(moment: datetime) -> dict[str, Any]:
    return {
        "status": "cancelled",
        "cancelled_at": moment,
        "past_due_since": None,
        "wishes_end": None,
    }


def _open(taking: _Taking, newest: RemoteSubscription) -> None:
    row, is_new = Subscription.objects.get_or_create(
        external_id=newest.id,
        defaults={
            "tenant_id": taking.tenant_id,
            "plan": taking.plans[newest.plan],
            "status": "active",
            "created_at": newest.created,
        },
    )
    row.plan, row.cancelled_at = taking.plans[newest.plan], None
    row.period_ends_at, row.ends_at = newest.period_ends_at, newest.ends_at
    if row.wishes_end is not None:  # not told yet: what the person chose shows
        row.ends_at = newest.period_ends_at if row.wishes_end else None
    row.save(update_fields=["plan", "cancelled_at", "period_ends_at", "ends_at"])
    if is_new:
        audit(taking.actor, "billing.subscribed", row, now=taking.now)
    status, since = _standing(taking, newest, row)
    _change_status(row, status, since, now=taking.now)


def _standing(
    taking: _Taking, newest: RemoteSubscription, row: Subscription
) -> tuple[str, datetime | None]:
    """The row's status and since when a payment is missing, from what was fetched."""
    if newest.status in ("active", "trialing"):
        return "active", None
    missing = [
        one.created
        for one in taking.remote.invoices
        if one.subscription == newest.id and one.status == "open" and one.attempts
    ]
    since = min(missing, default=row.past_due_since or taking.now)
    if newest.status in ("unpaid", "paused"):
        return "unpaid", since
    grace = timedelta(days=settings.BILLING_GRACE_DAYS)
    return ("past_due" if taking.now - since < grace else "unpaid"), since


def _change_status(
    row: Subscription, status: str, since: datetime | None, *, now: datetime
) -> None:
    """Write the status; owners are mailed when it turns to past_due or unpaid."""
    before, row.status, row.past_due_since = row.status, status, since
    row.save(update_fields=["status", "past_due_since"])
    if status in (before, "active"):
        return
    actor = system_actor(row.tenant_id, name="stripe")
    audit(actor, f"billing.{status}", row, now=now)
    until = (since or now) + timedelta(days=settings.BILLING_GRACE_DAYS)
    context = {
        "plan": row.plan.name,
        "until": until.date().isoformat(),
        "link": f"{settings.PUBLIC_URL}/billing/",
    }
    owners = Membership.objects.filter(role=Role.OWNER, user__is_active=True)
    for email in owners.values_list("user__email", flat=True):
        queue_mail(f"billing_{status}", email, context, now=now)


def _keep_invoice(taking: _Taking, one: RemoteInvoice) -> None:
    """Insert or update; the first sight of it paid is announced."""
    before = Invoice.objects.select_for_update().filter(external_id=one.id).first()
    row = before or Invoice(
        tenant_id=taking.tenant_id, external_id=one.id, created_at=one.created, status=""
    )
    was_paid = row.status == "paid"
    row.number, row.status, row.currency = one.number, one.status, one.currency
    row.amount_due_micros, row.amount_paid_micros = one.due_micros, one.paid_micros
    row.attempts, row.pdf_url, row.page_url = one.attempts, one.pdf_url, one.page_url
    row.save()
    if row.status == "paid" and not was_paid and row.amount_paid_micros:
        plan = next((sub.plan for sub in taking.ours() if sub.id == one.subscription), "")
        payload = payment_json(row, taking.plans.get(plan))
        announce("billing.payment_completed", payload, taking.actor, now=taking.now)


def _announce_failure(tenant_id: UUID, external_id: str, now: datetime) -> None:
    row = Invoice.objects.filter(external_id=external_id).first()
    if row is not None:
        current = current_subscription()
        payload = payment_json(row, current.plan if current else None)
        actor = system_actor(tenant_id, name="stripe")
        announce("billing.payment_failed", payload, actor, now=now)
