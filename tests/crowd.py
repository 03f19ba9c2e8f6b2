"""A tenant that holds many rows of everything a list can show, for suites about size.

`crowd(world, first, last)` adds the rows numbered `first` to `last - 1` of every kind, in bulk; a
row's name is `<kind>-seed-<number>`.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Model

from accounts.models import (
    ApiKey,
    AuditDetail,
    AuditEvent,
    Business,
    Invitation,
    Membership,
    OutboxEvent,
    SystemAuditEvent,
    Tenant,
    User,
    Verdict,
)
from billing.models import Subscription
from campaigns.models import (
    Ad,
    AdSet,
    Authority,
    BusinessPolicy,
    Campaign,
    Creative,
    Dispatch,
    DispatchStep,
    KillSwitch,
    PendingAction,
    PolicyChange,
    SpendCeiling,
    SpendExposure,
    SpendReservation,
)
from core.actors import Role
from core.crypto import sha256_hex
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from platforms.models import AdAccount, Connection, ConnectLink, PlatformAsset
from tests.cast import NOW
from tests.world import World
from webhooks.models import Delivery, Endpoint

LATER = NOW + timedelta(days=36_500)
CHAIN_START = 10_000_000  # counted down, since the product goes on from the highest


def crowd(world: World, first: int, last: int) -> None:
    """Add the numbered rows of every kind to the world's tenant."""
    numbers = range(first, last)
    Tenant.objects.bulk_create(Tenant(name=f"tenant-seed-{n}", created_at=NOW) for n in numbers)
    SystemAuditEvent.objects.bulk_create(
        SystemAuditEvent(
            chain_seq=CHAIN_START - n,
            prev_hash="0" * 64,
            hash="0" * 64,
            event_type="admin.opened",
            actor_id="user_x",
            occurred_at=NOW,
        )
        for n in numbers
    )
    with tenant_tx(world.cast.tenant.id):
        _organisation(world, numbers)
        businesses = _businesses(world, numbers)
        _connections(world, numbers, businesses)
        campaigns = _campaigns(world, numbers)
        _policies(world, numbers, businesses, campaigns)
        _tree(world, numbers)
        dispatches = _actions(world, numbers)
        _spend(world, campaigns, dispatches)
        _evidence(world, numbers)
        _webhooks(world, numbers)


def _add[M: Model](world: World, model: type[M], rows: Iterable[dict[str, Any]]) -> list[M]:
    tenant_id = world.cast.tenant.id
    made = [model(tenant_id=tenant_id, **row) for row in rows]
    return list(model._default_manager.bulk_create(made))


def _organisation(world: World, numbers: range) -> None:
    users = User.objects.bulk_create(
        User(email=f"member-seed-{n}@acme.example", first_name="A", password="!", created_at=NOW)
        for n in numbers
    )
    _add(world, Membership, ({"user": u, "role": "analyst", "created_at": NOW} for u in users))
    _add(
        world,
        Invitation,
        (
            {
                "email": f"invitation-seed-{n}@acme.example",
                "role": "buyer",
                "token_digest": sha256_hex(f"invitation {n}"),
                "invited_by": "user_x",
                "created_at": NOW,
                "expires_at": LATER,
            }
            for n in numbers
        ),
    )
    owner = world.cast.people[Role.OWNER]
    _add(
        world,
        ApiKey,
        (
            {
                "name": f"key-seed-{n}",
                "user": owner,
                "business": world.business,
                "environment": "test",
                "prefix": "adm_test_",
                "last4": "0000",
                "digest": sha256_hex(f"key {n}"),
                "root": encode("user", owner.pk),
                "created_at": NOW,
            }
            for n in numbers
        ),
    )
    ended = {"plan_id": 1, "status": "cancelled", "created_at": NOW, "cancelled_at": NOW}
    _add(world, Subscription, (ended for _ in numbers))


def _businesses(world: World, numbers: range) -> list[Business]:
    return _add(
        world,
        Business,
        ({"name": f"business-seed-{n}", "environment": "test", "created_at": NOW} for n in numbers),
    )


