"""Every URL says who may call it; a forgotten one fails here and answers 403 at run time."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, path

from accounts.authentication import check_scope
from core.actors import Role

# Pages without a sign-in, each with its reason. Prefixes end in a slash or a dot.
PUBLIC_NAMES = {
    "analytics-report-file": "the mailed link's signature is the credential",
    "billing-checkout": "the mailed link is the credential",
    "checkout-done": "a fixed text",
    "stripe-webhook": "the payment provider's signature is the credential",
    "invitation": "the mailed link is the credential",
    "dev-mailbox": "only with DEMO, else 404",
    "dev-mail": "only with DEMO, else 404",
    "sim-graph": "only beside a simulator, whose token is the credential",
    "api-docs": "the same page for everybody",
    "api-reference": "the same page for everybody",
    "llms": "the same text for everybody",
    "skill": "the same text for everybody",
    "openapi-json": "the same document for everybody",
    "openapi-yml": "the same document for everybody",
    "healthz": "load balancers ask it",
    "readyz": "load balancers ask it",
    "claim": "the mailed link is the credential",
    "no-membership": "says that the signed-in person belongs to no tenant",
    "account_signup": "sign-up itself",
    "verify": "the mailed code is the credential",
    "verify-resend": "mails the code again, limited",
    "oauth-server-metadata": "a fixed text",
    "oauth-resource-metadata": "a fixed text",
    "oauth-resource-metadata-mcp": "a fixed text",
    "oauth-resource-metadata-mcp-bare": "a fixed text",
    "oauth-token": "the code or the refresh token is the credential",
    "oauth-revoke": "the token is the credential",
    "platform-setup": "the mailed link is the credential",
    "platform-callback": "the platform sends the browser back; the state is the credential",
    "switch-business": "changes nothing but the visitor's own session",
}
FRAMEWORK = {
    "allauth.": "sign-in itself; allauth guards its own pages",
}


Route = tuple[str, URLPattern]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Route]:
    """Every pattern with its full route."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route, pattern


def who_may_call(pattern: URLPattern) -> list[str]:
    """Scopes (REST) or roles (pages) the view names; empty when it names none."""
    view: Any = pattern.callback
    found: list[str] = []
    for one in [view, *getattr(view, "routes", {}).values()]:
        scope = getattr(getattr(one, "cls", None), "required_scope", None)
        if scope:
            check_scope(scope)
            found.append(scope)
        roles = getattr(one, "required_roles", None)
        if roles is not None:
            found += [str(Role(role)) for role in roles] or ["any role"]
        if getattr(one, "public_page", ""):
            found.append("public: " + one.public_page)
    methods = len(getattr(view, "routes", {}) or [view])
    return found if len(found) >= methods else []


def is_framework(pattern: URLPattern) -> bool:
    return str(getattr(pattern.callback, "__module__", "")).startswith(tuple(FRAMEWORK))


def unguarded(patterns: Iterator[Route]) -> list[str]:
    return sorted(
        {
            route
            for route, pattern in patterns
            if not is_framework(pattern)
            and not route.startswith("admin/")  # super-admins; Django checks every page
            and pattern.name not in PUBLIC_NAMES
            and not who_may_call(pattern)
        }
    )


def test_every_route_names_who_may_call_it() -> None:
    assert unguarded(routes()) == []


def test_forgotten_route_is_found() -> None:
    forgotten = path("secret-report/", lambda request: None, name="secret-report")
    assert unguarded(iter([("secret-report/", forgotten)])) == ["secret-report/"]


def test_rest_routes_are_mounted_under_both_prefixes() -> None:
    rest = [route for route, _ in routes()]
    full = {route.removeprefix("api/v1/") for route in rest if route.startswith("api/v1/")}
    short = {route.removeprefix("v1/") for route in rest if route.startswith("v1/")}
    assert full == short
