"""What the Agent API's OpenAPI document says of each route; a room declares it in its module
`operations` (in campaigns `api.operations`), beside the routes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pydantic

OPERATIONS: dict[tuple[str, str], "Operation"] = {}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path of surface A.

    `id` is the operationId in snake case, the name of the MCP tool where one does the same; `path`
    has no version prefix and names its parameters in braces: `/campaigns/{campaign_id}`. `query`
    is a model whose fields are the query parameters. `answers` maps each status of success to the
    model of its JSON, None for no content. `files` are the media types of an answer of 200 that is
    a file instead. `errors` are the codes beside those that every route may answer. `example` is a
    body that works on a fresh test business, `{}` where none is sent.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str = ""
    query: type[pydantic.BaseModel] | None = None
    body: type[pydantic.BaseModel] | None = None
    answers: Mapping[int, Any] = field(default_factory=dict)
    files: Sequence[str] = ()
    errors: Sequence[str] = ()
    example: Mapping[str, Any] = field(default_factory=dict)


def declare(*operations: Operation) -> None:
    """Add to the document; raises ValueError for a route or an id that is there already."""
    known = {one.id for one in OPERATIONS.values()}
    for one in operations:
        key = (one.method, one.path)
        if key in OPERATIONS or one.id in known:
            raise ValueError(f"{one.method} {one.path} or {one.id} is declared twice")
        known.add(one.id)
        OPERATIONS[key] = one