def _connections(world: World, numbers: range, businesses: list[Business]) -> None:
    common = {"platform": "meta", "environment": "test", "created_at": NOW}
    made = _add(
        world,
        Connection,
        (
            {
                "business": business,
                "status": "connected",
                "external_user_name": f"connection-seed-{n}",
                **common,
            }
            for n, business in zip(numbers, businesses, strict=True)
        ),
    )
    _add(
        world,
        AdAccount,
        (
            {
                "connection": row,
                "business": row.business,
                "external_id": "act_1",
                "name": "account",
                "currency": "USD",
                "timezone": "UTC",
                "status": "active",
                **common,
            }
            for row in made
        ),
    )
    _add(
        world,
        PlatformAsset,
        (
            {"connection": row, "business": row.business, "kind": "page", "external_id": "1"}
            for row in made
        ),
    )
    _add(
        world,
        ConnectLink,
        (
            {
                "business": world.business,
                "token_digest": sha256_hex(f"link {n}"),
                "created_by": "user_x",
                "expires_at": NOW,
                **common,
            }
            for n in numbers
        ),
    )


def _campaigns(world: World, numbers: range) -> list[Campaign]:
    made = _add(
        world,
        Campaign,
        (
            {
                "name": f"campaign-seed-{n}",
                "status": "ACTIVE",
                "business": world.business,
                "environment": "test",
                "ad_account": world.row("ad_account"),
                "objective": "TRAFFIC",
                "budget_micros": 20_000_000,
                "currency": "USD",
                "created_at": NOW,
                "updated_at": NOW,
            }
            for n in numbers
        ),
    )
    _add(
        world,
        MetricFact,
        (
            {
                "business_id": row.business_id,
                "ad_account_id": row.ad_account_id,
                "campaign_id": row.pk,
                "ad_set_id": row.pk,
                "ad_id": row.pk,
                "day": NOW.date(),
                "publisher_platform": "facebook",
                "currency": "USD",
                "spend_micros": 1_000_000,
                "synced_at": NOW,
            }
            for row in made
        ),
    )
    return made


def _policies(
    world: World, numbers: range, businesses: list[Business], campaigns: list[Campaign]
) -> None:
    by = {"created_by": "user_x", "created_at": NOW}
    modes = {"creative": "draft", "tactical": "draft", "structural": "off"}
    _add(
        world,
        Authority,
        (
            {"business": world.business, "campaign": row, "version": 1, **modes, **by}
            for row in campaigns
        ),
    )
    hours = {"undo_window_s": 10, "approval_expiry_h": 72}
    _add(
        world,
        BusinessPolicy,
        ({"business": row, "version": 1, **hours, **by} for row in businesses),
    )
    _add(world, KillSwitch, ({"business": row} for row in businesses))
    owner = encode("user", world.cast.people[Role.OWNER].pk)
    waits = {"kind": "authority", "environment": "test", "business": world.business}
    waits |= {"before": {"tactical": "draft"}, "after": {"tactical": "auto"}}
    _add(
        world,
        PolicyChange,
        (
            {
                "target_id": encode("camp", row.pk),
                "digest": sha256_hex(f"change {row.pk}"),
                "proposer_id": owner,
                "created_at": NOW,
                "expires_at": LATER,
                **waits,
            }
            for row in campaigns
        ),
    )
    limit = {"environment": "test", "currency": "USD", "limit_micros": 1_000_000_000}
    changed = {"updated_by": "user_x", "updated_at": NOW}
    _add(
        world,
        SpendCeiling,
        (
            {
                "business": world.business,
                "campaign": row,
                "scope": "campaign",
                "scope_key": f"campaign:{row.pk}",
                **limit,
                **changed,
            }
            for row in campaigns
        ),
    )
    _add(
        world,
        SpendCeiling,
        (
            {"business": row, "scope": "business", "scope_key": f"business:{row.pk}"}
            | limit
            | changed
            for row in businesses
        ),
    )


def _tree(world: World, numbers: range) -> None:
    at = {"created_at": NOW, "updated_at": NOW}
    campaign = world.row("campaign")
    targeting = {"locations": [{"type": "country", "value": "US"}]}
    _add(
        world,
        AdSet,
        (
            {"name": f"set-seed-{n}", "campaign": campaign, "targeting": targeting, **at}
            for n in numbers
        ),
    )
    creatives = _add(
        world,
        Creative,
        (
            {
                "business": world.business,
                "headline": f"headline-seed-{n}",
                "link_url": "https://acme.example/",
                "created_at": NOW,
            }
            for n in numbers
        ),
    )
    _add(
        world,
        Ad,
        (
            {
                "name": f"ad-seed-{n}",
                "campaign": campaign,
                "ad_set": world.row("ad_set"),
                "creative": creative,
                **at,
            }
            for n, creative in zip(numbers, creatives, strict=True)
        ),
    )


