"""Surface A: /webhooks."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import pydantic
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse
from accounts.events import EVENT_TYPES
from core.actors import Environment
from core.clock import now
from core.errors import InvalidError
from core.shapes import Words
from core.tenancy import tenant_tx
from webhooks import queries, services
from webhooks.models import Endpoint
from webhooks.presenters import delivery_json, endpoint_json

Url = Annotated[str, pydantic.Field(min_length=1, max_length=2000)]
EventName = Annotated[str, pydantic.Field(max_length=60), Words(EVENT_TYPES)]
Events = Annotated[
    list[EventName], pydantic.Field(max_length=100, json_schema_extra={"minItems": 1})
]


class NewEndpoint(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    url: Url
    events: Events
    business_id: Annotated[str, pydantic.Field(max_length=60)] = ""
    type: Annotated[
        Literal["webhook", "slack"],
        pydantic.Field(description="webhook: signed JSON; slack: messages to a Slack channel."),
    ] = "webhook"


class SecretRotation(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    grace_seconds: Annotated[int, pydantic.Field(ge=0, le=86_400)] = 86_400


class Replay(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    since: Annotated[str, pydantic.Field(max_length=40, json_schema_extra={"format": "date-time"})]
    failed_only: bool = False
    cursor: Annotated[str, pydantic.Field(max_length=400)] = ""


class EndpointChange(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    url: Url | None = None
    events: Events | None = None
    active: bool | None = None


@endpoint("POST", scope="webhooks:manage", idempotent=True)
def create(request: Request) -> Response:
    actor, body = actor_of(request), parse(NewEndpoint, request)
    made, secret = services.create_endpoint(
        actor,
        environment=actor.environment or Environment.LIVE,
        url=body.url,
        events=body.events,
        business_id=body.business_id,
        kind=body.type,
        now=now(),
    )
    return _with_secret(made, secret, status=201)


def _with_secret(made: Endpoint, secret: str, *, status: int) -> Response:
    data = {**endpoint_json(made), "secret": secret or None}
    return Response(data, status=status, headers={"Cache-Control": "no-store"})


@endpoint("GET", scope="webhooks:manage")
def list_all(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, queries.list_endpoints(actor))
    return Response({"data": [endpoint_json(row) for row in rows], "pagination": pagination})


@endpoint("GET", scope="webhooks:manage")
def detail(request: Request, webhook_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(endpoint_json(queries.get_endpoint(actor, webhook_id)))


@endpoint("PATCH", scope="webhooks:manage", idempotent=True)
def change(request: Request, webhook_id: str) -> Response:
    body = parse(EndpointChange, request)
    changed = services.update_endpoint(
        actor_of(request),
        webhook_id,
        now=now(),
        url=body.url,
        events=body.events,
        is_active=body.active,
    )
    return Response(endpoint_json(changed))


@endpoint("DELETE", scope="webhooks:manage", idempotent=True)
def delete(request: Request, webhook_id: str) -> Response:
    services.delete_endpoint(actor_of(request), webhook_id, now=now())
    return Response(status=204)


@endpoint("GET", scope="webhooks:manage")
def deliveries(request: Request, webhook_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        found = queries.get_endpoint(actor, webhook_id)
        chosen = queries.list_deliveries(
            found,
            state=request.query_params.get("state"),
            event_type=request.query_params.get("event", ""),
        )
        rows, pagination = paginate(request, chosen)
    return Response({"data": [delivery_json(row) for row in rows], "pagination": pagination})


@endpoint("POST", scope="webhooks:manage", idempotent=True)
def rotate(request: Request, webhook_id: str) -> Response:
    grace = timedelta(seconds=parse(SecretRotation, request).grace_seconds)
    made, secret = services.rotate_secret(actor_of(request), webhook_id, grace=grace, now=now())
    return _with_secret(made, secret, status=200)


@endpoint("POST", scope="webhooks:manage", idempotent=True)
def pause(request: Request, webhook_id: str) -> Response:
    return Response(
        endpoint_json(services.pause_endpoint(actor_of(request), webhook_id, now=now()))
    )


@endpoint("POST", scope="webhooks:manage", idempotent=True)
def resume(request: Request, webhook_id: str) -> Response:
    resumed = services.resume_endpoint(actor_of(request), webhook_id, now=now())
    return Response(endpoint_json(resumed))


@endpoint("POST", scope="webhooks:manage", idempotent=True)
def ping(request: Request, webhook_id: str) -> Response:
    sent = services.ping(actor_of(request), webhook_id, now=now())
    return Response(delivery_json(sent), status=202)


@endpoint("POST", scope="webhooks:manage", idempotent=True)
def replay_one(request: Request, webhook_id: str, delivery_id: str) -> Response:
    again = services.replay_one(actor_of(request), webhook_id, delivery_id, now=now())
    return Response(delivery_json(again), status=202)


@endpoint("POST", scope="webhooks:manage", idempotent=True)
def replay_since(request: Request, webhook_id: str) -> Response:
    body = parse(Replay, request)
    queued, cursor = services.replay_since(
        actor_of(request),
        webhook_id,
        _moment(body.since),
        failed_only=body.failed_only,
        cursor=body.cursor,
        now=now(),
    )
    answer = {"queued": queued, "has_more": bool(cursor), "next_cursor": cursor or None}
    return Response(answer, status=202)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            _("since must be a time like 2026-11-21T12:00:00Z."),
            field="since",
            hint=_("Send a time of the last 30 days, in ISO 8601."),
        ) from error
