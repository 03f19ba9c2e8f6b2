"""Surface A: /billing."""

from typing import Annotated, Any, Literal

import pydantic
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse
from accounts.presenters import moment
from billing import credits as ledger
from billing import queries, services
from billing.presenters import (
    balance_json,
    invoice_json,
    limits_json,
    plan_json,
    subscription_json,
)
from core.clock import now
from core.shapes import Words
from core.tenancy import tenant_tx


class SubscribeBody(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    plan_id: int | None = None
    plan: Annotated[str, pydantic.Field(max_length=40)] | None = None
    billing_cycle: Annotated[Literal["monthly"], Words({"monthly": "paid month by month"})] = (
        "monthly"
    )
    payment_method: Annotated[
        Literal["email"], Words({"email": "a person pays by the mailed link"})
    ] = "email"


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
    moment_now = now()
    with tenant_tx(actor_of(request).tenant_id, readonly=True):
        current = queries.current_subscription()
        plan = queries.plan_in_force(current)
        kinds = {kind: ledger.balance(kind, moment_now) for kind in ledger.KINDS}
    answer = {
        "plan": plan.slug,
        "status": current.status if current else "active",
        "subscription": subscription_json(current) if current else None,
        "limits": limits_json(plan),
        "credits": {kind: balance_json(left) for kind, left in kinds.items()},
        "mode": "stripe" if services.is_configured() else "demo",
    }
    return Response(answer)


@endpoint("POST", scope="billing:write", idempotent=True)
def cancel(request: Request) -> Response:
    ended = services.cancel(actor_of(request), now=now())
    if ended.ends_at is not None:
        words = {"plan": ended.plan.name, "day": ended.ends_at.date().isoformat()}
        message = _("%(plan)s ends on %(day)s and is not renewed.") % words
        active = subscription_json(ended)
        return Response(
            {
                "status": "cancelling",
                "plan": ended.plan.slug,
                "subscription": active,
                "message": message,
            }
        )
    message = _("%(plan)s has ended; the account is on Free.") % {"plan": ended.plan.name}
    return Response({"status": "cancelled", "plan": "free", "message": message})


@endpoint("POST", scope="billing:write", idempotent=True)
def resume(request: Request) -> Response:
    kept = services.resume(actor_of(request), now=now())
    message = _("%(plan)s goes on.") % {"plan": kept.plan.name}
    return Response(
        {"status": kept.status, "subscription": subscription_json(kept), "message": message}
    )


@endpoint("POST", scope="billing:write")
def portal(request: Request) -> Response:
    url = services.open_portal(actor_of(request))
    message = _("A person opens this page within minutes to change card, address or plan.")
    return Response({"url": url, "message": message}, headers={"Cache-Control": "no-store"})


@endpoint("GET", scope="billing:read")
def invoices(request: Request) -> Response:
    with tenant_tx(actor_of(request).tenant_id, readonly=True):
        rows, pagination = paginate(request, queries.list_invoices())
    return Response({"data": [invoice_json(row) for row in rows], "pagination": pagination})
