"""People of the tenant and who is invited, keys, plans."""

from accounts.models import ApiKey, Invitation, Membership, User
from billing.models import Subscription
from core.actors import Role
from core.crypto import sha256_hex
from core.ids import encode
from tests.cast import NOW
from tests.crowd.rows import LATER, add
from tests.world import World


def add_people(world: World, numbers: range) -> None:
    """Members, invitations, keys, ended subscriptions."""
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
    ended = {"plan_id": 1, "status": "cancelled", "created_at": NOW, "cancelled_at": NOW}
    add(world, Subscription, (ended for _ in numbers))
