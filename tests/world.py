"""One of everything a tenant can own, for suites that call every route.

`KINDS` names each kind of object with its id prefix and its builder; a builder makes the object in
the business it is given and returns the row. A room adds a line when it adds an object.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from PIL import Image

from accounts.domain.scopes import CANONICAL
from accounts.models import (
    AppRegistration,
    AuditEvent,
    Business,
    Invitation,
    Membership,
    OAuthApplication,
)
from accounts.services.evidence import record_audit
from accounts.services.keys import create_key
from analytics.models import Alert, AlertRule, Report
from analytics.optimizer.models import Rule, RuleFiring, StoredSuggestion
from billing.models import Invoice
from campaigns.models import Ad, AdSet, Campaign, Creative, Dispatch, PendingAction, PolicyChange
from core.actors import Role
from core.clock import now
from core.crypto import sha256_hex
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from creatives.models import Asset, Generation
from creatives.services.assets import store_image
from platforms.models import AdAccount, Connection
from tests.cast import NOW, Cast, make_cast
from webhooks import services as webhooks
from webhooks.models import Delivery


@dataclass
class World:
    """A cast, a second test business, the objects built so far, and tokens of several strengths."""

    cast: Cast
    other_business: Business
    token: str  # every scope, whole tenant
    bound_token: str  # every scope, bound to `other_business`
    poor_token: str  # no scope
    revoked_token: str
    rows: dict[str, Any] = field(default_factory=dict)

    @property
    def business(self) -> Business:
        return self.cast.test_business

    def row(self, kind: str) -> Any:
        """The world's object of a kind, built on first use inside the tenant's scope."""
        if kind not in self.rows:
            self.rows[kind] = KINDS[kind].build(self)
        return self.rows[kind]

    def id(self, kind: str) -> str:
        """The object's public id."""
        return encode(KINDS[kind].prefix, self.row(kind).pk)

    def marks(self) -> set[str]:
        """Texts that betray this tenant in somebody else's answer."""
        ids = [self.cast.tenant.id, self.business.id, self.other_business.id]
        ids += [row.pk for row in self.rows.values()]
        return (
            {str(one) for one in ids}
            | {encode("x", one).removeprefix("x_") for one in ids}
            | {self.cast.tenant.name}
        )


@dataclass(frozen=True)
class Kind:
    """A kind of object: prefix of its ids, builder, whether it belongs to one business."""

    prefix: str
    build: Callable[[World], Any]
    per_business: bool = True

    def missing_id(self) -> str:
        return encode(self.prefix, new_uuid())


def make_world(name: str) -> World:
    """A tenant with nothing but its cast, a second business and keys."""
    cast = make_cast(name)
    owner = cast.people[Role.OWNER]
    with tenant_tx(cast.tenant.id):
        other = Business.objects.create(
            tenant_id=cast.tenant.id, name=f"{name} other", environment="test", created_at=NOW
        )

        def token(scopes: Any, *, business_id: UUID | None = None) -> tuple[Any, str]:
            return create_key(
                tenant_id=cast.tenant.id,
                user_id=owner.id,
                name=f"{name} key",
                environment="test",
                scopes=scopes,
                root=encode("user", owner.id),
                now=NOW,
                business_id=business_id,
                granted_by_person=True,
            )

        _, strong = token(CANONICAL)
        _, bound = token(CANONICAL, business_id=other.id)
        _, poor = token([])
        revoked_key, revoked = token(CANONICAL)
        revoked_key.revoked_at = NOW
        revoked_key.save()
    return World(cast, other, strong, bound, poor, revoked)


def _connection(world: World) -> Connection:
    return Connection.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        platform="meta",
        environment="test",
        status="connected",
        external_user_name=f"{world.cast.tenant.name} person",
        created_at=NOW,
    )


def _ad_account(world: World) -> AdAccount:
    return AdAccount.objects.create(
        tenant_id=world.cast.tenant.id,
        connection=world.row("connection"),
        business=world.business,
        platform="meta",
        environment="test",
        external_id="act_1",
        name=f"{world.cast.tenant.name} account",
        currency="USD",
        timezone="UTC",
        status="active",
        is_default=True,
        created_at=NOW,
    )


