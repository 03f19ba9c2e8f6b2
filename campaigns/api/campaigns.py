"""Surface A: /campaigns."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, page_limit, pagination, parse, parse_query
from accounts.queries import business_for, get_business
from campaigns import queries
from campaigns.api.bodies import (
    CampaignBody,
    LaunchBody,
    NewCampaignBody,
    Proposal,
    campaign_fields,
)
from campaigns.api.common import send
from campaigns.api.filters import CampaignQuery
from campaigns.api.replies import gone, reply
from campaigns.domain.words import BUDGET_TYPES
from campaigns.gateway import DISPATCHING, PENDING, Outcome
from campaigns.models import Campaign
from campaigns.queries.printing import print_campaign, print_campaigns, print_stored
from campaigns.queries.tree import campaign_key
from core.cursors import read_cursor
from core.errors import InvalidError
from core.ids import decode, encode
from core.tenancy import tenant_tx

REQUIRED = ("name", "objective", "budget_micros")
BUDGET = {"budget_type", "budget_micros", "currency"}
ASKED = {"budget_micros": "daily_budget"}


def _shown(request: Request, outcome: Outcome) -> dict[str, object] | None:
    if outcome.is_denied:
        return None
    if outcome.action == "create_campaign" and not outcome.created_id:
        return None
    with tenant_tx(actor_of(request).tenant_id, readonly=True):
        return print_campaign(decode("camp", outcome.campaign_id))


@endpoint("GET", scope="ads:read")
def list_all(request: Request) -> Response:
    actor, query = actor_of(request), parse_query(CampaignQuery, request)
    with tenant_tx(actor.tenant_id, readonly=True):
        wanted = query.business_id
        business_id = get_business(actor, wanted).id if wanted else None
        page = print_campaigns(
            actor,
            limit=page_limit(request),
            after=read_cursor(query.cursor) if query.cursor else None,
            business_id=business_id,
            status=query.status or "",
        )
    return Response({"data": page.data, "pagination": pagination(page.last, page.total)})


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def create(request: Request) -> Response:
    actor, body = actor_of(request), parse(NewCampaignBody, request)
    with tenant_tx(actor.tenant_id, readonly=True):
        business = business_for(actor, body.business_id or "")
    parsed = campaign_fields(body, currency=business.currency)
    for name in REQUIRED:
        if name not in parsed.fields:
            shown = ASKED.get(name, name)
            raise InvalidError(f"{shown}: Field required", field=shown)
    fields = {
        "business_id": encode("biz", business.id),
        "currency": business.currency,
        **parsed.fields,
    }
    outcome = send(request, "create_campaign", fields, body=body, sent_as=parsed.sent_as)
    return reply(outcome, _shown(request, outcome), created=True)


@endpoint("GET", scope="ads:read")
def detail(request: Request, campaign_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(print_campaign(campaign_key(campaign_id), actor))


@endpoint("PATCH", scope="ads:write:campaigns", idempotent=True)
def change(request: Request, campaign_id: str) -> Response:
    actor, body = actor_of(request), parse(CampaignBody, request)
    if body.business_id is not None:
        raise InvalidError("A campaign stays with its business.", field="business_id")
    with tenant_tx(actor.tenant_id):
        campaign = queries.get_campaign(actor, campaign_id, lock=True)
        parsed = campaign_fields(body, currency=campaign.currency)
        kind, fields = narrowest(parsed.fields, campaign)
        outcome = send(request, kind, fields, body=body, sent_as=parsed.sent_as, locked=campaign)
    if outcome.status in (PENDING, DISPATCHING):
        return reply(outcome, print_stored(campaign))
    return reply(outcome, _shown(request, outcome))


def narrowest(fields: dict[str, Any], campaign: Campaign) -> tuple[str, dict[str, Any]]:
    """A change of the budget or of the schedule alone is that command; all else is an update."""
    wanted = {"campaign_id": encode("camp", campaign.id), **fields}
    if "budget_micros" in fields and fields.keys() <= BUDGET:
        kind = wanted.pop("budget_type", campaign.budget_type)
        if kind in BUDGET_TYPES:
            return f"set_{kind}_budget", {"currency": campaign.currency, **wanted}
    if fields and fields.keys() <= {"start_date", "end_date"}:
        return "set_schedule", wanted
    return "update_campaign", {**wanted, **fields}


@endpoint("DELETE", scope="ads:write:lifecycle", idempotent=True)
def archive(request: Request, campaign_id: str) -> Response:
    return gone(send(request, "archive_campaign", {"campaign_id": campaign_id}))


@endpoint("POST", scope="ads:write:lifecycle", idempotent=True)
def launch(request: Request, campaign_id: str) -> Response:
    body = parse(LaunchBody, request)
    fields = {
        "campaign_id": campaign_id,
        **body.model_dump(include={"ad_account_id", "page_id", "pixel_id"}),
    }
    outcome = send(request, "launch_campaign", fields, body=body)
    return reply(outcome, _shown(request, outcome))


def _status(request: Request, kind: str, campaign_id: str) -> Response:
    body = parse(Proposal, request)
    outcome = send(request, kind, {"campaign_id": campaign_id}, body=body)
    return reply(outcome, _shown(request, outcome))


@endpoint("POST", scope="ads:write:lifecycle", idempotent=True)
def pause(request: Request, campaign_id: str) -> Response:
    return _status(request, "pause_campaign", campaign_id)


@endpoint("POST", scope="ads:write:lifecycle", idempotent=True)
def resume(request: Request, campaign_id: str) -> Response:
    return _status(request, "resume_campaign", campaign_id)
