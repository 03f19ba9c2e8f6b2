"""Proposals, changes under way, and the money they hold."""

from campaigns.models import (
    Campaign,
    Dispatch,
    DispatchStep,
    PendingAction,
    SpendExposure,
    SpendReservation,
)
from core.crypto import sha256_hex
from core.ids import new_uuid
from tests.cast import NOW
from tests.crowd.rows import LATER, add
from tests.world import World


def add_actions(world: World, numbers: range) -> list[Dispatch]:
    """Waiting proposals and changes of unknown outcome."""
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
    add(
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
    made = add(
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
    add(world, DispatchStep, ({"dispatch": row, "payload_digest": "", **step} for row in made))
    return made


def add_spend(world: World, campaigns: list[Campaign], dispatches: list[Dispatch]) -> None:
    """Exposures and released reservations."""
    add(
        world,
        SpendExposure,
        ({"campaign": row, "business": world.business, "currency": "USD"} for row in campaigns),
    )
    held = {"currency": "USD", "delta_micros": 1, "target_micros": 1, "state": "released"}
    add(
        world,
        SpendReservation,
        (
            {"dispatch_id": row.pk, "campaign": world.row("campaign"), "created_at": NOW, **held}
            for row in dispatches
        ),
    )