def _campaign(world: World) -> Campaign:
    return Campaign.objects.create(
        tenant_id=world.cast.tenant.id,
        name=f"{world.cast.tenant.name} campaign",
        business=world.business,
        environment="test",
        ad_account=world.row("ad_account"),
        objective="TRAFFIC",
        platforms=["facebook"],
        budget_micros=20_000_000,
        currency="USD",
        created_at=NOW,
        updated_at=NOW,
    )


def _ad_set(world: World) -> AdSet:
    return AdSet.objects.create(
        tenant_id=world.cast.tenant.id,
        name=f"{world.cast.tenant.name} set",
        campaign=world.row("campaign"),
        targeting={"locations": [{"type": "country", "value": "US"}]},
        created_at=NOW,
        updated_at=NOW,
    )


def _creative(world: World) -> Creative:
    return Creative.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        headline=f"{world.cast.tenant.name} headline",
        link_url="https://example.com/",
        created_at=NOW,
    )


def _ad(world: World) -> Ad:
    return Ad.objects.create(
        tenant_id=world.cast.tenant.id,
        name=f"{world.cast.tenant.name} ad",
        campaign=world.row("campaign"),
        ad_set=world.row("ad_set"),
        creative=world.row("creative"),
        created_at=NOW,
        updated_at=NOW,
    )


def _pending(world: World) -> PendingAction:
    return PendingAction.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        campaign_id=world.row("campaign").pk,
        command_kind="pause_campaign",
        command={"campaign_id": world.id("campaign")},
        command_digest="0" * 64,
        target_type="campaign",
        target_id=world.row("campaign").pk,
        target_name=world.row("campaign").name,
        axes=["structural"],
        fingerprint="0" * 64,
        proposer_kind="api_key",
        proposer_id="key_proposer",
        proposer_chain=["key_proposer"],
        channel="rest",
        risk="low",
        verdict_id=new_uuid(),
        expires_at=NOW + timedelta(days=36_500),
        created_at=NOW,
    )


def _job(world: World) -> Dispatch:
    return Dispatch.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        platform="meta",
        ad_account_id=world.row("ad_account").pk,
        campaign_id=world.row("campaign").pk,
        state="done",
        command_kind="pause_campaign",
        command={"campaign_id": world.id("campaign")},
        command_digest="1" * 64,
        target_type="campaign",
        target_id=world.row("campaign").pk,
        actor_kind="api_key",
        actor_id="key_proposer",
        next_attempt_at=NOW,
        created_at=NOW,
    )


def _policy_change(world: World) -> PolicyChange:
    """Longer expiry, proposed by the admin."""
    admin = world.cast.people[Role.ADMIN]
    return PolicyChange.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        kind="rules",
        target_id=encode("biz", world.business.pk),
        before={"approval_expiry_h": 72},
        after={"approval_expiry_h": 96},
        digest="0" * 64,
        proposer_id=encode("user", admin.pk),
        expires_at=NOW + timedelta(days=36_500),
        created_at=NOW,
    )


def _session(world: World) -> Any:
    owner = world.cast.people[Role.OWNER]
    key, _ = create_key(
        tenant_id=world.cast.tenant.id,
        user_id=owner.id,
        name=f"{world.cast.tenant.name} log-in",
        environment="test",
        scopes=["campaigns:read"],
        root=encode("user", owner.id),
        purpose="login",
        now=NOW,
    )
    return key


def _key(world: World) -> Any:
    owner = world.cast.people[Role.OWNER]
    key, _ = create_key(
        tenant_id=world.cast.tenant.id,
        user_id=owner.id,
        business_id=world.business.id,
        name=f"{world.cast.tenant.name} agent",
        environment="test",
        scopes=["campaigns:read"],
        root=encode("user", owner.id),
        now=NOW,
    )
    return key


