"""Businesses and what connects them to a platform."""

from accounts.models import Business
from core.crypto import sha256_hex
from platforms.models import AdAccount, Connection, ConnectLink, PlatformAsset
from tests.cast import NOW
from tests.crowd.rows import add
from tests.world import World


def add_businesses(world: World, numbers: range) -> list[Business]:
    """Test businesses."""
    return add(
        world,
        Business,
        ({"name": f"business-seed-{n}", "environment": "test", "created_at": NOW} for n in numbers),
    )


def add_connections(world: World, numbers: range, businesses: list[Business]) -> None:
    """A connection of each business with an account and a page, and connect links."""
    common = {"platform": "meta", "environment": "test", "created_at": NOW}
    made = add(
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
    add(
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
    add(
        world,
        PlatformAsset,
        (
            {"connection": row, "business": row.business, "kind": "page", "external_id": "1"}
            for row in made
        ),
    )
    add(
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
