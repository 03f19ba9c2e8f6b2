"""Metadata that clients look for, and clients that are known by their own document."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from accounts.domain.redirects import is_document_address
from accounts.domain.scopes import APP_SCOPES, DOCUMENTED, PERSON_GRANTED
from accounts.models import OAuthApplication, OAuthGrant
from accounts.presenters import APP_SCOPE_WORDS
from accounts.services import oauth_server
from core.clock import now
from core.http import OutsideFetchError, OutsideResponse
from tests.services.accounts.oauth_client import App, allowed, person

pytestmark = pytest.mark.django_db
ADDRESS = "https://tool.example/oauth/client.json"
DOCUMENT = {
    "client_id": ADDRESS,
    "client_name": "Tool",
    "redirect_uris": ["http://localhost/cb", "https://tool.example/cb"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}


class Web:
    """Stands where the guarded fetch is; answers one document, or fails."""

    def __init__(self):
        self.asked, self.status, self.kind = [], 200, "application/json"
        self.body = json.dumps(DOCUMENT).encode()

    def fetch(self, method, url, **_more):
        self.asked.append((method, url))
        if not self.status:
            raise OutsideFetchError
        return OutsideResponse(self.status, {"content-type": self.kind}, self.body, 1)


@pytest.fixture
def web(monkeypatch):
    made = Web()
    monkeypatch.setattr(oauth_server, "fetch_outside", made.fetch)
    return made


def test_server_metadata_names_what_is_there():
    document = Client().get("/.well-known/oauth-authorization-server").json()
    assert document["issuer"] == settings.PUBLIC_URL
    assert document["authorization_endpoint"] == f"{settings.PUBLIC_URL}/oauth/authorize/"
    assert document["token_endpoint"] == f"{settings.PUBLIC_URL}/oauth/token/"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert document["response_types_supported"] == ["code"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["client_id_metadata_document_supported"] is True
    assert set(DOCUMENTED) <= set(document["scopes_supported"])
    assert PERSON_GRANTED & set(document["scopes_supported"]) == set()


@pytest.mark.parametrize(("path", "resource"), [("", ""), ("/mcp/", "/mcp/"), ("/mcp", "/mcp/")])
def test_resource_metadata(path, resource):
    answer = Client().get(f"/.well-known/oauth-protected-resource{path}")
    assert answer["Access-Control-Allow-Origin"] == "*"
    document = answer.json()
    assert document["resource"] == f"{settings.PUBLIC_URL}{resource}"
    assert document["authorization_servers"] == [settings.PUBLIC_URL]
    assert document["bearer_methods_supported"] == ["header"]


def test_refusal_says_where_the_metadata_is():
    answer = Client().get("/v1/campaigns")
    assert answer.status_code == 401
    assert "/.well-known/oauth-protected-resource" in answer["WWW-Authenticate"]


def test_every_scope_of_apps_has_words():
    assert set(APP_SCOPE_WORDS) == APP_SCOPES


def test_public_client_is_read_shown_and_connected(acme, rival, web):
    app = App(ADDRESS, callback="http://localhost:8123/cb")
    page = person(acme).get(app.question()).content.decode()
    assert "Nobody here has checked this app." in page
    assert ADDRESS in page
    for cast in (acme, rival):
        one = App(ADDRESS, callback="http://localhost:8123/cb")
        assert one.redeem(allowed(one, cast)["code"]).status_code == 200
        assert one.call().status_code == 200
    assert web.asked == [("GET", ADDRESS)]


def test_document_is_read_again_after_its_hour(acme, web):
    app = App(ADDRESS, callback="https://tool.example/cb")
    assert person(acme).get(app.question()).status_code == 200
    web.body = json.dumps({**DOCUMENT, "redirect_uris": ["https://tool.example/new"]}).encode()
    assert person(acme).get(app.question()).status_code == 200
    OAuthApplication.objects.update(cimd_expires_at=now() - timedelta(seconds=1))
    assert person(acme).get(app.question()).status_code == 400
    assert len(web.asked) == 2


def test_strangers_and_the_token_endpoint_cause_no_fetch(web):
    app = App(ADDRESS)
    assert Client().get(app.question()).status_code == 302
    assert app.redeem("x").json()["error"] == "invalid_client"
    assert web.asked == []


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "https://other.example/client.json"},
        {"redirect_uris": []},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["http://evil.example/cb"]},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"client_secret": "x"},
        {"grant_types": ["implicit"]},
        {"client_name": "Two\nlines"},
    ],
)
def test_bad_documents_make_no_client(acme, web, change):
    web.body = json.dumps({**DOCUMENT, **change}).encode()
    question = App(ADDRESS, callback="http://localhost/cb").question()
    assert person(acme).get(question).status_code == 400
    assert OAuthApplication.objects.filter(redirect_uris__contains="http").count() == 0
    assert OAuthGrant.objects.count() == 0


@pytest.mark.parametrize(
    ("status", "kind"), [(0, ""), (404, "application/json"), (200, "text/html")]
)
def test_failed_fetch_is_an_unknown_client_and_not_repeated_at_once(acme, web, status, kind):
    web.status, web.kind = status, kind
    question = App(ADDRESS).question()
    assert [person(acme).get(question).status_code for _ in range(2)] == [400, 400]
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    "client_id",
    [
        "http://tool.example/client.json",
        "https://tool.example/",
        "https://tool.example",
        "https://user@tool.example/client.json",
        "https://tool.example/client.json#x",
        "https://tool.example/a/../client.json",
        f"https://tool.example/{'x' * 300}",
    ],
)
def test_what_is_no_document_address_is_not_fetched(acme, web, client_id):
    assert not is_document_address(client_id)
    assert person(acme).get(App(client_id).question()).status_code == 400
    assert web.asked == []
