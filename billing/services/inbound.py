"""Stripe's webhooks: kept at the door, then each makes us fetch what it speaks of."""

import threading
from datetime import datetime

import structlog
from django.db import connection

from accounts.services.loops import Turns
from billing.queries import CUSTOMER_TENANT
from billing.services import mirror, provider
from core import clock, queue
from webhooks.models import InboundEvent
from webhooks.services import inbound

log = structlog.get_logger(__name__)
PROVIDER, BELL, BEAT_S = "stripe", "billing.inbound", 15.0


def receive(body: bytes, signature: str, *, now: datetime) -> bool:
    """Keep a signed event; False where it was here already. Raises provider.SignatureError."""
    notice = provider.verify(body, signature, now=now)
    subject = {"customer": notice.customer, "object": notice.object_id}
    return inbound.keep(PROVIDER, notice.id, notice.type, subject=subject, bell=BELL, now=now)


def process_due(now: datetime) -> int:
    """Process what is due; returns the tries."""
    return inbound.process_due(PROVIDER, _handle, now)


def run_forever(stop: threading.Event) -> None:
    """Process events and tell wishes as the bell rings, and on the loop's own beat, until `stop` is
    set.
    """
    turns = Turns("billing")
    while not stop.is_set():
        try:
            if provider.is_configured():
                process_due(clock.now())
                mirror.push_wishes(clock.now())
            turns.good(clock.now())
        except Exception:
            log.exception("billing_round_failed")
            connection.close()
        queue.wait(BELL, BEAT_S)


def _handle(event: InboundEvent, now: datetime) -> None:
    row = CUSTOMER_TENANT.one(external_id=event.subject["customer"])
    if row is None:
        inbound.close(event.pk, "ignored", now=now)
    else:
        mirror.refresh(row["tenant_id"], now=now, event=event)
