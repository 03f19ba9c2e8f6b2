"""Paying with Stripe: the real SDK against the fake on loopback, from link to end."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent, OutboxEvent
from accounts.queries import KEY_BY_DIGEST
from accounts.services.mail import send_due
from billing import services
from billing.models import CheckoutLink, Customer, Invoice, Subscription
from billing.queries import plan_of
from core.clock import now
from core.crypto import sha256_hex
from core.http import OutsideFetchError, call_operator_host
from core.tenancy import tenant_tx
from tests.fake_stripe import SECRET_KEY, WEBHOOK_SECRET, FakeStripe, served
from tests.openapi import problems
from webhooks.models import InboundEvent


@pytest.fixture
def fake(settings):
    with served(FakeStripe(now())) as state:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = SECRET_KEY, WEBHOOK_SECRET
        settings.STRIPE_API_URL = state.origin
        yield state
    assert state.refused == []


def call(cast, method: str, path: str, body=None, **headers):
    return Client().generic(
        method,
        f"/v1/billing/{path}",
        data=json.dumps(body) if body is not None else b"",
        content_type="application/json",
        headers=cast.headers | headers,
    )


def opened(cast, plan: str) -> tuple[str, str]:
    """(path of the mailed link, session) of a checkout a person has opened."""
    pending = call(cast, "POST", "subscribe", {"plan": plan}).json()
    link = "/api" + pending["checkout_url"].partition("/api")[2]
    page = Client().get(link)
    assert page.status_code == 302, page.content
    return link, page["Location"].rpartition("/")[2]


def deliver(fake, events=None) -> None:
    """Post the fake's events and process them."""
    batch = fake.events[:] if events is None else events
    del fake.events[: len(batch)]
    for event in batch:
        body, header = fake.signed(event, at=now())
        answer = Client().post(
            "/billing/stripe/webhook",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": header},
        )
        assert answer.status_code == 200
    services.process_due(now())


def subscribed(fake, cast, plan: str = "growth") -> str:
    _, session = opened(cast, plan)
    key = fake.pay(session)
    deliver(fake)
    return key


def told(cast, event_type: str) -> list[str]:
    with tenant_tx(cast.tenant.id):
        rows = OutboxEvent.objects.filter(event_type=event_type).order_by("environment")
        return [row.environment for row in rows]


def status(cast) -> dict:
    return call(cast, "GET", "status").json()


def test_a_plan_is_paid_by_the_mailed_link(acme, fake):
    pending = call(acme, "POST", "subscribe", {"plan": "growth"}).json()
    link = "/api" + pending["checkout_url"].partition("/api")[2]
    first, second = Client().get(link)["Location"], Client().get(link)["Location"]
    assert first == second
    assert plan_of(acme.tenant.id).slug == "free"
    fake.pay(first.rpartition("/")[2])
    state = f"subscribe/status?token={pending['token']}"
    assert call(acme, "GET", state).json()["status"] == "pending"
    deliver(fake)
    paid = call(acme, "GET", state).json()
    assert (paid["status"], paid["subscription"]["plan"]["name"]) == ("active", "Growth")
    found = status(acme)
    assert (found["plan"], found["status"], found["mode"]) == ("growth", "active", "stripe")
    assert found["subscription"]["renews_at"] is not None
    assert Client().get(link).status_code == 410
    assert told(acme, "billing.payment_completed") == ["live", "test"]
    [invoice] = call(acme, "GET", "invoices").json()["data"]
    assert (invoice["status"], invoice["amount_paid"], invoice["currency"]) == (
        "paid",
        149.0,
        "USD",
    )
    assert invoice["pdf_url"].endswith("/pdf")
    [session] = [given for method, path, given in fake.calls if path == "/v1/checkout/sessions"]
    price = session["line_items"]["0"]["price_data"]
    assert (price["unit_amount"], price["currency"]) == ("14900", "usd")


