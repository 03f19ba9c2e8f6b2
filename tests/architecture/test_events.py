"""The event registry and the code that emits say the same."""

import ast

from accounts.events import EVENT_TYPES
from tests.architecture.source import ROOMS, ROOT, python_files, tree

# Functions whose events are made of a prefix and a state: the states they are called with.
BUILT = {
    "approval.": {"cancelled", "rejected"},
    "policy.": {"cancelled", "confirmed", "conflict", "expired"},
}
SILENT = {
    ROOT / "accounts" / "events.py",
    ROOT / "config" / "faces" / "audit_presenters.py",
    ROOT / "config" / "openapi" / "samples.py",
    ROOT / "platforms" / "domain" / "words.py",
}


def named() -> set[str]:
    """Every event type that some code names as a constant, and those that are put together."""
    found = {f"{prefix}{state}" for prefix, states in BUILT.items() for state in states}
    for path in python_files(*ROOMS, "config"):
        if path in SILENT or "migrations" in path.parts or "management" in path.parts:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                found.add(f"{node.values[0].value}{{}}")
    return found


def test_every_registered_event_is_emitted_somewhere() -> None:
    assert EVENT_TYPES.keys() - named() == set()


def test_every_built_event_is_registered_and_still_built() -> None:
    texts = named()
    for prefix, states in BUILT.items():
        assert f"{prefix}{{}}" in texts
        assert {f"{prefix}{state}" for state in states} <= EVENT_TYPES.keys()
