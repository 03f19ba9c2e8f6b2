"""The owner's billing page: plan, credits, invoices, cancelling and what is overdue."""

from datetime import timedelta

import pytest
from django.test import Client

from billing.models import CheckoutLink, Invoice, Subscription
from billing.queries import plan_of
from core.actors import Role
from core.clock import now
from core.tenancy import tenant_tx
from tests.cast import NOW


def browser(cast, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(cast.people[role])
    session = client.session
    session["tenant_id"] = str(cast.tenant.id)
    session.save()
    return client


def paid(cast, **fields) -> None:
    values = {"plan_id": 4, "status": "active", "created_at": NOW, "external_id": "sub_1"}
    with tenant_tx(cast.tenant.id):
        Subscription.objects.create(tenant_id=cast.tenant.id, **values | fields)


def test_owner_sees_plan_credits_and_no_invoices(acme):
    page = browser(acme).get("/billing/").content.decode()
    for text in ("Free", "10 a minute, 500 a day", "0 of 10 used", "No invoices yet", "$149.00"):
        assert text in page
    assert "Plans are activated without a payment." in page
    assert "Cancel the plan" not in page


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.OWNER])
def test_billing_is_the_owners(acme, role):
    client = browser(acme, role)
    assert client.get("/billing/").status_code == 403
    assert client.post("/billing/choose/", {"plan_id": "4"}).status_code == 403
    assert client.post("/billing/cancel/").status_code == 403
    assert b'href="/billing/"' not in client.get("/campaigns/").content
    with tenant_tx(acme.tenant.id):
        assert not CheckoutLink.objects.exists()


def test_choosing_a_plan_leads_to_its_checkout_and_cancelling_to_free(acme):
    client = browser(acme)
    answer = client.post("/billing/choose/", {"plan_id": "4"})
    assert "/billing/checkout?token=" in answer["Location"]
    client.get("/api" + answer["Location"].partition("/api")[2])
    assert "Growth" in client.get("/billing/").content.decode()
    assert plan_of(acme.tenant.id).slug == "growth"
    assert client.post("/billing/cancel/").status_code == 302
    assert plan_of(acme.tenant.id).slug == "free"
    assert client.post("/billing/cancel/").status_code == 409
    assert client.post("/billing/choose/", {"plan_id": "x"}).status_code == 422


def test_a_plan_that_ends_can_be_kept(acme):
    paid(acme, ends_at=now() + timedelta(days=3), period_ends_at=now() + timedelta(days=3))
    client = browser(acme)
    assert "Keep the plan" in client.get("/billing/").content.decode()
    assert client.post("/billing/resume/").status_code == 302
    assert "Cancel the plan" in client.get("/billing/").content.decode()


@pytest.mark.parametrize(
    ("status", "text"),
    [("past_due", "The last payment failed."), ("unpaid", "Growth is paused")],
)
def test_a_missing_payment_is_said(acme, status, text):
    paid(acme, status=status, past_due_since=NOW)
    assert text in browser(acme).get("/billing/").content.decode()


def test_invoices_are_the_tenants_own_and_link_their_documents(acme, rival):
    for cast in (acme, rival):
        with tenant_tx(cast.tenant.id):
            Invoice.objects.create(
                tenant_id=cast.tenant.id,
                external_id="in_1",
                number=f"{cast.tenant.name}-1",
                status="open",
                amount_due_micros=149_000_000,
                amount_paid_micros=0,
                currency="USD",
                pdf_url="https://pay.stripe.example/pdf",
                page_url="https://pay.stripe.example/page",
                created_at=NOW,
            )
    page = browser(acme).get("/billing/").content.decode()
    assert "acme-1" in page
    assert "rival-1" not in page
    assert 'href="https://pay.stripe.example/pdf"' in page
    assert 'href="https://pay.stripe.example/page"' in page
