"""From the outbox to one delivery row per subscriber."""

from datetime import datetime
from uuid import UUID

from accounts.models import OutboxEvent
from core.tenancy import tenant_tx
from webhooks.models import Delivery
from webhooks.presenters import event_body
from webhooks.queries import UNPUBLISHED_TENANTS, subscribers

BATCH = 500


def fan_out(now: datetime) -> int:
    """Turn every unpublished event of every tenant into deliveries; returns the number of events.

    An event becomes deliveries in the transaction that marks it published, so a crash neither
    loses nor doubles one.
    """
    done = 0
    for row in UNPUBLISHED_TENANTS.rows():
        batch = BATCH
        while batch == BATCH:
            batch = _fan_out_tenant(row["tenant_id"], now)
            done += batch
    return done


def _fan_out_tenant(tenant_id: UUID, now: datetime) -> int:
    with tenant_tx(tenant_id):
        events = list(
            OutboxEvent.objects.select_for_update(skip_locked=True)
            .filter(published_at=None)
            .order_by("created_at", "id")[:BATCH]
        )
        Delivery.objects.bulk_create(
            [delivery for event in events for delivery in _deliveries(event, now)],
            ignore_conflicts=True,
        )
        OutboxEvent.objects.filter(pk__in=[event.pk for event in events]).update(published_at=now)
        return len(events)


def _deliveries(event: OutboxEvent, now: datetime) -> list[Delivery]:
    endpoints = subscribers(
        environment=event.environment,
        event_type=event.event_type,
        business_id=event.business_id,
    )
    body = event_body(event) if endpoints else b""
    return [
        Delivery(
            tenant_id=event.tenant_id,
            endpoint=endpoint,
            event_id=event.id,
            event_type=event.event_type,
            body=body,
            state="ready",
            next_attempt_at=now,
            created_at=now,
        )
        for endpoint in endpoints
    ]
