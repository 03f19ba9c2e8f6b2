"""People of the tenant and who is invited, keys, plans."""

from datetime import timedelta

from accounts.models import (
    ApiKey,
    AppRegistration,
    Invitation,
    Membership,
    OAuthApplication,
    User,
)
from billing.models import Invoice, Subscription
from core.actors import Role
from core.crypto import sha256_hex
from core.ids import encode
from tests.cast import NOW
from tests.crowd.rows import LATER, add
from tests.world import World


def add_people(world: World, numbers: range) -> None:
    """Members, invitations, keys, ended subscriptions, invoices."""
    users = User.objects.bulk_create(
        User(email=f"member-seed-{n}@acme.example", first_name="A", password="!", created_at=NOW)
        for n in numbers
    )
    add(world, Membership, ({"user": u, "role": "analyst", "created_at": NOW} for u in users))
    add(
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
    add(
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
    add(
        world,
        ApiKey,
        (
            {
                "name": f"session-seed-{n}",
                "user": owner,
                "environment": "test",
                "purpose": "login",
                "digest": sha256_hex(f"session {n}"),
                "root": encode("user", owner.pk),
                "created_at": NOW - timedelta(days=1),
            }
            for n in numbers
        ),
    )
    add_apps(world, numbers)
    ended = {"plan_id": 1, "status": "cancelled", "created_at": NOW, "cancelled_at": NOW}
    add(world, Subscription, (ended for _ in numbers))
    add(
        world,
        Invoice,
        (
            {
                "external_id": f"in_seed_{n}",
                "number": f"invoice-seed-{n}",
                "status": "paid",
                "amount_due_micros": 49_000_000,
                "amount_paid_micros": 49_000_000,
                "currency": "USD",
                "created_at": NOW,
            }
            for n in numbers
        ),
    )


def add_apps(world: World, numbers: range) -> None:
    """Registered apps, and what the owner allowed one of them."""
    clients = OAuthApplication.objects.bulk_create(
        OAuthApplication(
            client_id=f"client-{n}",
            name=f"app-seed-{n}",
            client_secret="",
            hash_client_secret=False,
        )
        for n in numbers
    )
    owner = world.cast.people[Role.OWNER]
    same = {"created_by": "user_x", "created_at": NOW}
    add(world, AppRegistration, ({"application": one, **same} for one in clients))
    add(
        world,
        ApiKey,
        (
            {
                "name": f"access-seed-{n}",
                "user": owner,
                "business": world.business,
                "environment": "test",
                "purpose": "app",
                "application": clients[0],
                "digest": sha256_hex(f"access {n}"),
                "root": encode("user", owner.pk),
                "created_at": NOW,
            }
            for n in numbers
        ),
    )
