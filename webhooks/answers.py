"""What /webhooks answers, and what is delivered."""

from typing import Annotated, Any

import pydantic

from accounts.events import EVENT_TYPES
from core.shapes import Answer, Environment, OneOf, Page, Time, an_id
from webhooks.domain.states import PING, SLACK, WEBHOOK

type EventType = Annotated[str, OneOf(EVENT_TYPES)]
type DeliveredType = Annotated[str, OneOf({**EVENT_TYPES, PING: "A test that was asked for."})]
EndpointId = Annotated[str, an_id("whk")]
EventId = Annotated[
    str, pydantic.Field(description="`evt_…`; the same on every try: drop what you have seen.")
]
type EndpointType = Annotated[
    str,
    OneOf({WEBHOOK: "signed JSON to an address of yours", SLACK: "messages to a Slack channel"}),
]
type DeliveryState = Annotated[
    str,
    OneOf(
        {
            "pending": "not yet sent, or to be tried again",
            "delivered": "the receiver answered 2xx",
            "failed": "given up",
            "missed": "it happened while the endpoint was off, and waits for a replay",
        }
    ),
]


class Endpoint(Answer):
    """Where events are delivered to, without its secret."""

    id: EndpointId
    type: EndpointType
    url: Annotated[
        str, pydantic.Field(description="An address of Slack is shown without its last part.")
    ]
    events: list[EventType]
    active: bool
    environment: Environment
    disabled_reason: str | None
    failing_since: Time | None
    old_secret_until: Annotated[
        str | None, pydantic.Field(description="Until when the former secret signs too.")
    ]
    created_at: Time


class EndpointWithSecret(Endpoint):
    """An endpoint and its secret, which no other answer shows."""

    secret: Annotated[str | None, pydantic.Field(description="Slack's deliveries have none.")]


class EndpointPage(Page[Endpoint]):
    """Endpoints."""


class Delivery(Answer):
    """One event on its way to one endpoint."""

    id: Annotated[str, an_id("dlv")]
    event_id: EventId
    event_type: DeliveredType
    state: DeliveryState
    replay: Annotated[bool, pydantic.Field(description="Whether it was sent again on demand.")]
    attempts: int
    response_status: Annotated[
        int | None, pydantic.Field(description="The receiver's last answer.")
    ]
    next_attempt_at: Time | None
    created_at: Time
    delivered_at: Time | None


class DeliveryPage(Page[Delivery]):
    """Deliveries."""


class Replayed(Answer):
    """How many deliveries were queued again."""

    queued: int
    has_more: bool
    next_cursor: str | None


class Event(Answer):
    """What a receiver gets."""

    id: EventId
    type: DeliveredType
    created_at: Time
    environment: Environment
    sequence: Annotated[
        int | None,
        pydantic.Field(
            description="Numbers the events of one object from 1: the higher happened later."
        ),
    ]
    data: Annotated[
        dict[str, Any],
        pydantic.Field(
            description="Ids of what the event is about, and what changed. More keys may come."
        ),
    ]