def test_cancel_lasts_until_the_period_ends_and_can_be_taken_back(acme, fake):
    key = subscribed(fake, acme)
    headers = {"Idempotency-Key": "one"}
    ended = call(acme, "POST", "cancel", **headers)
    assert problems("POST /v1/billing/cancel", ended) == []
    answer = ended.json()
    assert (answer["status"], answer["plan"]) == ("cancelling", "growth")
    assert answer["subscription"]["ends_at"] is not None
    assert fake.rows["subscription"][key]["cancel_at_period_end"] is False
    assert services.push_wishes(now()) == 1
    assert fake.rows["subscription"][key]["cancel_at_period_end"] is True
    assert status(acme)["subscription"]["ends_at"] == answer["subscription"]["ends_at"]
    assert call(acme, "POST", "resume").json()["subscription"]["ends_at"] is None
    assert call(acme, "POST", "cancel", **headers)["Idempotent-Replayed"] == "true"
    services.push_wishes(now())
    assert fake.rows["subscription"][key]["cancel_at_period_end"] is False
    assert call(acme, "POST", "resume").status_code == 409
    assert plan_of(acme.tenant.id).slug == "growth"
    call(acme, "POST", "cancel")
    services.push_wishes(now())
    fake.end(key)
    deliver(fake)
    assert status(acme)["plan"] == "free"
    assert call(acme, "POST", "cancel").status_code == 409


def test_a_wish_is_kept_while_the_provider_is_down(acme, fake):
    key = subscribed(fake, acme)
    call(acme, "POST", "cancel")
    fake.is_down = True
    assert services.push_wishes(now()) == 0
    assert status(acme)["subscription"]["ends_at"] is not None
    fake.is_down = False
    assert services.push_wishes(now()) == 1
    assert fake.rows["subscription"][key]["cancel_at_period_end"] is True


