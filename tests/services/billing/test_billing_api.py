"""Surface A: /billing over HTTP."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent
from accounts.services.mail import send_due
from billing.models import CheckoutLink, Subscription
from billing.queries import plan_of
from core.clock import now
from core.tenancy import tenant_tx


def call(cast, method: str, path: str, body=None):
    return Client().generic(
        method,
        f"/v1/billing/{path}",
        data=json.dumps(body) if body is not None else b"",
        content_type="application/json",
        headers=cast.headers if cast else {},
    )


def test_plans_are_public_and_in_order(db):
    answer = call(None, "GET", "plans")
    assert [
        (row["id"], row["name"], row["price"], row["currency"]) for row in answer.json()["data"]
    ] == [
        (1, "Free", 0.0, "USD"),
        (2, "Standard", 49.0, "USD"),
        (3, "Flexible", 199.0, "USD"),
        (4, "Growth", 149.0, "USD"),
    ]


def test_free_is_active_at_once(acme):
    body = call(acme, "POST", "subscribe", {"plan_id": 1}).json()
    assert (body["status"], body["subscription"]["plan"]["name"]) == ("active", "Free")
    assert body["subscription"]["active"] is True


@pytest.mark.parametrize(
    ("body", "plan_id"),
    [
        ({"plan_id": 4}, 4),
        ({"plan": "growth", "billing_cycle": "monthly", "payment_method": "email"}, 4),
        ({"plan": "STARTER"}, 2),
        ({"plan": "Agency"}, 3),
        ({"plan": "flexible", "plan_id": 3}, 3),
    ],
)
def test_paid_plan_waits_for_the_mailed_link(acme, body, plan_id):
    answer = call(acme, "POST", "subscribe", body)
    assert answer.status_code == 200, answer.content
    pending = answer.json()
    assert set(pending) == {"status", "plan", "checkout_url", "token", "message", "expires_at"}
    assert (pending["status"], pending["plan"]["id"]) == ("pending", plan_id)
    send_due(now())
    assert pending["checkout_url"] in mail.outbox[-1].body
    state = call(acme, "GET", f"subscribe/status?token={pending['token']}").json()
    assert state["status"] == "pending"
    assert plan_of(acme.tenant.id).slug == "free"


@pytest.mark.parametrize(
    "body",
    [{}, {"plan_id": 9}, {"plan": "gold"}, {"plan": "growth", "plan_id": 3}, {"plan_id": "4"}],
)
def test_unclear_plan_is_422(acme, body):
    assert call(acme, "POST", "subscribe", body).status_code == 422
    with tenant_tx(acme.tenant.id):
        assert CheckoutLink.objects.count() == 0


def test_checkout_link_activates_once_and_says_that_nothing_was_paid(acme):
    pending = call(acme, "POST", "subscribe", {"plan": "growth"}).json()
    path = pending["checkout_url"].partition("8000")[2]
    page = Client().get(path, follow=True)
    assert b"No payment was taken." in page.content
    assert Client().get(path).status_code == 410
    state = call(acme, "GET", f"subscribe/status?token={pending['token']}").json()
    assert (state["status"], state["subscription"]["plan"]["name"]) == ("active", "Growth")
    status = call(acme, "GET", "status").json()
    assert (status["plan"], status["subscription"]["active"]) == ("growth", True)
    assert status["limits"]["max_campaigns"] == 100
    with tenant_tx(acme.tenant.id):
        assert Subscription.objects.count() == 1
        assert AuditEvent.objects.filter(event_type="billing.subscribed").count() == 1


def test_old_checkout_link_is_dead(acme):
    pending = call(acme, "POST", "subscribe", {"plan": "growth"}).json()
    with tenant_tx(acme.tenant.id):
        CheckoutLink.objects.update(expires_at=now() - timedelta(seconds=1))
    assert Client().get(pending["checkout_url"].partition("8000")[2]).status_code == 410
    state = call(acme, "GET", f"subscribe/status?token={pending['token']}").json()
    assert state["status"] == "expired"
    assert plan_of(acme.tenant.id).slug == "free"


def test_rival_learns_nothing_of_a_checkout(acme, rival):
    token = call(acme, "POST", "subscribe", {"plan": "growth"}).json()["token"]
    assert call(rival, "GET", f"subscribe/status?token={token}").status_code == 404


def test_cancel_ends_the_plan_and_then_there_is_nothing_to_cancel(acme):
    pending = call(acme, "POST", "subscribe", {"plan": "growth"}).json()
    Client().get(pending["checkout_url"].partition("8000")[2])
    assert call(acme, "POST", "cancel").json()["plan"] == "free"
    assert plan_of(acme.tenant.id).slug == "free"
    assert call(acme, "POST", "cancel").status_code == 409


def test_invoices_are_an_empty_page(acme):
    assert call(acme, "GET", "invoices").json() == {
        "data": [],
        "pagination": {"next_cursor": None, "has_more": False, "total": 0},
    }
