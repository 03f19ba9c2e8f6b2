"""Surface A: /campaigns/{id}/ad-sets/{id}/ads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, parse
from campaigns import queries
from campaigns.api.ad_sets import found as found_ad_set
from campaigns.api.bodies import AdBody, CreativeBody, NewAdBody, Proposal, creative_fields
from campaigns.api.common import page, send
from campaigns.api.replies import gone, reply
from campaigns.gateway import Outcome
from campaigns.models import Ad
from campaigns.presenters import AD_COLUMNS, ad_json
from campaigns.queries.printing import print_ad
from campaigns.services.images import digest_of
from core.actors import Actor
from core.clock import now
from core.errors import AppError, NotFoundError
from core.ids import decode, encode
from core.tenancy import tenant_tx

Path = tuple[str, str, str]


class PushBody(Proposal):
    creative: CreativeBody


def _found(actor: Actor, path: Path) -> Ad:
    ad_set = found_ad_set(actor, path[0], path[1])
    ad = queries.get_ad(actor, path[2])
    if ad.ad_set_id != ad_set.id:
        raise NotFoundError
    return ad


@dataclass(frozen=True, slots=True)
class Image:
    """What was fetched for a request, or why not: a replay is answered in either case."""

    digest: str = ""
    error: AppError | None = None

    def required(self) -> str:
        """The kept image's digest, empty where none was named; raises what the fetch raised."""
        if self.error is not None:
            raise self.error
        return self.digest


def _fetched(request: Request, *, campaign_id: str, ad_set_id: str, **_ad: str) -> Image:
    """The image of the body's creative, fetched before the view's transaction."""
    data = request.data if isinstance(request.data, dict) else {}
    creative = data.get("creative")
    url = creative.get("image_url") if isinstance(creative, dict) else ""
    if not url or not isinstance(url, str):
        return Image()
    actor = actor_of(request)
    try:
        with tenant_tx(actor.tenant_id, readonly=True):
            ad_set = found_ad_set(actor, campaign_id, ad_set_id)
            business_id = ad_set.campaign.business_id
        return Image(digest_of(url, actor=actor, business_id=business_id, now=now()))
    except AppError as error:
        return Image(error=error)


def _shown(request: Request, outcome: Outcome) -> dict[str, Any] | None:
    shown = outcome.created_id or outcome.target_id
    if outcome.is_denied or not shown.startswith("ad_"):
        return None
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return print_ad(decode("ad", shown))


def _fields(body: AdBody, image: Image) -> dict[str, Any]:
    fields = body.model_dump(include={"name", "generation_id"}, exclude_none=True)
    if body.creative is not None:
        fields["creative"] = creative_fields(body.creative, image.required())
    return fields


def _print_all(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [ad_json(row) for row in rows]


@endpoint("GET", scope="ads:read")
def list_all(request: Request, campaign_id: str, ad_set_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        ad_set = found_ad_set(actor, campaign_id, ad_set_id)
        rows = queries.list_ads(ad_set.campaign, ad_set)
        return page(request, rows, columns=AD_COLUMNS, printed=_print_all)


@endpoint("POST", scope="ads:write:creative", idempotent=True, prepare=_fetched)
def create(request: Request, *, campaign_id: str, ad_set_id: str, prepared: Image) -> Response:
    actor, body = actor_of(request), parse(NewAdBody, request)
    with tenant_tx(actor.tenant_id, readonly=True):
        public = encode("aset", found_ad_set(actor, campaign_id, ad_set_id).pk)
    fields = {"ad_set_id": public, **_fields(body, prepared)}
    outcome = send(request, "create_ad", fields, body=body)
    return reply(outcome, _shown(request, outcome), created=True)


@endpoint("GET", scope="ads:read")
def detail(request: Request, *, campaign_id: str, ad_set_id: str, ad_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(print_ad(_found(actor, (campaign_id, ad_set_id, ad_id)).pk))


def _send(request: Request, path: Path, kind: str) -> Outcome:
    body = parse(Proposal, request)
    return _send_fields(request, path, kind=kind, body=body, fields={})


def _send_fields(
    request: Request, path: Path, *, kind: str, body: Proposal, fields: dict[str, Any]
) -> Outcome:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        public = encode("ad", _found(actor, path).pk)
    return send(request, kind, {"ad_id": public, **fields}, body=body)


@endpoint("PATCH", scope="ads:write:creative", idempotent=True, prepare=_fetched)
def change(
    request: Request, *, campaign_id: str, ad_set_id: str, ad_id: str, prepared: Image
) -> Response:
    body = parse(AdBody, request)
    path = (campaign_id, ad_set_id, ad_id)
    fields = _fields(body, prepared)
    kind = "push_creative" if fields.keys() == {"creative"} else "update_ad"
    outcome = _send_fields(request, path, kind=kind, body=body, fields=fields)
    return reply(outcome, _shown(request, outcome))


@endpoint("PUT", scope="ads:write:creative", idempotent=True, prepare=_fetched)
def push_creative(
    request: Request, *, campaign_id: str, ad_set_id: str, ad_id: str, prepared: Image
) -> Response:
    body = parse(PushBody, request)
    path = (campaign_id, ad_set_id, ad_id)
    fields = {"creative": creative_fields(body.creative, prepared.required())}
    outcome = _send_fields(request, path, kind="push_creative", body=body, fields=fields)
    return reply(outcome, _shown(request, outcome))


@endpoint("DELETE", scope="ads:write:lifecycle", idempotent=True)
def archive(request: Request, *, campaign_id: str, ad_set_id: str, ad_id: str) -> Response:
    return gone(_send(request, (campaign_id, ad_set_id, ad_id), "archive_ad"))


@endpoint("POST", scope="ads:write:lifecycle", idempotent=True)
def pause(request: Request, *, campaign_id: str, ad_set_id: str, ad_id: str) -> Response:
    outcome = _send(request, (campaign_id, ad_set_id, ad_id), "pause_ad")
    return reply(outcome, _shown(request, outcome))


@endpoint("POST", scope="ads:write:lifecycle", idempotent=True)
def resume(request: Request, *, campaign_id: str, ad_set_id: str, ad_id: str) -> Response:
    outcome = _send(request, (campaign_id, ad_set_id, ad_id), "resume_ad")
    return reply(outcome, _shown(request, outcome))
