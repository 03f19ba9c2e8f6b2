"""Surface A: /campaigns/{id}/ad-sets."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, parse
from campaigns import queries
from campaigns.api.bodies import AdSetBody, NewAdSetBody, Proposal, targeting_fields
from campaigns.api.common import page, send
from campaigns.api.replies import gone, reply
from campaigns.gateway import Outcome
from campaigns.models import AdSet
from campaigns.presenters import AD_SET_COLUMNS, ad_set_json
from campaigns.queries.printing import print_ad_set
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode, encode
from core.tenancy import tenant_tx


def found(actor: Actor, campaign_id: str, ad_set_id: str) -> AdSet:
    """The ad set under the campaign the path names; raises NotFoundError."""
    campaign = queries.get_campaign(actor, campaign_id)
    ad_set = queries.get_ad_set(actor, ad_set_id)
    if ad_set.campaign_id != campaign.id:
        raise NotFoundError
    return ad_set


def _shown(request: Request, outcome: Outcome) -> dict[str, Any] | None:
    shown = outcome.created_id or outcome.target_id
    if outcome.is_denied or not shown.startswith("aset_"):
        return None
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return print_ad_set(decode("aset", shown))


def _print_all(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [ad_set_json(row) for row in rows]


@endpoint("GET", scope="ads:read")
def list_all(request: Request, campaign_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        campaign = queries.get_campaign(actor, campaign_id)
        rows = queries.list_ad_sets(campaign)
        return page(request, rows, columns=AD_SET_COLUMNS, printed=_print_all)


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def create(request: Request, campaign_id: str) -> Response:
    body = parse(NewAdSetBody, request)
    fields = {"campaign_id": campaign_id, **_fields(body)}
    outcome = send(request, "create_ad_set", fields, body=body)
    return reply(outcome, _shown(request, outcome), created=True)


def _fields(body: AdSetBody) -> dict[str, Any]:
    fields: dict[str, Any] = {} if body.name is None else {"name": body.name}
    if body.targeting is not None:
        fields["targeting"] = targeting_fields(body.targeting)
    return fields


@endpoint("GET", scope="ads:read")
def detail(request: Request, campaign_id: str, ad_set_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(print_ad_set(found(actor, campaign_id, ad_set_id).pk))


def _send(
    request: Request, path: tuple[str, str], kind: str, *, body: AdSetBody | None = None
) -> Outcome:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        public = encode("aset", found(actor, *path).pk)
    said = body or parse(Proposal, request)
    fields = _fields(body) if body else {}
    return send(request, kind, {"ad_set_id": public, **fields}, body=said)


@endpoint("PATCH", scope="ads:write:campaigns", idempotent=True)
def change(request: Request, campaign_id: str, ad_set_id: str) -> Response:
    body = parse(AdSetBody, request)
    kind = "set_targeting" if body.targeting and body.name is None else "update_ad_set"
    outcome = _send(request, (campaign_id, ad_set_id), kind, body=body)
    return reply(outcome, _shown(request, outcome))


@endpoint("DELETE", scope="ads:write:lifecycle", idempotent=True)
def archive(request: Request, campaign_id: str, ad_set_id: str) -> Response:
    return gone(_send(request, (campaign_id, ad_set_id), "archive_ad_set"))


@endpoint("POST", scope="ads:write:lifecycle", idempotent=True)
def pause(request: Request, campaign_id: str, ad_set_id: str) -> Response:
    outcome = _send(request, (campaign_id, ad_set_id), "pause_ad_set")
    return reply(outcome, _shown(request, outcome))


@endpoint("POST", scope="ads:write:lifecycle", idempotent=True)
def resume(request: Request, campaign_id: str, ad_set_id: str) -> Response:
    outcome = _send(request, (campaign_id, ad_set_id), "resume_ad_set")
    return reply(outcome, _shown(request, outcome))
