"""How endpoints, deliveries and events look outside."""

from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils.translation import gettext as _

from accounts.events import EVENT_TYPES
from accounts.models import OutboxEvent
from core.ids import encode, new_uuid
from webhooks.domain import slack
from webhooks.domain.states import PING, SLACK, STATES
from webhooks.models import Delivery, Endpoint


def iso(moment: datetime | None) -> str | None:
    """UTC with `Z`, as every time on surface A."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def endpoint_json(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint without its secret."""
    return {
        "id": encode("whk", endpoint.id),
        "type": endpoint.kind,
        "url": endpoint.url,
        "events": endpoint.events,
        "active": endpoint.is_active,
        "environment": endpoint.environment,
        "disabled_reason": endpoint.disabled_reason or None,
        "failing_since": iso(endpoint.failing_since),
        "old_secret_until": iso(endpoint.old_secret_until),
        "created_at": iso(endpoint.created_at),
    }


def public_state(delivery: Delivery) -> str:
    """pending, delivered, failed or missed."""
    return next(word for word, states in STATES.items() if delivery.state in states)


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """One delivery and what became of it; state is pending, delivered, failed or missed."""
    state = public_state(delivery)
    return {
        "id": encode("dlv", delivery.id),
        "event_id": encode("evt", delivery.event_id),
        "event_type": delivery.event_type,
        "state": state,
        "replay": delivery.is_replay,
        "attempts": delivery.attempts,
        "response_status": delivery.response_status,
        "next_attempt_at": iso(delivery.next_attempt_at) if state == "pending" else None,
        "created_at": iso(delivery.created_at),
        "delivered_at": iso(delivery.delivered_at),
    }


def event_body(event: OutboxEvent) -> bytes:
    """The bytes a receiver gets; made once, sent unchanged on every try."""
    return orjson.dumps(
        {
            "id": encode("evt", event.id),
            "type": event.event_type,
            "created_at": iso(event.created_at),
            "environment": event.environment,
            "sequence": event.sequence,
            "data": event.payload,
        }
    )


def body_for(endpoint: Endpoint, event: OutboxEvent) -> bytes:
    """The bytes of the event for an endpoint of its kind."""
    return slack_body(event) if endpoint.kind == SLACK else event_body(event)


def slack_body(event: OutboxEvent) -> bytes:
    """The event as a message for people, with its id to look it up."""
    title = EVENT_TYPES.get(event.event_type, _("A test that was asked for."))
    mark = _("TEST, no real money") if event.environment == "test" else _("live")
    note = f"{event.event_type} · {mark} · {encode('evt', event.id)}"
    return orjson.dumps(slack.message(title, event.payload, note))


def ping_event(endpoint: Endpoint, now: datetime) -> OutboxEvent:
    """A test event for this endpoint alone; it is no row."""
    return OutboxEvent(
        id=new_uuid(),
        event_type=PING,
        environment=endpoint.environment,
        payload={"webhook_id": encode("whk", endpoint.id)},
        created_at=now,
    )
