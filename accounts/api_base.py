"""What REST views are made of: one decorator that names the scope, and helpers to parse and
page.
"""

import functools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pydantic
from django.db.models import Model, Q, QuerySet
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import check_scope
from accounts.rendering import OrjsonRenderer
from accounts.services import idempotency
from core.actors import Actor
from core.canonical import body_digest
from core.clock import now
from core.cursors import make_cursor, read_cursor
from core.errors import AppError, InvalidError

ViewFunction = Callable[..., Response]


def endpoint(
    *methods: str,
    scope: str,
    unverified_ok: bool = False,
    idempotent: bool = False,
    prepare: Callable[..., Any] | None = None,
    finish: Callable[[Request, Response], Response] | None = None,
    quota_exempt: bool = False,
) -> Callable[[ViewFunction], Callable[..., Any]]:
    """A DRF view for `methods` that needs `scope` (`public`: no key, `any`: any key).

    `idempotent` honours the header Idempotency-Key: the whole view then runs in one tenant
    transaction with the key's record, so it must not call a platform; a denial is returned, or
    raised as an AppError whose `commits` is True. What `prepare(request, …)` returns before that
    transaction is the view's argument `prepared`: for calls to the outside. `finish(request, kept)`
    makes the answer out of the kept one after that transaction, at every repetition: for calls that
    need what it wrote. `quota_exempt` is for what stops harm: it works with every quota used up and
    in a suspended tenant.
    """
    check_scope(scope)

    def decorate(view: ViewFunction) -> Callable[..., Any]:
        called = _once_per_key(view, prepare, finish) if idempotent else view
        wrapped = api_view(list(methods))(called)
        wrapped.cls.required_scope = scope  # type: ignore[attr-defined]
        wrapped.cls.unverified_ok = unverified_ok  # type: ignore[attr-defined]
        wrapped.cls.idempotent = idempotent  # type: ignore[attr-defined]
        wrapped.cls.tells_progress = finish is not None  # type: ignore[attr-defined]
        wrapped.cls.quota_exempt = quota_exempt  # type: ignore[attr-defined]
        return wrapped

    return decorate


def _once_per_key(
    view: ViewFunction,
    prepare: Callable[..., Any] | None,
    finish: Callable[[Request, Response], Response] | None,
) -> ViewFunction:
    @functools.wraps(view)
    def keyed_view(request: Request, *args: Any, **kwargs: Any) -> Response:
        raw = request._request.body
        if prepare is not None:
            kwargs["prepared"] = prepare(request, *args, **kwargs)
        key = idempotency.parse_header(request.headers.get("Idempotency-Key"))
        if not key:
            answer = view(request, *args, **kwargs)
        else:
            path = request.path.removeprefix("/api")
            answer = _keyed_answer(
                lambda: view(request, *args, **kwargs),
                actor=actor_of(request),
                route=f"{request.method} {path}",
                key=key,
                body_digest=body_digest(raw),
            )
        return answer if finish is None else finish(request, answer)

    return keyed_view


def _keyed_answer(effect: Callable[[], Response], *, actor: Actor, **request: str) -> Response:
    denial: AppError | None = None
    with idempotency.keyed(actor, now=now(), **request) as slot:
        if slot.replay:
            headers = {"Idempotent-Replayed": "true"}
            return Response(slot.replay.body, status=slot.replay.status, headers=headers)
        try:
            response = effect()
        except AppError as error:
            if not error.commits:
                raise
            denial = error
        else:
            response.data = OrjsonRenderer().render(response.data)
            if response.status_code < 400:
                slot.keep(response.status_code, response.data)
    if denial is not None:
        raise denial
    return response


def route(**views: Callable[..., Any]) -> Callable[..., Any]:
    """One URL, one view per method: `route(get=list_x, post=create_x)`; each keeps its own
    scope.
    """
    table = {method.upper(): view for method, view in views.items()}
    fallback = next(iter(table.values()))

    allowed = ", ".join([*table, "OPTIONS"])

    def dispatch(request: Any, *args: Any, **kwargs: Any) -> Any:
        answer = table.get(request.method, fallback)(request, *args, **kwargs)
        if "Allow" in answer.headers:  # each view knows its own method alone
            answer.headers["Allow"] = allowed
        return answer

    dispatch.csrf_exempt = True  # type: ignore[attr-defined]
    dispatch.routes = table  # type: ignore[attr-defined]
    return dispatch


def actor_of(request: Request) -> Actor:
    """The authenticated Actor of a REST request."""
    actor: Actor = request.user  # type: ignore[assignment]
    return actor


def parse[B: pydantic.BaseModel](body: type[B], request: Request) -> B:
    """The request's JSON as `body`; raises what becomes a 422 naming field and rule."""
    data = request.data
    if not isinstance(data, dict):
        raise InvalidError("The body must be a JSON object.")
    return body.model_validate(data)


def parse_query[Q: pydantic.BaseModel](query: type[Q], request: Request) -> Q:
    """The query parameters as `query`; raises what becomes a 422 naming parameter and rule."""
    return query.model_validate(request.query_params.dict())


def page_limit(request: Request) -> int:
    """`limit` of 1 to 100, 20 when absent."""
    text = request.query_params.get("limit", "20")
    if not (text.isascii() and text.isdigit()) or len(text) > 3 or not 1 <= int(text) <= 100:
        raise InvalidError("limit must be a whole number from 1 to 100.", field="limit")
    return int(text)


def paginate[M: Model](request: Request, rows: QuerySet[M]) -> tuple[Sequence[M], dict[str, Any]]:
    """One page ordered by `-created_at, -id`, and the `pagination` object (next_cursor,
    has_more, total).
    """
    limit = page_limit(request)
    total = rows.count()
    cursor = request.query_params.get("cursor", "")
    page = after_cursor(rows, cursor)[: limit + 1] if cursor else rows[: limit + 1]
    found: list[Any] = list(page)
    last = (found[limit - 1].created_at, found[limit - 1].pk) if len(found) > limit else None
    return found[:limit], pagination(last, total)


def pagination(last: tuple[datetime, UUID] | None, total: int) -> dict[str, Any]:
    """The object beside `data`; `last` is the page's last row where more follow."""
    cursor = make_cursor(*last) if last else None
    return {"next_cursor": cursor, "has_more": last is not None, "total": total}


def after_cursor[M: Model](rows: QuerySet[M], cursor: str) -> QuerySet[M]:
    """The rows behind a cursor; raises InvalidError for one that this API did not make."""
    moment, key = read_cursor(cursor)
    return rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=key))
