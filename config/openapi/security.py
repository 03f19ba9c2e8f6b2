"""How a client proves who it is: a key, or a token that a person gave to an app."""

from typing import Any

from django.urls import reverse

from accounts.domain.scopes import APP_SCOPES, SCOPE_WORDS

Json = dict[str, Any]


def security_schemes(public_url: str) -> Json:
    """Keys, and this installation's own OAuth 2.0 server."""
    token = public_url + reverse("oauth-token")
    return {
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "aa_live_… or aa_test_…",
            "description": "From POST /auth/register, /auth/login or /auth/keys, or from "
            "the dashboard.",
        },
        "oauth2": {
            "type": "oauth2",
            "description": "For apps: a person allows it on a page of the dashboard. PKCE with "
            "S256 is required, and `resource` names what the token is for.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": public_url + reverse("oauth-authorize"),
                    "tokenUrl": token,
                    "refreshUrl": token,
                    "scopes": {
                        name: SCOPE_WORDS[name] for name in SCOPE_WORDS if name in APP_SCOPES
                    },
                }
            },
        },
    }


def security_of(scope: str, *, apps: bool) -> list[Json]:
    """What a route with this scope asks for; `apps` is whether it serves apps at all."""
    if scope == "public":
        return []
    ways: list[Json] = [{"apiKey": []}]
    if apps and (scope == "any" or scope in APP_SCOPES):
        ways.append({"oauth2": [] if scope == "any" else [scope]})
    return ways
