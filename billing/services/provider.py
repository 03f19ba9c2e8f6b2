"""Stripe, as far as this product needs it: the official SDK, whose every call leaves through
`core.http` to the one configured host. No function here is called inside a transaction.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, override
from uuid import UUID

import pydantic
import stripe
import structlog
from django.conf import settings

from billing.models import CheckoutLink, Plan
from core.errors import AppError
from core.http import OutsideFetchError, call_operator_host
from core.money import minor_micros

log = structlog.get_logger(__name__)
TOLERANCE_S = 300
LIVE = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
# A session lives for 30 minutes to 24 hours by Stripe's clock: one ends ten minutes before its
# link, since clocks differ, and one that is made late outlives it.
SKEW, LATE, LATE_SESSION = timedelta(minutes=10), timedelta(minutes=45), timedelta(minutes=60)
stripe.enable_telemetry = False


class PaymentProviderError(AppError):
    """Stripe did not answer, or refused; nothing was changed here."""

    code = "payment_provider_unavailable"
    status = 502
    message = "The payment provider did not answer as expected."
    hint = "Try again in a minute; nothing was changed here."


class SignatureError(ValueError):
    """A webhook that Stripe did not sign, or not within five minutes of now."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a webhook says: that something changed. Its content is fetched, never believed."""

    id: str
    type: str
    customer: str
    object_id: str


@dataclass(frozen=True, slots=True)
class RemoteSubscription:
    """Stripe's subscription: `status` in Stripe's words, metadata as we wrote it at checkout."""

    id: str
    status: str
    created: datetime
    tenant: str
    plan: str
    checkout: str
    period_ends_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RemoteInvoice:
    """Stripe's invoice, amounts in micros."""

    id: str
    subscription: str
    number: str
    status: str
    due_micros: int
    paid_micros: int
    currency: str
    attempts: int
    pdf_url: str
    page_url: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Remote:
    """A customer's state at one moment: all subscriptions, the newest invoices."""

    subscriptions: tuple[RemoteSubscription, ...]
    invoices: tuple[RemoteInvoice, ...]


class _GuardedTransport(stripe.HTTPClient):
    """The SDK's transport by way of the outbound guard."""

    name = "adamant"

    @override
    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        try:
            answer = call_operator_host(
                method.upper(),
                url,
                origin=settings.STRIPE_API_URL,
                headers=headers or {},
                content=(post_data or "").encode(),
            )
        except OutsideFetchError as error:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                "no answer", should_retry=True
            ) from error
        return answer.body.decode(), answer.status, answer.headers

    def close(self) -> None:
        """Nothing is kept open."""


def is_configured() -> bool:
    """Whether plans are paid for here; otherwise checkout links activate them by themselves."""
    return bool(settings.STRIPE_SECRET_KEY)


def _client() -> stripe.StripeClient:
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        http_client=_GuardedTransport(),
        base_addresses={"api": settings.STRIPE_API_URL},
        max_network_retries=1,
    )


@contextmanager
def _calls() -> Iterator[stripe.StripeClient]:
    """The SDK; its errors become PaymentProviderError."""
    try:
        yield _client()
    except stripe.StripeError as error:
        log.warning("stripe_failed", kind=type(error).__name__, code=error.code)
        raise PaymentProviderError from error


def create_customer(tenant_id: UUID) -> str:
    """The id of the tenant's customer; the same one however often it is asked for within a day."""
    with _calls() as api:
        made = api.v1.customers.create(
            {"metadata": {"tenant": str(tenant_id)}},
            {"idempotency_key": f"customer-{tenant_id}"},
        )
    return made.id


def open_checkout(
    link: CheckoutLink, plan: Plan, customer: str, *, now: datetime
) -> tuple[str, str]:
    """(session id, address of its page) of a link, the same one for every call."""
    with _calls() as api:
        if link.session_id:
            found = api.v1.checkout.sessions.retrieve(link.session_id)
            return found.id, found.url or ""
        is_late = link.expires_at - now < LATE
        ends = link.expires_at + (LATE_SESSION if is_late else -SKEW)
        metadata = {"tenant": str(link.tenant_id), "plan": plan.slug, "checkout": str(link.pk)}
        back = f"{settings.PUBLIC_URL}/billing/checkout/done/"
        made = api.v1.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": customer,
                "client_reference_id": str(link.pk),
                "line_items": [{"quantity": 1, "price_data": _price(plan)}],
                "subscription_data": {"metadata": metadata},
                "metadata": metadata,
                "expires_at": int(ends.timestamp()),
                "success_url": f"{back}?result=paid",
                "cancel_url": f"{back}?result=cancelled",
            },
            {"idempotency_key": f"checkout-{link.pk}-{int(ends.timestamp())}"},
        )
    return made.id, made.url or ""


