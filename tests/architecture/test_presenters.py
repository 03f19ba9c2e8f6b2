"""Whatever the product records can be read on the audit page."""

import ast
from collections.abc import Iterator

from accounts.events import EVENT_TYPES
from config.faces.audit_presenters import PRESENTERS
from tests.architecture.source import ROOMS, python_files

RECORDERS = {"record_audit", "audit", "_audit"}


def recorded() -> Iterator[str]:
    """Event types written as literals in a call that records an audit row."""
    for path in python_files(*ROOMS, "config"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RECORDERS:
                yield from _types(node)


def _types(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        if isinstance(argument, ast.Constant) and "." in str(argument.value):
            yield str(argument.value)


def test_every_event_type_has_a_presenter() -> None:
    assert set(EVENT_TYPES) - set(PRESENTERS) == set()


def test_every_recorded_type_has_a_presenter() -> None:
    found = set(recorded())
    assert len(found) >= 10
    assert found - set(PRESENTERS) == set()
