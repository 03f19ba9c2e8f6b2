"""The tools an agent calls over MCP: one registry that rooms fill in from their module `tools`.

A tool is a face like a REST route: it parses, makes one call of a service or query, and prints.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pydantic

from core.actors import Actor
from core.errors import AppError

TOOLS: dict[str, "ToolSpec"] = {}
# An answer holds its JSON twice, as data and as text: clients show a model one or the other.
MOST_BYTES = 23_000
MARK = "…"
# How long a text, and at last how many items of a list, an answer keeps until it fits: a page of
# rows is small enough by itself, for a row that was cut off its cursor would never show.
_CLIPS = ((2_000, None), (600, None), (200, None), (120, None), (120, 40), (120, 10), (120, 2))


class ToolInput(pydantic.BaseModel):
    """Arguments of a tool; unknown names are refused."""

    model_config = pydantic.ConfigDict(extra="forbid")


class ToolOutput(pydantic.BaseModel):
    """What a tool answers. Fields that are null are left out; `truncated` says that long texts or
    lists were cut to fit.
    """

    truncated: bool | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool's `run` returns: the data, and whether a person or rule said no to it."""

    data: Mapping[str, Any]
    is_error: bool = False


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """One tool. `scopes`: the caller needs any one of them to see and call it; what a call does may
    need a narrower one, which the service checks. The four hints are MCP's annotations.

    `run(actor, arguments)` takes the parsed input and raises AppError for a caller's mistake.
    """

    name: str
    title: str
    description: str
    scopes: frozenset[str]
    input: type[ToolInput]
    output: type[ToolOutput]
    run: Callable[[Actor, Any], Answer]
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False

    def is_open_to(self, actor: Actor) -> bool:
        """Whether the caller's scopes reach the tool at all."""
        return not self.scopes.isdisjoint(actor.scopes)


def declare(*tools: ToolSpec) -> None:
    """Add to the registry; raises ValueError for a name that is there already."""
    for tool in tools:
        if tool.name in TOOLS:
            raise ValueError(f"the tool {tool.name} is declared twice")
        TOOLS[tool.name] = tool


def without_nulls(value: Any) -> Any:
    """The value without keys that are null, at every depth."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(item) for item in value]
    return value


def fitted(data: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The data as plain JSON values and as text, cut until both together are within MOST_BYTES; a
    cut answer says `truncated`.
    """
    raw = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
    plain: dict[str, Any] = without_nulls(orjson.loads(raw))
    shown, text = plain, orjson.dumps(plain).decode()
    for letters, items in _CLIPS:
        if _weight(text) <= MOST_BYTES:
            break
        shown = {**_clipped(plain, letters, items), "truncated": True}
        text = orjson.dumps(shown).decode()
    return shown, text


def fits(data: Mapping[str, Any]) -> bool:
    """Whether an answer goes out whole."""
    return "truncated" not in fitted(data)[0]


def _weight(text: str) -> int:
    """Bytes of the JSON as data and once more as a JSON string, escapes included."""
    return len(text.encode()) + len(orjson.dumps(text))


def _clipped(value: Any, letters: int, items: int | None) -> Any:
    if isinstance(value, str) and len(value) > letters:
        return value[:letters] + MARK
    if isinstance(value, dict):
        return {key: _clipped(item, letters, items) for key, item in value.items()}
    if isinstance(value, list):
        return [_clipped(item, letters, items) for item in value[:items]]
    return value


def page_of(
    rows: list[dict[str, Any]], *, room: int = MOST_BYTES // 3
) -> tuple[list[dict[str, Any]], bool]:
    """The first rows that fit into `room` bytes, at least one, and whether any was left out."""
    kept: list[dict[str, Any]] = []
    used = 0
    for row in rows:
        used += len(orjson.dumps(row))
        if kept and used > room:
            return kept, True
        kept.append(row)
    return kept, False


def explain(error: AppError) -> str:
    """An error as a model reads it: code, what is wrong, the next step, the field and the rule."""
    text = f"{error.code}: {error.message[:1000]}"
    hint = error.hint
    if not hint and "field" in error.details:
        hint = "Correct that field and call the tool again."
    if hint:
        text += f" Next: {hint}"
    if error.details:
        shown, _text = fitted(error.details)
        text += f"\nDetails: {orjson.dumps(shown).decode()}"
    return text
