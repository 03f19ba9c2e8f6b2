"""Writes of the room `webhooks`: endpoints, fan-out, deliveries."""

from webhooks.services.courier import deliver_due, run_forever
from webhooks.services.endpoints import (
    create_endpoint,
    delete_endpoint,
    pause_endpoint,
    resume_endpoint,
    rotate_secret,
    update_endpoint,
)
from webhooks.services.outbox import fan_out
from webhooks.services.replay import ping, replay_one, replay_since

__all__ = [
    "create_endpoint",
    "delete_endpoint",
    "deliver_due",
    "fan_out",
    "pause_endpoint",
    "ping",
    "replay_one",
    "replay_since",
    "resume_endpoint",
    "rotate_secret",
    "run_forever",
    "update_endpoint",
]