def _app(world: World) -> AppRegistration:
    name = world.cast.tenant.name
    client = OAuthApplication.objects.create(
        client_id=f"{name}-client",
        name=f"{name} app",
        redirect_uris="https://app.example/callback",
        client_type="public",
        authorization_grant_type="authorization-code",
        client_secret="",
        hash_client_secret=False,
    )
    return AppRegistration.objects.create(
        tenant_id=world.cast.tenant.id, application=client, created_by="user_x", created_at=NOW
    )


def _app_access(world: World) -> Any:
    owner = world.cast.people[Role.OWNER]
    key, _ = create_key(
        tenant_id=world.cast.tenant.id,
        user_id=owner.id,
        business_id=world.business.id,
        name=f"{world.cast.tenant.name} app",
        environment="test",
        scopes=["campaigns:read"],
        root=encode("user", owner.id),
        purpose="app",
        application_id=world.row("app").application_id,
        now=NOW,
    )
    return key


def _invitation(world: World) -> Invitation:
    return Invitation.objects.create(
        tenant_id=world.cast.tenant.id,
        email=f"invited@{world.cast.tenant.name}.example",
        role=Role.BUYER,
        token_digest=sha256_hex(world.cast.tenant.name),
        invited_by="user_x",
        created_at=NOW,
        expires_at=NOW + timedelta(days=36_500),
    )


def _membership(world: World) -> Membership:
    return Membership.objects.get(user=world.cast.people[Role.ANALYST])


def _audit_event(world: World) -> AuditEvent:
    return record_audit(
        world.cast.person(), "campaign.created", now=NOW, business_id=world.business.id
    )


EVIDENCE = {
    "metric": "ctr",
    "value": 0.5,
    "at_least": False,
    "n": 9000,
    "n_of": "impressions",
    "interval": {"low": 0.4, "high": 0.6, "percent": 90},
    "from": "2026-11-19",
    "to": "2026-11-20",
    "impressions": 9000,
    "clicks": 45,
    "conversions": 0,
    "spend": 9,
    "currency": "USD",
}


def _rule(world: World) -> Rule:
    owner = world.cast.people[Role.OWNER]
    return Rule.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        campaign=world.row("campaign"),
        name=f"{world.cast.tenant.name} rule",
        metric="ctr",
        operator="lt",
        value_micros=1_000_000,
        currency="USD",
        timeframe_hours=48,
        certainty=90,
        minimum_impressions=1000,
        minimum_clicks=0,
        action="pause_ad",
        cooldown_hours=48,
        owner_kind="user",
        owner_id=encode("user", owner.id),
        owner_user_id=owner.id,
        next_evaluation_at=NOW + timedelta(days=36_500),
        created_at=NOW,
        updated_at=NOW,
    )


def _rule_firing(world: World) -> RuleFiring:
    return RuleFiring.objects.create(
        tenant_id=world.cast.tenant.id,
        rule=world.row("rule"),
        campaign_id=world.row("campaign").pk,
        target_type="ad",
        target_id=world.row("ad").pk,
        day=NOW.date(),
        evidence=EVIDENCE,
        command_kind="pause_ad",
        command={"ad_id": world.id("ad")},
        outcome="denied",
        created_at=NOW,
    )


def _alert_rule(world: World) -> AlertRule:
    return AlertRule.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        campaign=world.row("campaign"),
        name=f"{world.cast.tenant.name} alert rule",
        kind="threshold",
        metric="spend",
        operator="gt",
        value_micros=500_000_000,
        currency="USD",
        cooldown_hours=168,
        next_evaluation_at=NOW + timedelta(days=36_500),
        created_by="user_x",
        created_at=NOW,
        updated_at=NOW,
    )


def _alert(world: World) -> Alert:
    return Alert.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        campaign=world.row("campaign"),
        rule=world.row("alert_rule"),
        rule_name=f"{world.cast.tenant.name} alert rule",
        event_type="alert.performance",
        kind="threshold",
        metric="ctr",
        direction="below",
        day=NOW.date(),
        evidence={**EVIDENCE, "threshold": 1.0, "expected": None},
        created_at=NOW,
    )


