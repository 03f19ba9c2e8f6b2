"""Surface A: /webhooks."""

from typing import Annotated

import pydantic
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse
from core.actors import Environment
from core.clock import now
from core.tenancy import tenant_tx
from webhooks import queries, services
from webhooks.presenters import delivery_json, endpoint_json

Url = Annotated[str, pydantic.Field(min_length=1, max_length=2000)]
EventName = Annotated[str, pydantic.Field(max_length=60)]
Events = Annotated[list[EventName], pydantic.Field(max_length=100)]


class NewEndpoint(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    url: Url
    events: Events


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
        now=now(),
    )
    return Response({**endpoint_json(made), "secret": secret}, status=201)


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
        rows, pagination = paginate(request, queries.list_deliveries(found))
    return Response({"data": [delivery_json(row) for row in rows], "pagination": pagination})
