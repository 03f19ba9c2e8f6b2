"""Events that providers send us: kept once, answered at once, processed from the table."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from core import queue
from webhooks.models import InboundEvent

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=5)
FIRST_GAP, LONGEST_GAP = timedelta(seconds=30), timedelta(hours=6)
MAX_ATTEMPTS = 12
BATCH = 100
Handler = Callable[[InboundEvent, datetime], None]


def keep(
    provider: str,
    external_id: str,
    event_type: str,
    *,
    subject: Mapping[str, str],
    bell: str,
    now: datetime,
) -> bool:
    """Store one event and ring `bell` after the commit; False where it was here already."""
    with transaction.atomic():
        _event, is_new = InboundEvent.objects.get_or_create(
            provider=provider,
            external_id=external_id,
            defaults={
                "event_type": event_type,
                "subject": dict(subject),
                "created_at": now,
                "next_attempt_at": now,
            },
        )
        if is_new:
            queue.ring(bell)
    return is_new


def process_due(provider: str, handle: Handler, now: datetime) -> int:
    """Give every due event to `handle`, which ends it with `close` in the transaction of its
    effect. One that raises is tried again with growing gaps, twelve times. Returns the tries.
    """
    tries = 0
    due = InboundEvent.objects.filter(provider=provider, state="ready", next_attempt_at__lte=now)
    for event in due.order_by("next_attempt_at", "id")[:BATCH]:
        claimed = InboundEvent.objects.filter(
            pk=event.pk, state="ready", next_attempt_at=event.next_attempt_at
        ).update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1)
        if claimed:
            tries += 1
            _try(event, handle, now)
    return tries


def close(event_id: UUID, state: str, *, now: datetime) -> bool:
    """Mark an event as `done` or `ignored`; False where it was closed before: then its effect has
    been had and must not be had again.
    """
    open_one = InboundEvent.objects.filter(pk=event_id, state="ready")
    return bool(open_one.update(state=state, closed_at=now, error=""))


def _try(event: InboundEvent, handle: Handler, now: datetime) -> None:
    try:
        handle(event, now)
    except Exception as error:
        attempt = event.attempts + 1
        log.exception("inbound_event_failed", inbound=event.external_id, attempt=attempt)
        is_over = attempt >= MAX_ATTEMPTS
        gap = min(FIRST_GAP * 4 ** min(attempt - 1, 8), LONGEST_GAP)
        InboundEvent.objects.filter(pk=event.pk, state="ready").update(
            state="failed" if is_over else "ready",
            next_attempt_at=now + gap,
            error=type(error).__name__,
        )
