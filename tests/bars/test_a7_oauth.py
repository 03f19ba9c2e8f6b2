"""A4: the OAuth library's own deployment checks. A7: what a hostile app, or a thief of a code or
token, tries against the authorization server.
"""

from typing import Any

import pytest
from django.test import Client
from oauth2_provider.checks import validate_bcp_configuration
from oauth2_provider.models import AbstractApplication
from oauthlib.oauth2 import AuthorizationCodeGrant

from accounts.models import OAuthApplication, OAuthGrant
from accounts.services import app_tokens, oauth_server
from core.actors import Role
from tests.cast import Cast
from tests.services.accounts.oauth_client import CALLBACK, App, allowed, connected, person, register

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
LOOPBACK = "http://127.0.0.1/cb"
REDIRECTS = [
    "https://app.example/callback/",
    "https://app.example/callback?x=1",
    "https://app.example/callback#x",
    "https://app.example/callback/..",
    "https://app.example/callback/../evil",
    "https://app.example/callback%2f..",
    "https://app.example/Callback",
    "https://APP.example/callback",
    "https://app.example:443/callback",
    "https://app.example:444/callback",
    "https://app.example./callback",
    "https://evil.app.example/callback",
    "https://app.example.evil.example/callback",
    "https://app.example@evil.example/callback",
    "https://evil.example/callback",
    "https://evil.example/?https://app.example/callback",
    "https://evil.example#https://app.example/callback",
    "https://evil.example\\@app.example/callback",
    "https:\\\\app.example/callback",
    "https:/app.example/callback",
    "https:app.example/callback",
    "//app.example/callback",
    "/callback",
    "http://app.example/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://app.example/callback ",
    " https://app.example/callback",
    "https://app.example/callback\n",
    "https://app.example/callback\x00",
    "https://app.example/callback;x",
    "https://xn--app-example/callback",
    "http://127.0.0.1/other",
    "http://127.0.0.1@evil.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://localhost/cb",
    "http://[::1]/cb",
    "http://127.1/cb",
    "https://127.0.0.1/cb",
    "http://127.0.0.1:80.evil.example/cb",
]


def gives_code(app: App, cast: Cast, **asked: Any) -> bool:
    """Whether any code is made by the question, which the person would allow."""
    before = OAuthGrant.objects.count()
    try:
        person(cast).post(app.question(**asked), {"allow": "1", "where": "test"})
    except ValueError:
        return False
    return OAuthGrant.objects.count() > before


def questions(app: App, cast: Cast) -> dict[str, bool]:
    """Each hostile question, and whether it was accepted."""
    tried = {f"redirect {uri!r}": gives_code(app, cast, redirect_uri=uri) for uri in REDIRECTS}
    changes: dict[str, dict[str, Any]] = {
        "no redirect": {"redirect_uri": None},
        "no PKCE": {"code_challenge": None, "code_challenge_method": None},
        "plain PKCE": {"code_challenge": app.verifier, "code_challenge_method": "plain"},
        "PKCE without method": {"code_challenge_method": None},
        "implicit": {"response_type": "token"},
        "hybrid": {"response_type": "code token"},
        "no response": {"response_type": "none"},
        "approval scope": {"scope": "ads:write:pending"},
        "admin scope": {"scope": "org:admin"},
        "foreign resource": {"resource": "https://evil.example/"},
        "prefix of the resource": {"resource": "http://127.0.0.1:8000.evil.example"},
        "one foreign resource": {"resource": ["http://127.0.0.1:8000", "https://evil.example"]},
    }
    return tried | {name: gives_code(app, cast, **asked) for name, asked in changes.items()}


