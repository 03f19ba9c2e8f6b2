"""The document's webhooks: what a receiver is sent."""

from collections.abc import Mapping
from typing import Any

from accounts.event_data import Data, PingData
from accounts.events import EVENT_DATA, EVENT_TYPES
from config.openapi.samples import EVENT_SAMPLES
from webhooks.answers import Event
from webhooks.domain.states import PING

Json = dict[str, Any]
_SIGNATURES = (
    ("X-Webhook-Signature", "`sha256=` and the hex HMAC-SHA256 of the raw body; key: the secret."),
    ("webhook-id", "The event's id, the same on every try."),
    ("webhook-timestamp", "Seconds since 1970; refuse what is older than five minutes."),
    (
        "webhook-signature",
        "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; key: the base64 behind `whsec_`.",
    ),
)
EVERY = {**EVENT_TYPES, PING: "A test that was asked for."}
SHAPES: dict[str, type[Data]] = {**EVENT_DATA, PING: PingData}


def events(references: Mapping[Any, Json]) -> Json:
    """One entry for each event; `references` lead from a model to its schema."""
    found = {}
    for name, text in EVERY.items():
        found[name] = {
            "post": {
                "operationId": "on_" + name.replace(".", "_"),
                "tags": ["Webhooks"],
                "summary": text,
                "description": "Answer 2xx within 15 seconds; what may pass later is tried again "
                "over 24 hours. Trust the body by either signature.",
                "parameters": [_signature(*one) for one in _SIGNATURES],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": _body(name, references),
                            "example": sample(name),
                        }
                    },
                },
                "responses": {"2XX": {"description": "Received."}},
                "security": [],
            }
        }
    return found


def sample(name: str) -> Json:
    """A delivery of this event as a receiver may get it."""
    return {
        "id": "evt_01kb3p9m5hf0ttqbn9w2cdwnrk",
        "type": name,
        "created_at": "2026-11-21T12:00:00Z",
        "environment": "test",
        "sequence": None if name == PING else 1,
        "data": EVENT_SAMPLES[name],
    }


def _body(name: str, references: Mapping[Any, Json]) -> Json:
    """Every event's shape, with the type and the data of this one."""
    own = {"type": {"const": name, "description": EVERY[name]}, "data": references[SHAPES[name]]}
    return {"allOf": [references[Event], {"type": "object", "properties": own}]}


def _signature(name: str, text: str) -> Json:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": True, "description": text, "schema": schema}
