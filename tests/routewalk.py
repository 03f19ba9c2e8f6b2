"""Every route of the URLconf, with the methods a REST view names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

API = re.compile(r"^/(?:api/v1|v1)/")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """`pattern` starts with `/`; REST routes with `/v1/`. `method` is empty for a page."""

    pattern: str
    method: str
    scope: str
    view: Any

    @property
    def key(self) -> str:
        return f"{self.method} {self.pattern}".strip()


def _patterns(entries: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        here = prefix + str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, here)
        elif isinstance(entry, URLPattern):
            yield here, entry.callback


def _views(callback: Any) -> dict[str, Any]:
    if hasattr(callback, "routes"):
        return dict(callback.routes)
    view_class = getattr(callback, "cls", None)
    if view_class is None or not hasattr(view_class, "required_scope"):
        return {}
    return {name.upper(): callback for name in view_class.http_method_names if name != "options"}


def routes() -> list[Route]:
    """All routes, each REST route once although it is mounted twice."""
    found: dict[str, Route] = {}
    for raw, callback in _patterns(get_resolver().url_patterns, "/"):
        pattern = API.sub("/v1/", raw)
        views = _views(callback) if API.match(raw) else {}
        for method, view in views.items():
            route = Route(pattern, method, view.cls.required_scope, view)
            found[route.key] = route
        if not views:
            route = Route(pattern, "", "page", callback)
            found[route.key] = route
    return list(found.values())


def mounts() -> dict[str, set[str]]:
    """The patterns behind `/api/v1/` and behind `/v1/`."""
    both: dict[str, set[str]] = {"/api/v1/": set(), "/v1/": set()}
    for raw, _callback in _patterns(get_resolver().url_patterns, "/"):
        for prefix, patterns in both.items():
            if raw.startswith(prefix):
                patterns.add(raw.removeprefix(prefix))
    return both


def fill(pattern: str, values: dict[str, str]) -> str:
    """The path of a pattern."""
    return PARAMETER.sub(lambda match: values[match[1]], pattern)
