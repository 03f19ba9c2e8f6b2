"""Signed-in browsers and proposals for page tests."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, PendingAction
from core.actors import Role
from core.clock import now
from core.ids import new_uuid
from core.tenancy import tenant_tx
from tests.cast import Cast

Browse = Callable[[Cast, Role], Client]


@pytest.fixture
def browse() -> Browse:
    """A client with a session of the person with a role."""

    def sign_in(cast: Cast, role: Role = Role.BUYER) -> Client:
        client = Client()
        client.force_login(cast.people[role], backend="accounts.backends.PersonBackend")
        return client

    return sign_in


def add_campaign(cast: Cast, **values: Any) -> Campaign:
    """A campaign of the test business, at the platform since two days."""
    at = now() - timedelta(days=2)
    fields: dict[str, Any] = {
        "business": cast.test_business,
        "environment": "test",
        "name": "Spring sale",
        "status": "ACTIVE",
        "effective_status": "ACTIVE",
        "external_id": "23850000000000001",
        "objective": "CONVERSIONS",
        "platforms": ["facebook"],
        "budget_micros": 50_000_000,
        "currency": "USD",
        "created_at": at,
        "updated_at": at,
    }
    with tenant_tx(cast.tenant.id):
        return Campaign.objects.create(tenant_id=cast.tenant.id, **{**fields, **values})


def pending_row(cast: Cast, campaign: Campaign, **values: Any) -> PendingAction:
    """An unsaved proposal of the agent: 50 to 60 dollars a day."""
    at = now() - timedelta(minutes=5)
    fields: dict[str, Any] = {
        "business_id": campaign.business_id,
        "environment": campaign.environment,
        "campaign_id": campaign.pk,
        "command_kind": "set_daily_budget",
        "command": {},
        "command_digest": new_uuid().hex,
        "target_type": "campaign",
        "target_id": campaign.pk,
        "target_name": campaign.name,
        "axes": ["tactical"],
        "before": {"budget_micros": 50_000_000},
        "after": {"budget_micros": 60_000_000},
        "fingerprint": "f",
        "rationale": "<b>Cheap</b> conversions at 8 pm.",
        "proposer_kind": "api_key",
        "proposer_id": cast.agent.id,
        "proposer_label": cast.agent.label,
        "proposer_chain": list(cast.agent.roots),
        "channel": "rest",
        "risk": "medium",
        "risk_reasons": ["budget_up"],
        "exposure_delta_micros": 17_500_000,
        "currency": "USD",
        "verdict_id": new_uuid(),
        "expires_at": at + timedelta(hours=72),
        "created_at": at,
    }
    return PendingAction(tenant_id=cast.tenant.id, **{**fields, **values})


def add_pending(cast: Cast, campaign: Campaign, **values: Any) -> PendingAction:
    """The proposal, saved."""
    with tenant_tx(cast.tenant.id):
        row = pending_row(cast, campaign, **values)
        row.save(force_insert=True)
    return row
