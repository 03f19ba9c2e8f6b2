"""The Graph-shaped HTTP face: one view for every call, and the fault profile around it."""

import time
from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from platforms.simulator import faults, limits, store
from platforms.simulator.errors import GraphError, bad_token
from platforms.simulator.graph.call import Call, read_call
from platforms.simulator.graph.routes import answer
from platforms.simulator.models import World

JSON = "application/json; charset=UTF-8"


def healthz(_request: HttpRequest) -> HttpResponse:
    response = HttpResponse("ok", content_type="text/plain")
    response["X-Sim-Now"] = store.world().now.isoformat()
    return response


def respond(
    body: object, *, world: World, status: int = 200, headers: dict[str, str] | None = None
) -> HttpResponse:
    """JSON with the simulated time on it."""
    response = HttpResponse(orjson.dumps(body), content_type=JSON, status=status)
    response["X-Sim-Now"] = world.now.isoformat()
    response["Content-Length"] = str(len(response.content))
    for name, value in (headers or {}).items():
        response[name] = value
    return response


@csrf_exempt
def graph(request: HttpRequest, version: str, path: str) -> HttpResponseBase:
    world = store.world()
    fault = faults.draw(request.method or "GET", edge_of(path))
    try:
        call = read_call(request, version=version, path=path, world=world)
        _before(fault)
        headers = limits.count(call)
        body = _carried_out(call)
        return _after(fault, respond(body, world=world, headers=headers))
    except GraphError as error:
        return respond(error.body(), world=world, status=error.status, headers=error.headers)


def edge_of(path: str) -> str:
    """The name fault profiles know a path by: its last word, or `node` for one object."""
    last = path.strip("/").rpartition("/")[2]
    return "node" if last.isdigit() or last.startswith("act_") else last


def _carried_out(call: Call) -> dict[str, Any]:
    if call.method == "GET" and "access_token" not in call.parts:
        return answer(call)
    with store.writing():
        return answer(call)


def _before(rule: faults.Rule | None) -> None:
    """What happens instead of the call, or makes it slow."""
    if rule is None:
        return
    if rule.kind == "slow":
        time.sleep(rule.seconds)
    elif rule.kind == "error_before":
        raise GraphError("An unknown error occurred", code=1, subcode=99, status=500)
    elif rule.kind == "expired_token":
        raise bad_token("Error validating access token: Session has expired.", 463)
    elif rule.kind in limits.REFUSALS:
        raise limits.refusal(rule.kind)


def _after(rule: faults.Rule | None, response: HttpResponse) -> HttpResponseBase:
    """What becomes of the answer once the work is done."""
    kind = rule.kind if rule else ""
    if kind in ERRORS_AFTER:
        raise GraphError(
            "Service temporarily unavailable", code=2, status=ERRORS_AFTER[kind], transient=True
        )
    return SPOILERS[kind](response) if kind in SPOILERS else response


def _truncated(response: HttpResponse) -> HttpResponse:
    response.content = response.content[: len(response.content) // 2]
    response["Content-Length"] = str(len(response.content))
    return response


def _cut(response: HttpResponse) -> HttpResponse:
    """Promise more than is sent: the server then has to drop the connection."""
    response["Content-Length"] = str(len(response.content) + 4096)
    response.content = b"{"
    return response


ERRORS_AFTER = {"error_after": 500, "bad_request_after": 400, "error_in_200": 200}
SPOILERS: dict[str, Callable[[HttpResponse], HttpResponse]] = {
    "truncated": _truncated,
    "cut_after": _cut,
}
