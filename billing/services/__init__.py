"""Writes of the room `billing`."""

from billing.services.checkout import open_portal, start_checkout
from billing.services.inbound import process_due, receive, run_forever
from billing.services.mirror import end_grace, push_wishes, refresh, refresh_stale
from billing.services.provider import SignatureError, is_configured
from billing.services.subscriptions import (
    CheckoutDeadError,
    Subscribed,
    cancel,
    complete_checkout,
    resume,
    subscribe,
)

__all__ = [
    "CheckoutDeadError",
    "SignatureError",
    "Subscribed",
    "cancel",
    "complete_checkout",
    "end_grace",
    "is_configured",
    "open_portal",
    "process_due",
    "push_wishes",
    "receive",
    "refresh",
    "refresh_stale",
    "resume",
    "run_forever",
    "start_checkout",
    "subscribe",
]
