"""The parts of a batch, each answered as a request of its own: same routes, key, scopes, limits,
idempotency and errors, with its own request id.
"""

import io
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cache
from http import HTTPMethod
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver
from django.utils.translation import gettext as _

from accounts.services.limits import Usage
from billing.throttling import rate_headers
from config.dialects import API_PREFIX
from config.faces.errors import json_error
from config.middleware import Handler, request_context
from core.errors import AppError, InvalidError

# Who calls, from where, and under which name: all that a part has of its batch.
_INHERITED = (
    "HTTP_AUTHORIZATION",
    "HTTP_HOST",
    "HTTP_USER_AGENT",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "REMOTE_ADDR",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
)
_HINT = "Send this request on its own."


@dataclass(frozen=True, kw_only=True)
class Part:
    """One request of a batch; `path` may have a query, `key` is its Idempotency-Key or ""."""

    method: str
    path: str
    body: bytes = b""
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class PartAnswer:
    """What a part was answered; `body` is JSON or empty, `usages` the limits it was counted in."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    usages: Sequence[Usage] = field(default=())


class NotInBatchError(InvalidError):
    """The route's answer is no JSON, or it must not be multiplied by one request."""

    code = "not_in_batch"
    hint = _HINT


def carry_out(parts: Sequence[Part], batch: HttpRequest) -> list[PartAnswer]:
    """The answers in the order of `parts`. On PostgreSQL up to BATCH_THREADS parts run at a time,
    in no promised order; on SQLite, which knows one writer, one after another.
    """
    answers: dict[int, PartAnswer] = {}
    waiting = deque((number, copy_context(), part) for number, part in enumerate(parts))

    def work() -> None:
        while waiting:
            try:
                number, context, part = waiting.popleft()
            except IndexError:
                return
            answers[number] = context.run(_answer, part, batch)

    def help_out() -> None:
        try:
            work()
        finally:
            connections.close_all()

    helpers = _helpers(len(parts))
    if helpers:
        with ThreadPoolExecutor(helpers, thread_name_prefix="batch") as pool:
            for _number in range(helpers):
                pool.submit(help_out)
            work()
    else:
        work()
    return [answers[number] for number in range(len(parts))]


def _helpers(count: int) -> int:
    """Threads beside the request's own; none where another connection would not see what this one
    has written.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return 0
    return min(settings.BATCH_THREADS, count) - 1


def _answer(part: Part, batch: HttpRequest) -> PartAnswer:
    request = WSGIRequest(_environ(part, batch))
    response = _handler()(request)
    return PartAnswer(
        status=response.status_code,
        headers=dict(response.items()),
        body=response.content,
        usages=getattr(request, "rate_usage", ()),
    )


def _environ(part: Part, batch: HttpRequest) -> dict[str, Any]:
    path, _mark, query = part.path.partition("?")
    return {
        **{name: batch.META[name] for name in _INHERITED if name in batch.META},
        **({"HTTP_IDEMPOTENCY_KEY": part.key} if part.key else {}),
        "REQUEST_METHOD": part.method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(part.body)),
        "wsgi.input": io.BytesIO(part.body),
        "wsgi.url_scheme": batch.scheme,
    }


@cache
def _handler() -> Handler:
    """The middlewares that make a request one of its own; the others serve pages."""
    handler: Any = convert_exception_to_response(_dispatch)
    for middleware in (rate_headers, request_context):
        handler = convert_exception_to_response(middleware(handler))
    return handler  # type: ignore[no-any-return]


def _dispatch(request: HttpRequest) -> HttpResponse:
    match = get_resolver().resolve(request.path_info)
    try:
        _check_route(match.func, request)
        response: Any = match.func(request, *match.args, **match.kwargs)
        if hasattr(response, "render"):
            response = response.render()
        return _checked(response)
    except AppError as error:
        return json_error(request, error)


def _check_route(view: Any, request: HttpRequest) -> None:
    """Raise NotInBatchError for a page, a batch, and what nobody needs a key for and yet changes
    something: sign-up and sign-in are limited by the address of each single request.
    """
    table = getattr(view, "routes", {})
    found = getattr(table.get(request.method, next(iter(table.values()), view)), "cls", None)
    scope = getattr(found, "required_scope", "")
    if not scope or not API_PREFIX.match(request.path_info):
        raise NotInBatchError(_("A batch holds requests to the API only."), field="path")
    if not getattr(found, "in_batch", True):
        raise NotInBatchError(_("A batch holds no other batch."), field="path")
    if scope == "public" and request.method != HTTPMethod.GET:
        raise NotInBatchError(_("This route takes no key, so it is not for a batch."), field="path")


def _checked(response: Any) -> HttpResponse:
    """The response, if it is JSON or nothing; raises NotInBatchError for a file or a redirect."""
    is_json = response.get("Content-Type", "").startswith("application/json")
    if response.streaming or 300 <= response.status_code < 400:
        response.close()
    elif is_json or not response.content:
        return response  # type: ignore[no-any-return]
    raise NotInBatchError(_("The answer is not JSON, so it is not for a batch."), field="path")
