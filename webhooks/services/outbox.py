"""From the outbox to one delivery row per subscriber."""

import itertools
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from accounts.models import OutboxEvent
from core.tenancy import tenant_tx
from webhooks.domain.states import MISSED
from webhooks.models import Delivery, Endpoint
from webhooks.presenters import body_for
from webhooks.queries import UNPUBLISHED_TENANTS, open_endpoints, subscribers

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
    # One at a time in a tenant: an object's events are numbered in the order they happened.
    with tenant_tx(tenant_id, try_lock=f"webhooks.fan_out:{tenant_id}") as obtained:
        if not obtained:
            return 0
        waiting = OutboxEvent.objects.filter(published_at=None).order_by("created_at", "id")
        events = list(waiting[:BATCH])
        endpoints = open_endpoints() if events else []
        wanted = [(event, found) for event in events if (found := subscribers(event, endpoints))]
        _number([event for event, _found in wanted])
        made = [_deliveries(event, found, now) for event, found in wanted]
        Delivery.objects.bulk_create(itertools.chain(*made), ignore_conflicts=True)
        OutboxEvent.objects.filter(pk__in=[event.pk for event in events]).update(published_at=now)
        return len(events)


def _number(events: list[OutboxEvent]) -> None:
    """Number each object's events: 1, 2, 3, … over all that anyone ever subscribed to."""
    targets = {event.target_id for event in events} - {""}
    numbered = OutboxEvent.objects.filter(target_id__in=targets, sequence__isnull=False)
    last = dict(numbered.values_list("target_id").annotate(Max("sequence")).order_by())
    for event in events:
        if event.target_id:
            event.sequence = last[event.target_id] = last.get(event.target_id, 0) + 1
    OutboxEvent.objects.bulk_update([event for event in events if event.sequence], ["sequence"])


def _deliveries(event: OutboxEvent, endpoints: list[Endpoint], now: datetime) -> list[Delivery]:
    """One per endpoint: on its way, or missed where the endpoint is off until it is replayed."""
    bodies = {endpoint.kind: body_for(endpoint, event) for endpoint in endpoints}
    return [
        Delivery(
            tenant_id=event.tenant_id,
            endpoint=endpoint,
            event_id=event.id,
            event_type=event.event_type,
            body=bodies[endpoint.kind],
            state="ready" if endpoint.is_active else MISSED,
            next_attempt_at=now,
            created_at=now,
        )
        for endpoint in endpoints
    ]
