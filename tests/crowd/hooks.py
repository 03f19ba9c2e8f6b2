"""Endpoints and deliveries."""

from core.ids import new_uuid
from tests.cast import NOW
from tests.crowd.rows import add
from tests.world import World
from webhooks.models import Delivery, Endpoint


def add_webhooks(world: World, numbers: range) -> None:
    """Endpoints that are off, and deliveries of the world's."""
    add(
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
    add(
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
