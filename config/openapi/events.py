"""The document's webhooks: what a receiver is sent."""

from typing import Any

from accounts.events import EVENT_TYPES
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


def events(schema: Json) -> Json:
    """One entry for each event; `schema` is the body's."""
    found = {}
    for name, text in {**EVENT_TYPES, PING: "A test that was asked for."}.items():
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
                    "content": {"application/json": {"schema": schema}},
                },
                "responses": {"2XX": {"description": "Received."}},
                "security": [],
            }
        }
    return found


def _signature(name: str, text: str) -> Json:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": True, "description": text, "schema": schema}