def _suggestion(world: World) -> StoredSuggestion:
    return StoredSuggestion.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        campaign=world.row("campaign"),
        type="pause_ad",
        impact="low",
        description=f"{world.cast.tenant.name} suggestion",
        evidence={**EVIDENCE, "compared_with": None},
        target_type="ad",
        target_id=world.row("ad").pk,
        target_version=1,
        command_kind="pause_ad",
        command={"ad_id": world.id("ad"), "schema_version": 1},
        command_digest="0" * 64,
        created_at=NOW,
        expires_at=NOW + timedelta(days=36_500),
    )


def _webhook(world: World) -> Any:
    made, _ = webhooks.create_endpoint(
        world.cast.person(),
        environment="test",
        url=f"https://{world.cast.tenant.name}.example/hook",
        events=["campaign.created"],
        now=NOW,
    )
    return made


def _delivery(world: World) -> Delivery:
    return Delivery.objects.create(
        tenant_id=world.cast.tenant.id,
        endpoint=world.row("webhook"),
        event_id=new_uuid(),
        event_type="campaign.created",
        body=b'{"type":"campaign.created"}',
        state="failed",
        next_attempt_at=NOW,
        created_at=now(),
    )


def _invoice(world: World) -> Invoice:
    return Invoice.objects.create(
        tenant_id=world.cast.tenant.id,
        external_id=f"in_{world.cast.tenant.name}",
        number=f"{world.cast.tenant.name}-0001",
        status="paid",
        amount_due_micros=49_000_000,
        amount_paid_micros=49_000_000,
        currency="USD",
        created_at=NOW,
    )


def _report(world: World) -> Report:
    return Report.objects.create(
        tenant_id=world.cast.tenant.id,
        environment="test",
        business_id=world.business.pk,
        requested_by="key_x",
        format="csv",
        params={"date_from": "2026-11-01", "date_to": "2026-11-02"},
        state="ready",
        created_at=NOW,
        expires_at=NOW + timedelta(days=36_500),
    )


def _asset(world: World) -> Asset:
    image = Image.new("RGB", (2, 2), "#204060")
    out = io.BytesIO()
    image.save(out, "PNG")
    return store_image(
        tenant_id=world.cast.tenant.id,
        business_id=world.business.pk,
        content=out.getvalue(),
        now=NOW,
    )


def _generation(world: World) -> Generation:
    return Generation.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        environment="test",
        kind="text",
        status="completed",
        input={"product_description": f"{world.cast.tenant.name} chairs"},
        provider="local",
        variations=[{"headline": f"{world.cast.tenant.name} chairs"}],
        reservation_id=new_uuid(),
        credits_reserved=1,
        credits_used=1,
        next_attempt_at=NOW,
        created_by="key_x",
        created_at=NOW,
        completed_at=NOW,
    )


KINDS: dict[str, Kind] = {
    "app": Kind("app", _app, per_business=False),
    "app_access": Kind("key", _app_access),
    "ad": Kind("ad", _ad),
    "alert": Kind("alert", _alert),
    "alert_rule": Kind("alr", _alert_rule),
    "ad_account": Kind("acct", _ad_account),
    "ad_set": Kind("aset", _ad_set),
    "asset": Kind("ast", _asset),
    "audit_event": Kind("aud", _audit_event),
    "business": Kind("biz", lambda world: world.business),
    "campaign": Kind("camp", _campaign),
    "connection": Kind("conn", _connection),
    "creative": Kind("crt", _creative),
    "delivery": Kind("dlv", _delivery),
    "generation": Kind("gen", _generation),
    "invitation": Kind("inv", _invitation, per_business=False),
    "invoice": Kind("invc", _invoice, per_business=False),
    "key": Kind("key", _key),
    "membership": Kind("mem", _membership, per_business=False),
    "session": Kind("sess", _session, per_business=False),
    "pending": Kind("pa", _pending),
    "job": Kind("job", _job),
    "report": Kind("rpt", _report),
    "policy_change": Kind("pch", _policy_change),
    "rule": Kind("rule", _rule),
    "rule_firing": Kind("fir", _rule_firing),
    "suggestion": Kind("sug", _suggestion),
    "webhook": Kind("whk", _webhook),
}
