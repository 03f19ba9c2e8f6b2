"""What every REST request passes: the headers stay, sessions and their cookies have no part."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actors import Role

HEADERS = {
    "Allow", "Cache-Control", "Content-Language", "Content-Length", "Content-Security-Policy",
    "Content-Type", "Cross-Origin-Opener-Policy", "Referrer-Policy", "Vary",
    "X-Content-Type-Options", "X-Frame-Options", "X-Request-Id",
}  # fmt: skip
BAD_CURSORS = (
    "x",
    "W10",
    "WzEsMl0",
    "WyIyMDI2LTAxLTAxIiwgNV0",
    "WyIwMDAxLTAxLTAxVDAwOjAwKzIzOjU5IiwgIngiXQ",
)


@pytest.mark.parametrize("mount", ["/v1", "/api/v1"])
def test_headers_of_an_answer(acme, mount):
    answer = Client().get(f"{mount}/campaigns", headers=acme.headers)
    assert answer.status_code == 200
    limits = {name for name in answer.headers if name.startswith("X-RateLimit-")}
    assert set(answer.headers) - limits == HEADERS
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Request-Id"].startswith("req_")


def test_a_session_beside_a_key_is_not_read(acme):
    client = Client()
    client.force_login(acme.people[Role.OWNER])
    with CaptureQueriesContext(connection) as asked:
        with_cookie = client.get("/v1/campaigns", headers=acme.headers)
        without_key = client.get("/v1/campaigns")
    assert (with_cookie.status_code, without_key.status_code) == (200, 401)
    assert [q["sql"] for q in asked.captured_queries if "django_session" in q["sql"]] == []
    assert with_cookie.cookies == without_key.cookies == {}


def test_pages_keep_their_session(acme):
    client = Client()
    client.force_login(acme.people[Role.OWNER])
    assert client.get("/campaigns/").status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [("application/json", 200), ("*/*", 200), ("text/html, */*;q=0.1", 200), ("text/html", 406)],
)
def test_accept_is_negotiated(acme, accept, status):
    answer = Client().get("/v1/campaigns", headers={**acme.headers, "Accept": accept})
    assert answer.status_code == status
    assert json.loads(answer.content).keys() == (
        {"data", "pagination"} if status == 200 else {"error"}
    )


def test_another_format_is_not_found(acme):
    assert Client().get("/v1/campaigns?format=csv", headers=acme.headers).status_code == 404


@pytest.mark.parametrize(
    "query", ["limit=²", "limit=0", f"limit={'9' * 5000}", *(f"cursor={c}" for c in BAD_CURSORS)]
)
def test_a_bad_page_is_the_callers_error(acme, query):
    answer = Client().get(f"/v1/campaigns?{query}", headers=acme.headers)
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (
        422,
        query.partition("=")[0],
    )
