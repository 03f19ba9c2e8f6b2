"""JSON values as YAML 1.2 in block style; texts and keys are JSON strings, which YAML reads as they
are.
"""

import json
from collections.abc import Iterator
from typing import Any


def to_yaml(value: Any) -> str:
    """The value as a YAML document."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(f"{indent}{_flat(key)}:", item, indent)
    else:
        for item in value:
            yield from _entry(f"{indent}-", item, indent)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, dict | list) and item:
        yield head
        yield from _lines(item, indent + "  ")
    else:
        yield f"{head} {_flat(item)}"


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
