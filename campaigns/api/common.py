"""What the views of this surface share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pydantic
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, after_cursor, page_limit, pagination
from accounts.rendering import naming
from campaigns.api.bodies import Proposal
from campaigns.commands import Command, restore
from campaigns.gateway import Outcome, submit
from campaigns.models import Campaign
from campaigns.queries.printing import plain_rows
from core.clock import now
from core.errors import NotFoundError


def send(
    request: Request,
    kind: str,
    fields: Mapping[str, Any],
    *,
    body: Proposal | None = None,
    sent_as: Mapping[str, str] | None = None,
    locked: Campaign | None = None,
) -> Outcome:
    """Build the command `kind` and submit it; refusals name the caller's keys. `locked` as in
    submit.
    """
    said = body or Proposal()
    payload = {"schema_version": 1, **said.control(), **_json(fields)}
    with naming(sent_as or {}):
        command = _command(request, kind, payload)
        return submit(
            command,
            actor=actor_of(request),
            now=now(),
            rationale=said.rationale,
            locked=locked,
        )


def _command(request: Request, kind: str, payload: dict[str, Any]) -> Command:
    """The command; an id of the path that cannot be one is that of nothing."""
    try:
        return restore(kind, payload)
    except pydantic.ValidationError as error:
        path = request.parser_context["kwargs"]
        if any(one["loc"] and one["loc"][0] in path for one in error.errors()):
            raise NotFoundError from error
        raise


def _json(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()
    }


def page(
    request: Request,
    rows: QuerySet[Any],
    *,
    columns: Sequence[str],
    printed: Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]],
) -> Response:
    """One page ordered by `-created_at, -id`, printed from plain rows."""
    limit, cursor = page_limit(request), request.query_params.get("cursor", "")
    after = after_cursor(rows, cursor) if cursor else rows
    found = list(plain_rows(after, columns)[: limit + 1])
    shown = found[:limit]
    last = (shown[-1]["created_at"], shown[-1]["id"]) if len(found) > limit else None
    return Response({"data": printed(shown), "pagination": pagination(last, rows.count())})
