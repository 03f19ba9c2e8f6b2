"""The REST views of the URLconf, under the paths of the document."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

PREFIX = "v1/"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def rest_views() -> dict[tuple[str, str], Any]:
    """(method, path without the version) → view; browser links under the prefix are left out."""
    found = {}
    for pattern, callback in _patterns(get_resolver().url_patterns, ""):
        if pattern.startswith(PREFIX):
            path = "/" + PARAMETER.sub(r"{\1}", pattern.removeprefix(PREFIX))
            for method, view in _methods(callback):
                found[method, path] = view
    return found


def _patterns(entries: Any, before: str) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        here = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, here)
        elif isinstance(entry, URLPattern):
            yield here, entry.callback


def _methods(callback: Any) -> list[tuple[str, Any]]:
    if hasattr(callback, "routes"):
        return list(callback.routes.items())
    view_class: Any = getattr(callback, "cls", None)
    if not hasattr(view_class, "required_scope"):
        return []
    names: list[str] = view_class.http_method_names
    return [(name.upper(), callback) for name in names if name != "options"]
