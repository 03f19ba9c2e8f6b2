"""Shapes that the answers of the Agent API share, as pydantic models: its document is made of them
and tests hold every answer against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pydantic
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, eq=False)
class Words:
    """Metadata of a text: the document lists these words, each with its meaning. What is accepted
    is the field's own business, so a body may take other spellings as well.
    """

    meanings: Mapping[str, str]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        lines = [f"- `{word}`: {meaning}" for word, meaning in self.meanings.items()]
        return {
            **_names(self.meanings),
            "type": "string",
            "enum": list(self.meanings),
            "description": "\n".join(lines),
            "x-enum-descriptions": list(self.meanings.values()),
        }


def _names(words: Mapping[str, str]) -> dict[str, list[str]]:
    """What generated clients call words that differ by case alone; nothing where none do."""
    raised = [word.upper() for word in words]
    if len(set(raised)) == len(raised):
        return {}
    named = [name if raised.index(name) == at else f"{name}_{at}" for at, name in enumerate(raised)]
    return {"x-enum-varnames": named}


@dataclass(frozen=True, eq=False)
class OneOf(Words):
    """As `Words`, and nothing else is valid."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.literal_schema(list(self.meanings))


type Environment = Annotated[
    str,
    OneOf(
        {
            "live": "real accounts and real money",
            "test": "the sandbox: everything happens at a simulated platform",
        }
    ),
]
type Time = Annotated[
    str, pydantic.Field(description="UTC, ISO 8601 with `Z`.", examples=["2026-11-21T12:00:00Z"])
]
type Currency = Annotated[str, pydantic.Field(description="ISO 4217 code.", examples=["USD"])]


def an_id(prefix: str) -> Any:
    """Metadata of an id that begins with `prefix`."""
    return pydantic.Field(description=f"An id of the form `{prefix}_…`.")


class Answer(pydantic.BaseModel):
    """An answer has these keys and no others; a key with a default may be absent."""

    model_config = pydantic.ConfigDict(extra="forbid")


class Pagination(Answer):
    """Where the page ends."""

    next_cursor: Annotated[
        str | None, pydantic.Field(description="Send it as `cursor`; null on the last page.")
    ]
    has_more: bool
    total: Annotated[int, pydantic.Field(ge=0, description="Rows on all pages together.")]


class Page[T](Answer):
    """One page of a list, newest first."""

    data: list[T]
    pagination: Pagination


class PageQuery(pydantic.BaseModel):
    """Which page of a list."""

    limit: Annotated[int, pydantic.Field(ge=1, le=100, description="Rows on a page.")] = 20
    cursor: Annotated[
        str, pydantic.Field(description="`next_cursor` of the page before; empty for the first.")
    ] = ""


class Message(Answer):
    """A sentence for whoever reads the answer."""

    message: str