def redemptions(client: OAuthApplication, other: App, cast: Cast) -> dict[str, bool]:
    """Each theft of a code, and whether it gave a token."""

    def fresh() -> tuple[App, str]:
        app = App(client.client_id)
        return app, allowed(app, cast)["code"]

    found = {}
    for name, changes in {
        "no verifier": {"code_verifier": None},
        "wrong verifier": {"code_verifier": "x" * 60},
        "challenge as verifier": {"code_verifier": ""},
        "other redirect": {"redirect_uri": LOOPBACK},
        "no redirect in the token request": {"redirect_uri": None},
        "password grant": {"grant_type": "password", "username": "a", "password": "b"},
        "client credentials": {"grant_type": "client_credentials"},
        "device grant": {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
        "wider resource": {"resource": "http://127.0.0.1:8000/mcp/"},
    }.items():
        app, code = fresh()
        found[name] = app.redeem(code, **changes).status_code == 200
    app, code = fresh()
    found["other client's code"] = (
        App(other.client_id, verifier=app.verifier).redeem(code).status_code == 200
    )
    app, code = fresh()
    app.redeem(code)
    found["reused code"] = app.redeem(code).status_code == 200
    found["token of a reused code"] = app.call().status_code == 200
    return found


def thefts(cast: Cast) -> dict[str, bool]:
    """Each misuse of a token, and whether it opened anything."""
    app, other = connected(cast), connected(cast)
    mcp = connected(cast, resource="http://127.0.0.1:8000/mcp/")
    bearer = app.tokens["access_token"]
    found = {
        "token in the query": Client().get("/v1/account/business", {"access_token": bearer}),
        "token of another resource": mcp.call(),
        "refresh token as access token": app.call(token=app.tokens["refresh_token"]),
        "altered token": app.call(token=f"{bearer[:-1]}x"),
        "other client's refresh token": other.refresh(app.tokens["refresh_token"]),
    }
    stolen = app.tokens["refresh_token"]
    app.refresh()
    found["reused refresh token"] = app.refresh(stolen)
    found["family of a reused refresh token"] = app.call()
    return {name: answer.status_code == 200 for name, answer in found.items()}


def attempts(cast: Cast) -> dict[str, bool]:
    client, _ = register(cast, CALLBACK, LOOPBACK)
    other, _ = register(cast)
    app = App(client.client_id)
    return questions(app, cast) | redemptions(client, App(other.client_id), cast) | thefts(cast)


def test_a7_no_abuse_is_accepted(acme):
    tried = attempts(acme)
    accepted = sorted(name for name, worked in tried.items() if worked)
    print(
        f"BAR A7 {len(tried)} abuses, {len(REDIRECTS)} of them redirects, {len(accepted)} accepted"
    )
    assert len(REDIRECTS) >= 30
    assert accepted == []


def test_a7_control_with_the_librarys_defaults_abuses_are_accepted(acme, monkeypatch):
    """The library's own redirect matching, PKCE methods and audience (none)."""
    real = AuthorizationCodeGrant(oauth_server.Validator())
    code = oauth_server.core().server._response_types["code"]
    monkeypatch.setattr(code, "_code_challenge_methods", real._code_challenge_methods)
    monkeypatch.setattr(
        OAuthApplication, "redirect_uri_allowed", AbstractApplication.redirect_uri_allowed
    )
    monkeypatch.setattr(app_tokens, "_spend", lambda *_args: True)
    monkeypatch.setattr(
        app_tokens, "resources", lambda: {"api": "http://127.0.0.1:8000", "mcp": ""}
    )
    monkeypatch.setattr(app_tokens, "check_resources", lambda asked: list(asked) or ["x"])
    monkeypatch.setattr(app_tokens, "end_reused", lambda *_args, **_more: None)
    client, _ = register(acme, CALLBACK, LOOPBACK)
    tried = questions(App(client.client_id), acme)
    accepted = sorted(name for name, worked in tried.items() if worked)
    print(f"BAR A7 control {len(accepted)} of {len(tried)} accepted with the library's defaults")
    assert {"plain PKCE", "foreign resource"} <= set(accepted)
    assert any(name.startswith("redirect") for name in accepted)


def test_a7_control_the_honest_app_gets_through_every_step(acme):
    app = connected(acme, Role.BUYER)
    works = [app.call(), app.refresh(), app.call(), app.post("/oauth/revoke/", token="unknown")]
    print(f"BAR A7 control {len(works)} honest steps, all served")
    assert [answer.status_code for answer in works] == [200] * 4


def test_a4_the_library_warns_of_nothing_and_of_each_switch_turned_back(settings):
    given = dict(settings.OAUTH2_PROVIDER)
    assert validate_bcp_configuration(None) == []
    switches = [name for name in given if name.startswith("COMPLIANT_BCP_RFC9700_")]
    settings.OAUTH2_PROVIDER = {k: v for k, v in given.items() if k not in switches}
    warned = validate_bcp_configuration(None)
    settings.OAUTH2_PROVIDER = given
    print(f"BAR A4 0 warnings with {len(switches)} switches on")
    print(f"BAR A4 control {len(warned)} warnings with them off")
    assert len(switches) == 10
    assert len(warned) == 6
