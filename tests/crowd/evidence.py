"""Audit rows, verdicts, events."""

from accounts.models import AuditDetail, AuditEvent, OutboxEvent, Verdict
from core.actors import Role
from core.ids import encode
from tests.cast import NOW
from tests.crowd.rows import CHAIN_START, add
from tests.world import World


def add_evidence(world: World, numbers: range) -> None:
    """Audit rows with details, verdicts, published events."""
    key = encode("key", world.cast.key.pk)
    owner = encode("user", world.cast.people[Role.OWNER].pk)
    events = add(
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
    add(
        world,
        AuditDetail,
        ({"event": row, "salt": "", "data": {"after": {"name": "New"}}} for row in events),
    )
    add(
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
    add(
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
