"""Canonical JSON is what RFC 8785 says, whichever encoder wrote it."""

import random
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
import rfc8785

from core.canonical import canonical_json

CHARACTERS = [*map(chr, range(0x100)), "\u2028", "\ud7ff", "\ue000", "\uffff", "\U0001f600"]
NUMBERS = [0, -1, 10, 2**53 - 1, 1 - 2**53]


class Word(StrEnum):
    LINE = "a\n"


def text(source: random.Random) -> str:
    return "".join(source.choice(CHARACTERS) for _ in range(source.randrange(5)))


def value(source: random.Random, depth: int = 4) -> Any:
    kind = source.randrange(8 if depth else 5)
    if kind == 0:
        return source.choice([None, True, False, Word.LINE])
    if kind == 1:
        return source.choice(NUMBERS)
    if kind < 5:
        return text(source)
    items = [value(source, depth - 1) for _ in range(source.randrange(5))]
    if kind < 7:
        return items if kind == 5 else tuple(items)
    return {text(source): item for item in items}


def outcome(encode: Callable[[Any], bytes], given: Any) -> Any:
    try:
        return encode(given)
    except (TypeError, ValueError) as error:
        return type(error)


def test_the_fast_encoder_writes_the_same_bytes():
    source = random.Random(8785)
    values = [value(source) for _ in range(5_000)]
    assert [canonical_json(one) for one in values] == [rfc8785.dumps(one) for one in values]


@pytest.mark.parametrize(
    "given",
    [2**53, -(2**53), {1: 2}, {"a": object}, "\ud800", {"\ud800": 1}, b"x", UUID(int=1), {1, 2}],
    ids=repr,
)
def test_what_the_one_refuses_the_other_refuses(given):
    refused = outcome(rfc8785.dumps, given)
    assert isinstance(refused, type)
    assert outcome(canonical_json, given) is refused


@pytest.mark.parametrize("given", [1.0, {"a": [1, (2.5,)]}, [{"b": float("nan")}]], ids=repr)
def test_a_float_is_refused_wherever_it_stands(given):
    with pytest.raises(TypeError):
        canonical_json(given)