def _price(plan: Plan) -> Any:
    return {
        "currency": plan.currency.lower(),
        "unit_amount": plan.price_micros // minor_micros(plan.currency),
        "recurring": {"interval": "month"},
        "product_data": {"name": plan.name},
    }


def fetch(customer: str) -> Remote:
    """The customer's state as Stripe holds it now."""
    with _calls() as api:
        subscriptions = api.v1.subscriptions.list(
            {"customer": customer, "status": "all", "limit": 100}
        )
        invoices = api.v1.invoices.list({"customer": customer, "limit": 50})
    return Remote(
        tuple(_subscription(one) for one in subscriptions.data),
        tuple(_invoice(one) for one in invoices.data if one.status != "draft"),
    )


def set_ending(subscription: str, *, ending: bool) -> None:
    """Let the subscription end with its period, or go on again."""
    with _calls() as api:
        api.v1.subscriptions.update(subscription, {"cancel_at_period_end": ending})


def end_now(subscription: str) -> None:
    """End a subscription that a newer one replaced; what was paid ahead is credited."""
    with _calls() as api:
        api.v1.subscriptions.cancel(subscription, {"prorate": True})


def portal_url(customer: str) -> str:
    """A short-lived page of Stripe's where a person changes card and address."""
    with _calls() as api:
        made = api.v1.billing_portal.sessions.create(
            {"customer": customer, "return_url": f"{settings.PUBLIC_URL}/billing/"}
        )
    return made.url


def verify(body: bytes, header: str, *, now: datetime) -> Notice:
    """The notice of a signed webhook. Raises SignatureError; the SDK checks the signature but
    neither that the stamp lies in the past nor the clock we read.
    """
    try:
        stripe.WebhookSignature.verify_header(body, header, settings.STRIPE_WEBHOOK_SECRET)
        stamp = next(int(part[2:]) for part in header.split(",") if part.startswith("t="))
    except (stripe.SignatureVerificationError, ValueError, TypeError, StopIteration) as error:
        raise SignatureError from error
    if abs(now.timestamp() - stamp) > TOLERANCE_S:
        raise SignatureError("stamped too long ago, or ahead of time")
    try:
        event = _Event.model_validate_json(body)
    except ValueError as error:
        raise SignatureError("no event") from error
    subject = event.data.object
    owner = subject.get("id") if subject.get("object") == "customer" else subject.get("customer")
    return Notice(event.id, event.type, str(owner or ""), str(subject.get("id") or ""))


class _EventData(pydantic.BaseModel):
    object: dict[str, Any]


class _Event(pydantic.BaseModel):
    id: str
    type: str
    data: _EventData


def _moment(stamp: Any) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def _subscription(one: stripe.Subscription) -> RemoteSubscription:
    periods = [item.current_period_end for item in one["items"].data]
    period_ends_at = _moment(max(periods, default=None))
    ends_at = _moment(one.cancel_at)
    if ends_at is None and one.cancel_at_period_end:
        ends_at = period_ends_at
    metadata = one.metadata.to_dict()
    return RemoteSubscription(
        id=one.id,
        status=one.status,
        created=datetime.fromtimestamp(one.created, UTC),
        tenant=str(metadata.get("tenant", "")),
        plan=str(metadata.get("plan", "")),
        checkout=str(metadata.get("checkout", "")),
        period_ends_at=period_ends_at,
        ends_at=ends_at,
        ended_at=_moment(one.ended_at),
    )


def _invoice(one: stripe.Invoice) -> RemoteInvoice:
    details = one.parent.subscription_details if one.parent is not None else None
    subscription = details.subscription if details is not None else ""
    currency = one.currency.upper()
    micros = minor_micros(currency)
    return RemoteInvoice(
        id=one.id,
        subscription=subscription if isinstance(subscription, str) else subscription.id,
        number=one.number or "",
        status=one.status or "",
        due_micros=one.amount_due * micros,
        paid_micros=one.amount_paid * micros,
        currency=currency,
        attempts=one.attempt_count,
        pdf_url=one.invoice_pdf or "",
        page_url=one.hosted_invoice_url or "",
        created=datetime.fromtimestamp(one.created, UTC),
    )