def test_free_does_not_leave_a_paid_subscription_running(acme, fake):
    subscribed(fake, acme)
    answer = call(acme, "POST", "subscribe", {"plan_id": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "cancel_first")
    assert plan_of(acme.tenant.id).slug == "growth"


def test_a_failed_payment_keeps_the_plan_for_its_grace_and_comes_back_when_paid(acme, fake):
    key = subscribed(fake, acme)
    fake.fail_renewal(key)
    deliver(fake)
    assert (status(acme)["status"], status(acme)["plan"]) == ("past_due", "growth")
    assert told(acme, "billing.payment_failed") == ["live", "test"]
    send_due(now())
    assert mail.outbox[-1].to == ["owner@acme.example"]
    assert "failed" in mail.outbox[-1].subject
    assert services.end_grace(now() + timedelta(days=6, hours=23)) == 0
    assert services.end_grace(now() + timedelta(days=7, minutes=1)) == 1
    assert services.end_grace(now() + timedelta(days=7, minutes=1)) == 0
    found = status(acme)
    assert (found["plan"], found["status"], found["limits"]["max_campaigns"]) == (
        "free",
        "unpaid",
        3,
    )
    assert requests_per_minute(acme) == 10
    with tenant_tx(acme.tenant.id):
        assert Subscription.objects.get().status == "unpaid"
    answer = call(acme, "POST", "subscribe", {"plan": "growth"})
    assert answer.json()["error"]["code"] == "payment_overdue"
    send_due(now() + timedelta(days=8))
    assert "paused" in mail.outbox[-1].subject
    mails = len(mail.outbox)
    fake.settle_invoice(key)
    deliver(fake)
    assert (status(acme)["status"], status(acme)["plan"]) == ("active", "growth")
    assert requests_per_minute(acme) == 60
    send_due(now() + timedelta(days=8))
    assert len(mail.outbox) == mails


def requests_per_minute(cast) -> int:
    row = KEY_BY_DIGEST.one(digest=sha256_hex(cast.token))
    return row["requests_per_minute"]


def test_a_larger_plan_replaces_the_smaller_one(acme, fake):
    older = subscribed(fake, acme, "standard")
    fake.now += timedelta(hours=1)
    newer = subscribed(fake, acme, "growth")
    deliver(fake)
    states = {key: row["status"] for key, row in fake.rows["subscription"].items()}
    assert states == {older: "canceled", newer: "active"}
    assert status(acme)["plan"] == "growth"
    with tenant_tx(acme.tenant.id):
        rows = Subscription.objects.order_by("created_at").values_list("external_id", "status")
        assert list(rows) == [(older, "cancelled"), (newer, "active")]


def test_the_portal_is_the_tenants_own(acme, rival, fake):
    subscribed(fake, acme)
    answer = call(acme, "POST", "portal")
    assert problems("POST /v1/billing/portal", answer) == []
    with tenant_tx(acme.tenant.id):
        customer = Customer.objects.get().external_id
    assert answer.json()["url"].endswith(customer)
    assert answer["Cache-Control"] == "no-store"
    assert call(rival, "POST", "portal").status_code == 409


def test_a_provider_that_is_down_changes_nothing(acme, fake):
    pending = call(acme, "POST", "subscribe", {"plan": "growth"}).json()
    fake.is_down = True
    page = Client().get("/api" + pending["checkout_url"].partition("/api")[2])
    assert page.status_code == 502
    assert b"nothing was changed" in page.content
    with tenant_tx(acme.tenant.id):
        assert CheckoutLink.objects.get().session_id == ""
        assert not Customer.objects.exists()


def test_a_lost_webhook_is_made_up_for(acme, fake):
    _, session = opened(acme, "growth")
    fake.pay(session)
    fake.events.clear()
    assert services.refresh_stale(now()) == 0
    later = now() + timedelta(minutes=2)
    assert services.refresh_stale(later) == 1
    assert status(acme)["plan"] == "growth"
    assert services.refresh_stale(later + timedelta(minutes=2)) == 0
    assert services.refresh_stale(later + timedelta(days=1, minutes=1)) == 1


def test_events_of_strangers_are_kept_and_ignored(acme, fake):
    event = {"id": "evt_1", "type": "invoice.paid"}
    deliver(fake, [event | {"data": {"object": {"id": "in_1", "customer": "cus_other"}}}])
    assert InboundEvent.objects.get().state == "ignored"
    assert plan_of(acme.tenant.id).slug == "free"


def test_a_subscription_of_another_tenant_or_plan_is_not_taken_over(acme, rival, fake):
    key = subscribed(fake, acme)
    for wrong in ({"tenant": str(rival.tenant.id)}, {"plan": "gold"}):
        before = fake.rows["subscription"][key]["metadata"]
        fake.rows["subscription"][key]["metadata"] = before | wrong
        services.refresh(acme.tenant.id, now=now())
        assert status(acme)["plan"] == "free"
        fake.rows["subscription"][key]["metadata"] = before
        services.refresh(acme.tenant.id, now=now())
        assert status(acme)["plan"] == "growth"
    assert status(rival)["plan"] == "free"


def test_a_payment_is_told_once_however_often_it_is_fetched(acme, fake):
    subscribed(fake, acme)
    for _ in range(3):
        services.refresh(acme.tenant.id, now=now())
    assert told(acme, "billing.payment_completed") == ["live", "test"]
    with tenant_tx(acme.tenant.id):
        assert Invoice.objects.count() == 1
        assert AuditEvent.objects.filter(event_type="billing.subscribed").count() == 1


def test_calls_leave_for_the_configured_host_alone(fake):
    for url in ("http://127.0.0.1:1/v1", "https://evil.example/v1", fake.origin + "1/v1"):
        with pytest.raises(OutsideFetchError):
            call_operator_host("GET", url, origin=fake.origin, headers={})
    assert fake.calls == []


def test_the_fake_refuses_what_the_sdk_does_not_know(fake):
    for body in ("wrong=1", "metadata=x", "metadata[a]=b&colour=red"):
        answer = fake.answer(
            "POST", "/v1/customers", body, {"Authorization": f"Bearer {SECRET_KEY}"}
        )
        assert answer[0] == 400
    assert len(fake.refused) == 3
    fake.refused.clear()
