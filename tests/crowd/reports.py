"""Reports that are ready."""

from analytics.models import Report
from tests.cast import NOW
from tests.crowd.rows import LATER, add
from tests.world import World


def add_reports(world: World, numbers: range) -> None:
    """Reports of the world's business."""
    add(
        world,
        Report,
        (
            {
                "environment": "test",
                "business_id": world.business.pk,
                "requested_by": f"key-seed-{n}",
                "format": "csv",
                "params": {"date_from": "2026-11-01", "date_to": "2026-11-02"},
                "state": "ready",
                "created_at": NOW,
                "expires_at": LATER,
            }
            for n in numbers
        ),
    )
