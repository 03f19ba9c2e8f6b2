"""Surface A: /billing."""

from typing import Annotated, Any, Literal

import pydantic
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, page_limit, parse
from accounts.presenters import moment
from billing import queries, services
from billing.presenters import limits_json, plan_json, subscription_json
from core.clock import now
from core.tenancy import tenant_tx


class SubscribeBody(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    plan_id: int | None = None
    plan: Annotated[str, pydantic.Field(max_length=40)] | None = None
    billing_cycle: Literal["monthly"] = "monthly"
    payment_method: Literal["email"] = "email"


@endpoint("GET", scope="public")
def plans(_request: Request) -> Response:
    rows = queries.list_plans()
    return Response({"data": [{**plan_json(row), "limits": limits_json(row)} for row in rows]})


@endpoint("POST", scope="billing:write", idempotent=True)
def subscribe(request: Request) -> Response:
    body = parse(SubscribeBody, request)
    plan = queries.find_plan(body.plan_id, body.plan)
    made = services.subscribe(actor_of(request), plan, now=now())
    if made.subscription is not None:
        active = subscription_json(made.subscription)
        message = _("The plan is active.")
        return Response({"status": "active", "subscription": active, "message": message})
    answer: dict[str, Any] = {
        "status": "pending",
        "plan": plan_json(plan),
        "checkout_url": made.checkout_url,
        "token": made.token,
        "message": _("A checkout link has been mailed. A person opens it within 24 hours."),
        "expires_at": moment(made.link.expires_at) if made.link else None,
    }
    return Response(answer, headers={"Cache-Control": "no-store"})


@endpoint("GET", scope="billing:read")
def subscribe_status(request: Request) -> Response:
    with tenant_tx(actor_of(request).tenant_id, readonly=True):
        link = queries.get_checkout(request.query_params.get("token", ""))
        current = queries.current_subscription()
    state = queries.checkout_state(link, now=now())
    messages = {
        "pending": _("Waiting for the checkout link to be opened."),
        "active": _("The plan is active."),
        "expired": _("The checkout link is too old; subscribe again."),
    }
    answer: dict[str, Any] = {"status": state, "message": messages[state]}
    if state == "active" and current is not None:
        answer["subscription"] = subscription_json(current)
    return Response(answer)


@endpoint("GET", scope="billing:read")
def status(request: Request) -> Response:
    with tenant_tx(actor_of(request).tenant_id, readonly=True):
        current = queries.current_subscription()
        plan = queries.current_plan()
    answer = {
        "plan": plan.slug,
        "status": "active",
        "subscription": subscription_json(current) if current else None,
        "limits": limits_json(plan),
    }
    return Response(answer)


@endpoint("POST", scope="billing:write", idempotent=True)
def cancel(request: Request) -> Response:
    ended = services.cancel(actor_of(request), now=now())
    message = _("%(plan)s has ended; the account is on Free.") % {"plan": ended.name}
    return Response({"status": "cancelled", "plan": "free", "message": message})


@endpoint("GET", scope="billing:read")
def invoices(request: Request) -> Response:
    page_limit(request)
    pagination = {"next_cursor": None, "has_more": False, "total": 0}
    return Response({"data": [], "pagination": pagination})