def _actions(world: World, numbers: range) -> list[Dispatch]:
    campaign = world.row("campaign")
    common = {
        "business": world.business,
        "environment": "test",
        "campaign_id": campaign.pk,
        "command_kind": "pause_campaign",
        "command": {"campaign_id": world.id("campaign")},
        "target_type": "campaign",
        "target_id": campaign.pk,
        "created_at": NOW,
    }
    _add(
        world,
        PendingAction,
        (
            {
                "command_digest": sha256_hex(f"command {n}"),
                "target_name": f"pending-seed-{n}",
                "axes": ["structural"],
                "before": {"status": "ACTIVE"},
                "after": {"status": "PAUSED"},
                "fingerprint": sha256_hex(f"fingerprint {n}"),
                "proposer_kind": "api_key",
                "proposer_id": f"key_{n}",
                "proposer_label": f"agent {n}",
                "channel": "rest",
                "risk": "low",
                "verdict_id": new_uuid(),
                "expires_at": LATER,
                **common,
            }
            for n in numbers
        ),
    )
    made = _add(
        world,
        Dispatch,
        (
            {
                "platform": "meta",
                "ad_account_id": world.row("ad_account").pk,
                "state": "unknown",
                "command_digest": sha256_hex(f"dispatch {n}"),
                "actor_kind": "api_key",
                "actor_id": f"key_{n}",
                "next_attempt_at": LATER,
                "needs_person": True,
                **common,
            }
            for n in numbers
        ),
    )
    step = {"seq": 1, "kind": "set_status", "object_type": "campaign", "object_id": campaign.pk}
    _add(world, DispatchStep, ({"dispatch": row, "payload_digest": "", **step} for row in made))
    return made


def _spend(world: World, campaigns: list[Campaign], dispatches: list[Dispatch]) -> None:
    _add(
        world,
        SpendExposure,
        ({"campaign": row, "business": world.business, "currency": "USD"} for row in campaigns),
    )
    held = {"currency": "USD", "delta_micros": 1, "target_micros": 1, "state": "released"}
    _add(
        world,
        SpendReservation,
        (
            {"dispatch_id": row.pk, "campaign": world.row("campaign"), "created_at": NOW, **held}
            for row in dispatches
        ),
    )


def _evidence(world: World, numbers: range) -> None:
    key = encode("key", world.cast.key.pk)
    owner = encode("user", world.cast.people[Role.OWNER].pk)
    events = _add(
        world,
        AuditEvent,
        (
            {
                "chain_seq": CHAIN_START - n,
                "prev_hash": "0" * 64,
                "hash": "0" * 64,
                "event_type": "campaign.created",
                "actor_kind": "user" if n % 2 else "api_key",
                "actor_id": owner if n % 2 else key,
                "channel": "rest",
                "business_id": world.business.pk,
                "target_type": "campaign",
                "target_id": world.id("campaign"),
                "occurred_at": NOW,
            }
            for n in numbers
        ),
    )
    _add(
        world,
        AuditDetail,
        ({"event": row, "salt": "", "data": {"after": {"name": "New"}}} for row in events),
    )
    _add(
        world,
        Verdict,
        (
            {
                "business_id": world.business.pk,
                "decision": "queue",
                "command_kind": "pause_campaign",
                "actor_id": key,
                "input": {},
                "input_digest": "0" * 64,
                "policy_version": 1,
                "engine_version": 1,
                "created_at": NOW,
            }
            for _ in numbers
        ),
    )
    _add(
        world,
        OutboxEvent,
        (
            {
                "environment": "test",
                "event_type": "campaign.created",
                "payload": {},
                "created_at": NOW,
                "published_at": NOW,
            }
            for _ in numbers
        ),
    )


def _webhooks(world: World, numbers: range) -> None:
    _add(
        world,
        Endpoint,
        (
            {
                "environment": "test",
                "url": f"https://acme.example/hook-seed-{n}",
                "events": ["campaign.created"],
                "sealed_secret": "",
                "is_active": False,
                "created_at": NOW,
            }
            for n in numbers
        ),
    )
    _add(
        world,
        Delivery,
        (
            {
                "endpoint": world.row("webhook"),
                "event_id": new_uuid(),
                "event_type": "campaign.created",
                "body": b"{}",
                "state": "delivered",
                "next_attempt_at": NOW,
                "created_at": NOW,
            }
            for _ in numbers
        ),
    )
