"""Rules that are off, what the world's rule did, and suggestions."""

from datetime import timedelta

from analytics.optimizer.models import Rule, RuleFiring, StoredSuggestion
from core.ids import encode, new_uuid
from tests.cast import NOW
from tests.crowd.rows import LATER, add
from tests.world import World


def add_rules(world: World, numbers: range) -> None:
    """Rules and suggestions of the business, and firings of the world's rule."""
    model = world.row("rule")
    same = {
        field.attname: getattr(model, field.attname)
        for field in Rule._meta.concrete_fields
        if field.attname not in ("id", "tenant_id", "name", "is_active", "next_evaluation_at")
    }
    rules = (
        {**same, "name": f"rule-seed-{n}", "is_active": False, "next_evaluation_at": LATER}
        for n in numbers
    )
    add(world, Rule, rules)
    firings = (
        {
            "rule": model,
            "campaign_id": world.row("campaign").pk,
            "target_type": "ad",
            "target_id": new_uuid(),
            "day": NOW.date() - timedelta(days=1),
            "evidence": {},
            "command_kind": "pause_ad",
            "command": {"ad_id": encode("ad", new_uuid())},
            "outcome": "denied",
            "created_at": NOW,
        }
        for _ in numbers
    )
    add(world, RuleFiring, firings)
    model = world.row("suggestion")
    same = {
        field.attname: getattr(model, field.attname)
        for field in StoredSuggestion._meta.concrete_fields
        if field.attname not in ("id", "tenant_id", "command_digest")
    }
    add(world, StoredSuggestion, ({**same, "command_digest": f"{n + 1:064}"} for n in numbers))
