"""Surface A: /ai, but for optimisation."""

import json
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse, parse_query
from accounts.queries import get_business
from accounts.rendering import JsonNegotiation
from billing.credits import balance
from core.clock import now
from core.errors import AppError, InvalidError
from core.ids import decode, encode
from core.tenancy import tenant_tx
from creatives import queries
from creatives.bodies import BrandBody, GenerationQuery, ImageBody, TextBody, VariationsBody
from creatives.models import Asset, Generation
from creatives.presenters import brand_json, generation_json
from creatives.services import brand, generations, running
from creatives.services.assets import keep_image
from creatives.serving import image_response


def _start(request: Request, kind: str, body: TextBody | ImageBody | VariationsBody) -> Response:
    row = generations.start(
        actor_of(request), kind, body.asked(), business_id=body.business_id, now=now()
    )
    return Response({"id": encode("gen", row.pk)}, status=202)


def _finish(request: Request, kept: Response) -> Response:
    """The generation as it stands; one that is made inline is made now, unless this is a repetition
    of the request that began it.
    """
    data = json.loads(kept.data) if isinstance(kept.data, bytes) else kept.data
    if "id" not in data:
        return kept
    actor, generation_id = actor_of(request), decode("gen", data["id"])
    replayed = kept.headers.get("Idempotent-Replayed")
    if not replayed:
        running.run_inline(actor.tenant_id, generation_id, now=now())
    with tenant_tx(actor.tenant_id, readonly=True):
        row = queries.get_generation(actor, data["id"])
        shown = _printed(row)
    headers = {"Idempotent-Replayed": replayed} if replayed else None
    return Response(shown, status=202 if row.status == "processing" else 200, headers=headers)


def _printed(row: Generation) -> dict[str, Any]:
    return generation_json(row, balance("generation", now(), environment=row.environment))


@endpoint("POST", scope="content:generate", idempotent=True, finish=_finish)
def text(request: Request) -> Response:
    return _start(request, "text", parse(TextBody, request))


@endpoint("POST", scope="content:generate", idempotent=True, finish=_finish)
def image(request: Request) -> Response:
    return _start(request, "image", parse(ImageBody, request))


@endpoint("POST", scope="content:generate", idempotent=True, finish=_finish)
def variations(request: Request) -> Response:
    return _start(request, "variations", parse(VariationsBody, request))


@endpoint("GET", scope="content:generate")
def list_all(request: Request) -> Response:
    actor, query = actor_of(request), parse_query(GenerationQuery, request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = queries.list_generations(actor)
        rows = rows.filter(status=query.status) if query.status else rows
        page, pagination = paginate(request, rows)
        balances = {
            name: balance("generation", now(), environment=name)
            for name in sorted({row.environment for row in page})
        }
    data = [generation_json(row, balances[row.environment]) for row in page]
    return Response({"data": data, "pagination": pagination})


@endpoint("GET", scope="content:generate")
def detail(request: Request, generation_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(_printed(queries.get_generation(actor, generation_id)))


class _AnyAccept(JsonNegotiation):
    """The caller may accept images alone; refusals are JSON all the same."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The only renderer there is, which prints the refusals."""
        return renderers[0], renderers[0].media_type


@endpoint("GET", scope="content:generate")
def asset_content(request: Request, asset_id: str) -> Any:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        found = queries.get_asset(actor, asset_id)
    return image_response(found)


asset_content.cls.content_negotiation_class = _AnyAccept  # type: ignore[attr-defined]


@endpoint("GET", scope="content:generate")
def brand_rules(request: Request, business_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        business = get_business(actor, business_id)
        rules = queries.brand_rules(business.pk)
    return Response(brand_json(encode("biz", business.pk), rules))


@dataclass(frozen=True, slots=True)
class Logo:
    """What was fetched for a request, or why not: a replay is answered in either case."""

    asset: Asset | None = None
    error: AppError | None = None


def _fetched(request: Request, business_id: str) -> Logo:
    """The logo of the body, fetched before the view's transaction."""
    url = request.data.get("logo_url") if isinstance(request.data, dict) else None
    if not url or not isinstance(url, str):
        return Logo()
    actor = actor_of(request)
    try:
        with tenant_tx(actor.tenant_id, readonly=True):
            business = get_business(actor, business_id)
        return Logo(
            keep_image(tenant_id=actor.tenant_id, business_id=business.pk, url=url, now=now())
        )
    except AppError as error:
        return Logo(error=error)


@endpoint("PUT", scope="account:write", idempotent=True, prepare=_fetched)
def change_brand_rules(request: Request, business_id: str, prepared: Logo) -> Response:
    actor, body = actor_of(request), parse(BrandBody, request)
    with tenant_tx(actor.tenant_id, readonly=True):
        business = get_business(actor, business_id)
    if prepared.error is not None:
        error = prepared.error
        raise InvalidError(error.message, field="logo_url", code=error.code, hint=error.hint)
    wanted = brand.Wanted(
        voice=body.voice,
        banned_words=tuple(body.banned_words),
        colors=tuple(body.colors),
        logo=prepared.asset,
    )
    rules = brand.set_brand_rules(actor, business, wanted, now=now())
    return Response(brand_json(encode("biz", business.pk), rules))
