"""Canonical JSON (RFC 8785) and digests over it; floats are refused so that a digest never
drifts.
"""

import hashlib
import json
from decimal import Context, Decimal, Inexact
from typing import Any

import orjson
import rfc8785

_SCALARS = frozenset({str, int, bool, type(None)})
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_EXACT = Context(prec=10_000, traps=[Inexact])  # more digits are an error, never rounded


def canonical_json(value: Any) -> bytes:
    """Canonical bytes of ids, enums, integers, booleans, lists and objects; raises TypeError on
    a float.
    """
    if _is_plain(value):
        try:
            raw = orjson.dumps(value, option=_SORTED)
        except TypeError:  # more than 53 bits, a lone surrogate: the other one refuses
            return rfc8785.dumps(value)
        if raw.isascii():
            return raw
    return rfc8785.dumps(value)  # sorts keys by UTF-16 units, orjson by code points


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def body_digest(raw: bytes) -> str:
    """Hex SHA-256 of a JSON request body by meaning, as RFC 8785 has it: key order, white space and
    the spelling of a number (1, 1.0, 1e0) do not count; null and absent differ.
    """
    try:
        parsed = json.loads(raw or b"null", parse_float=Decimal, parse_constant=_refuse_constant)
        return digest(_exact(parsed))
    except (ValueError, ArithmeticError, RecursionError):
        return hashlib.sha256(raw).hexdigest()


def _exact(value: Any) -> Any:
    """The value with arrays and numbers tagged, so that no number goes through a double."""
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return ["array", *(_exact(item) for item in value)]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        return ["number", str(number.normalize(_EXACT)) if number else "0"]
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_plain(value: Any) -> bool:
    """Whether orjson and rfc8785 take the value for the same; raises TypeError on a float."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if isinstance(value, float):
        raise TypeError("floats have no place in canonical JSON")
    if isinstance(value, dict):
        items = [_is_plain(item) for item in value.values()]
        return kind is dict and all(items)
    if isinstance(value, list | tuple):
        items = [_is_plain(item) for item in value]
        return kind in (list, tuple) and all(items)
    return isinstance(value, str)
