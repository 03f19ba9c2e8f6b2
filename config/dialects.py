"""Which surface answers a path: errors, limits, 404, 405 and OpenAPI differ by it."""

import re
from enum import StrEnum


class Surface(StrEnum):
    """The faces that speak JSON. Agent, partner, research and tenant management."""

    AGENT = "A"
    PARTNER = "B"
    RESEARCH = "C"
    TENANTS = "D"


API_PREFIX = re.compile(r"^/(?:api/v1|v1)(?=/|$)")
_PARTNER = (
    "projects",
    "whoami",
    "api-keys",
    "organizations",
    "jobs",
    "audit-log",
    "webhook-endpoints",
    "webhook-deliveries",
    "layers",
    "content",
)


def surface_of(path: str) -> Surface | None:
    """The surface of a request path, None for pages and everything else that is not the API."""
    prefix = API_PREFIX.match(path)
    if prefix is None:
        return None
    first, _, rest = path[prefix.end() :].strip("/").partition("/")
    if (first == "account" and not rest) or first in ("tasks", "results"):
        return Surface.RESEARCH
    if first in _PARTNER:
        return Surface.PARTNER
    if first == "tenant-management":
        return Surface.TENANTS
    return Surface.AGENT
