"""Super-admins see every tenant, change nothing by hand, and leave a trace."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, SystemAuditEvent, Tenant, User, Verdict
from accounts.rls import tenant_models
from accounts.superadmin import ReadOnlyAdmin, is_secret
from campaigns.models import Campaign, Dispatch
from core.tenancy import tenant_tx
from tests import roles
from tests.cast import NOW, Cast
from tests.services.campaigns.stage import connect, running

MODELS = [
    model
    for model in admin.site._registry
    if issubclass(type(admin.site._registry[model]), ReadOnlyAdmin)
]


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@adamant.example", "x" * 20, created_at=NOW)


@pytest.fixture
def signed_in(client: Client, root: User) -> Client:
    client.force_login(root)
    return client


@pytest.fixture
def admin_role(db: None, settings: Any) -> Iterator[None]:
    settings.ADMIN_DATABASE = "default"
    with roles.admin_role():
        yield


def campaign_of(cast: Cast) -> Campaign:
    with tenant_tx(cast.tenant.id):
        return Campaign.objects.create(
            tenant_id=cast.tenant.id,
            business=cast.test_business,
            environment="test",
            name=f"{cast.tenant.name} spring",
            objective="TRAFFIC",
            budget_micros=20_000_000,
            currency="USD",
            created_at=NOW,
            updated_at=NOW,
        )


def test_every_tenant_table_is_registered_read_only() -> None:
    missing = [
        model.__name__
        for model in tenant_models()
        if model not in admin.site._registry and model.__name__ not in INTERNAL
    ]
    assert missing == []
    assert all(isinstance(one, ReadOnlyAdmin) for one in admin.site._registry.values())


# Rows that no super-admin has a question about: locks, kept answers, texts beside the chain; and
# what an organisation's own pages and API show it.
INTERNAL = {
    "AlertRule",
    "AppRegistration",
    "BrandRules",
    "CreditLedger",
    "CreditReservation",
    "Customer",
    "Generation",
    "Invoice",
    "Rule",
    "RuleFiring",
    "StoredSuggestion",
    "Asset",
    "AuditDetail",
    "AuditHead",
    "CampaignTotals",
    "CheckoutLink",
    "IdempotencyRecord",
    "MetricFact",
    "OutgoingMail",
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_list_shows_and_offers_no_writing(signed_in: Client, admin_role: None, model: Any) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert signed_in.get(reverse(f"{name}_changelist")).status_code == 200
    assert signed_in.get(reverse(f"{name}_add")).status_code == 403


def test_lists_show_every_tenant(
    signed_in: Client, acme: Cast, rival: Cast, admin_role: None
) -> None:
    page = signed_in.get(reverse("admin:accounts_business_changelist")).content.decode()
    assert acme.test_business.name in page
    assert rival.test_business.name in page


def test_detail_hides_sealed_and_hashed_values(
    signed_in: Client, acme: Cast, admin_role: None
) -> None:
    address = reverse("admin:accounts_apikey_change", args=[acme.key.pk])
    page = signed_in.get(address).content.decode()
    assert acme.key.name in page
    assert acme.key.digest not in page


def test_no_admin_page_has_a_secret_column() -> None:
    shown = [
        f"{model.__name__}.{field.name}"
        for model, one in admin.site._registry.items()
        for field in model._meta.fields
        if is_secret(field) and field.name in one.get_fields(None)
    ]
    assert shown == []


def test_posting_a_change_is_refused(signed_in: Client, acme: Cast, admin_role: None) -> None:
    campaign = campaign_of(acme)
    address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    assert signed_in.post(address, {"name": "hijacked"}).status_code == 403
    with tenant_tx(acme.tenant.id):
        assert Campaign.objects.get().name == "acme spring"


@pytest.mark.parametrize("who", ["nobody", "member"])
def test_others_do_not_get_in(client: Client, acme: Cast, who: str) -> None:
    if who == "member":
        client.force_login(next(iter(acme.people.values())))
    response = client.get(reverse("admin:index"), follow=True)
    if who == "member":
        assert response.status_code == 403
    else:
        assert response.redirect_chain[-1][0].startswith("/accounts/login/")


def test_super_admin_needs_a_second_factor_behind_tls(
    signed_in: Client, root: User, settings: Any
) -> None:
    settings.SECURE = True
    assert signed_in.get(reverse("admin:index"), follow=True).status_code == 403


def test_looking_and_acting_leave_system_audit_rows(
    signed_in: Client, acme: Cast, admin_role: None
) -> None:
    signed_in.get(reverse("admin:accounts_tenant_changelist"))
    events = list(SystemAuditEvent.objects.order_by("chain_seq").values_list("event_type", "facts"))
    assert events == [("admin.opened", {"page": "accounts_tenant_changelist", "method": "GET"})]


def act(client: Client, model: str, action: str, pk: Any) -> Any:
    return client.post(
        reverse(f"admin:{model}_changelist"), {"action": action, "_selected_action": [str(pk)]}
    )


def test_suspending_a_tenant_is_audited_there(signed_in: Client, acme: Cast, rival: Cast) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("one connection cannot be admin and runtime role in one request")
    assert act(signed_in, "accounts_tenant", "suspend", acme.tenant.pk).status_code == 302
    assert Tenant.objects.get(pk=acme.tenant.pk).is_suspended
    assert not Tenant.objects.get(pk=rival.tenant.pk).is_suspended
    with tenant_tx(acme.tenant.id):
        event = AuditEvent.objects.get(event_type="tenant.suspended")
    assert (event.actor_kind, event.channel) == ("user", "admin")


def test_pausing_goes_through_the_gate(signed_in: Client, acme: Cast) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("one connection cannot be admin and runtime role in one request")
    campaign = running(acme, connect(acme))
    assert act(signed_in, "campaigns_campaign", "pause", campaign.pk).status_code == 302
    with tenant_tx(acme.tenant.id):
        verdict = Verdict.objects.get()
        dispatch = Dispatch.objects.get()
    assert (verdict.command_kind, verdict.decision) == ("pause_campaign", "allow")
    assert (dispatch.id, dispatch.actor_kind, dispatch.state) == (verdict.id, "user", "ready")
