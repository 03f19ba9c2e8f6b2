"""Surface A: /platforms."""

from typing import Annotated

import pydantic
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse
from accounts.models import User
from accounts.queries import business_for
from core.clock import now
from core.shapes import Words
from core.tenancy import tenant_tx
from platforms import queries, services
from platforms.answers import PLATFORM_MEANINGS
from platforms.presenters import NAMES, connection_json, health_json, link_json, stamp
from platforms.services.connect import platform_of

Word = Annotated[str, pydantic.Field(max_length=40), Words(PLATFORM_MEANINGS)]
Id = Annotated[str, pydantic.Field(max_length=64)]


class Body(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)


class ConnectBody(Body):
    business_id: Id = ""


class ConnectAnyBody(ConnectBody):
    platform: Word = "facebook"


class DefaultsBody(Body):
    ad_account_id: Id = ""
    page_id: Id = ""
    pixel_id: Id = ""


@endpoint("POST", scope="connect", idempotent=True)
def connect(request: Request, word: str) -> Response:
    return _connect(request, word, parse(ConnectBody, request))


@endpoint("POST", scope="connect", idempotent=True)
def connect_any(request: Request) -> Response:
    body = parse(ConnectAnyBody, request)
    return _connect(request, body.platform, body)


def _connect(request: Request, word: str, body: ConnectBody) -> Response:
    actor, moment = actor_of(request), now()
    platform_of(word)
    with tenant_tx(actor.tenant_id):
        business = business_for(actor, body.business_id)
        email = User.objects.values_list("email", flat=True).get(pk=actor.user_id or "")
        started = services.start_connect(actor, business, word, mail_to=email, now=moment)
    name = NAMES[word.lower()]
    return Response(
        {
            "status": "pending",
            "platform": word.lower(),
            "connect_url": started.url,
            "message": f"A link to connect {name} was mailed to {email}. Open it within an hour "
            f"and authorize the access; until then this request stays pending.",
            "token": started.token,
            "expires_at": stamp(started.link.expires_at),
        }
    )


@endpoint("GET", scope="ads:read")
def connect_status(request: Request, word: str) -> Response:
    actor = actor_of(request)
    platform_of(word)
    with tenant_tx(actor.tenant_id, readonly=True):
        link = queries.get_link(actor, request.query_params.get("token", ""))
    return Response(link_json(link, word.lower(), now=now()))


@endpoint("GET", scope="ads:read")
def list_all(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, queries.list_connections(actor))
        assets = queries.assets_of(rows)
        data = [connection_json(row, **assets[row.pk].by_name) for row in rows]
    return Response({"data": data, "pagination": pagination})


@endpoint("GET", scope="ads:read")
def detail(request: Request, connection_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        connection = queries.get_connection(actor, connection_id)
        assets = queries.assets_of([connection])
    return Response(connection_json(connection, **assets[connection.pk].by_name))


@endpoint("GET", scope="ads:read")
def status(request: Request, connection_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        connection = queries.get_connection(actor, connection_id)
    return Response(health_json(services.check_health(connection, now=now())))


@endpoint("DELETE", scope="connect", idempotent=True)
def disconnect(request: Request, connection_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id):
        connection = queries.get_connection(actor, connection_id)
        services.disconnect(actor, connection, now=now())
    return Response(status=204)


@endpoint("POST", scope="connect", idempotent=True)
def defaults(request: Request, connection_id: str) -> Response:
    actor, body = actor_of(request), parse(DefaultsBody, request)
    with tenant_tx(actor.tenant_id):
        connection = queries.get_connection(actor, connection_id)
        services.choose_defaults(
            actor,
            connection,
            ad_account_id=body.ad_account_id,
            page_id=body.page_id,
            pixel_id=body.pixel_id,
            now=now(),
        )
        assets = queries.assets_of([connection])
    return Response(connection_json(connection, **assets[connection.pk].by_name))
