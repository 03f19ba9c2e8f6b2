"""Authorities, rules, ceilings, and what waits for a second person."""

from accounts.models import Business
from campaigns.models import (
    Authority,
    BusinessPolicy,
    Campaign,
    KillSwitch,
    PolicyChange,
    SpendCeiling,
)
from core.actors import Role
from core.crypto import sha256_hex
from core.ids import encode
from tests.cast import NOW
from tests.crowd.rows import LATER, add
from tests.world import World


def add_policies(
    world: World, numbers: range, businesses: list[Business], campaigns: list[Campaign]
) -> None:
    """A policy of each business and each campaign, and changes that wait."""
    by = {"created_by": "user_x", "created_at": NOW}
    modes = {"creative": "draft", "tactical": "draft", "structural": "off"}
    add(
        world,
        Authority,
        (
            {"business": world.business, "campaign": row, "version": 1, **modes, **by}
            for row in campaigns
        ),
    )
    hours = {"undo_window_s": 10, "approval_expiry_h": 72}
    add(
        world,
        BusinessPolicy,
        ({"business": row, "version": 1, **hours, **by} for row in businesses),
    )
    add(world, KillSwitch, ({"business": row} for row in businesses))
    owner = encode("user", world.cast.people[Role.OWNER].pk)
    waits = {"kind": "authority", "environment": "test", "business": world.business}
    waits |= {"before": {"tactical": "draft"}, "after": {"tactical": "auto"}}
    add(
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
    add(
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
    add(
        world,
        SpendCeiling,
        (
            {"business": row, "scope": "business", "scope_key": f"business:{row.pk}"}
            | limit
            | changed
            for row in businesses
        ),
    )
