"""The control API for tests and demos: clock, faults, people, outside edits, ground truth.

Every call needs the header `X-Sim-Token` with SIMULATOR_TRUTH_TOKEN; without a token set, nothing
answers.
"""

import secrets
from collections.abc import Callable
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from platforms.simulator import delivery, faults, limits, oauth, sessions, store, truth
from platforms.simulator.errors import GraphError, not_found
from platforms.simulator.graph.change import apply_update
from platforms.simulator.models import NODE_BASE, AdAccount, Node, Page, Pixel, Token, World
from platforms.simulator.params.common import parse, refusal
from platforms.simulator.params.tree import UPDATES
from platforms.simulator.views import respond

Face = Callable[[HttpRequest, World], object]


class NewUser(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(default="Test person", min_length=1, max_length=80)
    timezone: str = "America/New_York"
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class Advance(BaseModel):
    model_config = ConfigDict(extra="forbid")
    hours: float = Field(ge=0, le=24 * 400)


class AccountEdit(BaseModel):
    """An ad account's own state: 1 active, 2 disabled, 3 unsettled."""

    model_config = ConfigDict(extra="forbid")
    account: str
    status: int = Field(ge=1, le=3)


def allowed(request: HttpRequest) -> bool:
    """True with the token the process was started with."""
    wanted = settings.SIMULATOR_TRUTH_TOKEN
    given = request.headers.get("X-Sim-Token", "")
    return bool(wanted) and secrets.compare_digest(given.encode(), wanted.encode())


def _answered(request: HttpRequest, handler: Face | None, method: str) -> HttpResponse:
    world = store.world()
    if not allowed(request):
        return respond({"error": "X-Sim-Token is missing or wrong"}, world=world, status=403)
    if handler is None:
        return respond({"error": "unknown control call"}, world=world, status=404)
    if request.method != method:
        return respond({"error": f"use {method}"}, world=world, status=405)
    try:
        body = handler(request, world)
    except ValidationError as error:
        return respond(refusal(error).body(), world=world, status=400)
    except GraphError as error:
        return respond(error.body(), world=world, status=error.status)
    return respond(body, world=store.world())


@csrf_exempt
def face(request: HttpRequest, what: str) -> HttpResponse:
    method, handler = FACES.get(what, ("GET", None))
    return _answered(request, handler, method)


@csrf_exempt
def edit_object(request: HttpRequest, graph_id: str) -> HttpResponse:
    return _answered(request, lambda req, world: _edit(req, world, graph_id), "POST")


@csrf_exempt
def truth_face(request: HttpRequest, what: str) -> HttpResponse:
    return _answered(request, TRUTHS.get(what), "GET")


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise GraphError("The body is not valid JSON") from error
    if not isinstance(body, dict):
        raise GraphError("The body must be an object")
    return body


def _clock(_request: HttpRequest, world: World) -> object:
    return {"now": world.now.isoformat(), "seed": world.seed}


def _advance(request: HttpRequest, _world: World) -> object:
    hours = Advance.model_validate(_body(request)).hours
    return {"now": delivery.advance(hours).isoformat()}


def _faults(request: HttpRequest, _world: World) -> object:
    faults.use(faults.Profile.model_validate(_body(request)))
    limits.reset()
    return faults.profile().model_dump()


def _fault_counts(_request: HttpRequest, _world: World) -> object:
    return faults.counts()


def _users(request: HttpRequest, world: World) -> object:
    body = NewUser.model_validate(_body(request))
    with store.writing():
        person = oauth.new_person(
            body.name, now=world.now, currency=body.currency, timezone=body.timezone
        )
        token = oauth.new_token(person, oauth.DEFAULT_SCOPES, oauth.LONG_LIFE)
    account = AdAccount.objects.get(person=person)
    return {
        "user_id": person.graph_id,
        "access_token": token.value,
        "ad_account": account.graph_id,
        "page": Page.objects.get(person=person).graph_id,
        "pixel": Pixel.objects.get(account=account).graph_id,
    }


def _revoke(request: HttpRequest, _world: World) -> object:
    text = str(_body(request).get("access_token", ""))
    with store.writing():
        count = Token.objects.filter(value=text).update(revoked=True)
    sessions.forget()
    return {"revoked": count}


def _account_status(request: HttpRequest, _world: World) -> object:
    body = AccountEdit.model_validate(_body(request))
    with store.writing():
        account = truth.find(body.account)
        account.status = body.status
        account.save(update_fields=["status"])
    sessions.forget()
    return {"account": account.graph_id, "status": account.status}


def _objects(request: HttpRequest, world: World) -> object:
    return truth.objects(request.GET.get("account", ""), world)


def _ledger(request: HttpRequest, world: World) -> object:
    return truth.ledger(truth.LedgerQuery.model_validate(request.GET.dict()), world)


def _edit(request: HttpRequest, world: World, graph_id: str) -> object:
    """What a person would do in the platform's own screens: no token, no limits, no faults."""
    key = int(graph_id) - NODE_BASE if graph_id.isdigit() else 0
    with store.writing():
        node = Node.objects.select_related("account").filter(pk=key).first()
        if node is None or node.kind not in UPDATES:
            raise not_found(graph_id, "post")
        counted, node.budget_edits = node.budget_edits, []
        body = parse(UPDATES[node.kind], _body(request))
        apply_update(node, body, seed=world.seed, now=world.now)
        Node.objects.filter(pk=node.pk).update(budget_edits=counted)
    return {"success": True}


FACES: dict[str, tuple[str, Face]] = {
    "clock": ("GET", _clock),
    "advance": ("POST", _advance),
    "faults": ("POST", _faults),
    "fault_counts": ("GET", _fault_counts),
    "users": ("POST", _users),
    "revoke": ("POST", _revoke),
    "account_status": ("POST", _account_status),
}
TRUTHS: dict[str, Face] = {"objects": _objects, "ledger": _ledger}
