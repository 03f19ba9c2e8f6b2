"""Writes of the room `webhooks`: endpoints, fan-out, deliveries."""

from webhooks.services.courier import deliver_due, run_forever
from webhooks.services.endpoints import create_endpoint, delete_endpoint, update_endpoint
from webhooks.services.outbox import fan_out

__all__ = [
    "create_endpoint",
    "delete_endpoint",
    "deliver_due",
    "fan_out",
    "run_forever",
    "update_endpoint",
]
