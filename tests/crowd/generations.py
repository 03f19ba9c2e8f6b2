"""Generations that are done, and kept images."""

from core.ids import new_uuid
from creatives.models import Asset, Generation
from tests.cast import NOW
from tests.crowd.rows import add
from tests.world import World


def add_generations(world: World, numbers: range) -> None:
    """Completed ones of the world's business, and as many images."""
    add(
        world,
        Generation,
        (
            {
                "business": world.business,
                "environment": "test",
                "kind": "text",
                "status": "completed",
                "input": {"product_description": f"generation-seed-{n}"},
                "provider": "local",
                "reservation_id": new_uuid(),
                "credits_reserved": 1,
                "credits_used": 1,
                "next_attempt_at": NOW,
                "created_by": "key_x",
                "created_at": NOW,
            }
            for n in numbers
        ),
    )
    add(
        world,
        Asset,
        (
            {
                "business": world.business,
                "file": f"assets/seed-{n}.png",
                "content_type": "image/png",
                "width": 2,
                "height": 2,
                "size_bytes": 1,
                "digest": f"{n:064d}",
                "created_at": NOW,
            }
            for n in numbers
        ),
    )
