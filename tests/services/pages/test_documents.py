"""The OpenAPI document over HTTP, its two faces, the texts for agents, the quick start."""

import json
import re
from pathlib import Path

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import ApiKey
from config.openapi.routes import rest_views
from core.actors import Role
from core.tenancy import tenant_tx

LINK = re.compile(r"`?(GET|POST|PATCH|DELETE) (/[^\s`?]+)")
TOKEN = re.compile(r"aa_test_\w+")


def test_both_forms_say_the_same_and_are_kept_by_their_etag(db):
    as_json, as_yaml = Client().get("/openapi.json"), Client().get("/openapi.yml")
    assert (as_json["Content-Type"], as_yaml["Content-Type"]) == (
        "application/json",
        "application/yaml",
    )
    assert as_json["Cache-Control"] == "public, max-age=300"
    assert json.loads(as_json.content) == yaml.safe_load(as_yaml.content)
    again = Client().get("/openapi.json", headers={"If-None-Match": as_json["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().get("/openapi.json", headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize("path", ["/docs/api/", "/docs/api/reference/"])
def test_faces_load_nothing_from_outside_and_hold_no_inline_script(db, path):
    page = Client().get(path)
    text = page.content.decode()
    assert page.status_code == 200
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert sources
    assert [one for one in sources if not one.startswith("/")] == []
    for one in sources:
        if one.startswith("/static/"):
            assert finders.find(re.sub(r"\.[0-9a-f]{12}\.", ".", one.removeprefix("/static/"))), one
    assert re.findall(r"<script(?![^>]*\ssrc=)", text) == []
    assert " style=" not in text


def test_redoc_alone_writes_a_style_sheet_and_under_the_nonce(db):
    page = Client().get("/docs/api/reference/")
    policy = page["Content-Security-Policy"]
    nonce = re.search(r"style-src 'self' 'nonce-([^']+)'", policy)
    assert nonce
    assert f'nonce="{nonce[1]}"' in page.content.decode()
    assert "style-src 'self';" in Client().get("/docs/api/")["Content-Security-Policy"] + ";"


@pytest.mark.parametrize("path", ["/llms.txt", "/skill.md"])
def test_texts_name_only_what_exists(db, path, settings):
    settings.PUBLIC_URL = "https://ads.example"
    text = Client().get(path).content.decode()
    assert "{{" not in text
    for url in re.findall(r"https://ads\.example(/[^\s)`]*)", text):
        answer = Client().get(url.rstrip("."))
        assert url.startswith("/api/v1") or answer.status_code in (200, 302), url
    known = {(method, re.sub(r"{\w+}", "{}", path)) for method, path in rest_views()}
    for method, route in LINK.findall(text):
        shown = re.sub(r"{\w+}", "{}", route.rstrip(".,;"))
        assert (method, shown) in known or (method, shown.replace("facebook", "{}")) in known


def test_the_skill_begins_with_its_name(db):
    text = Client().get("/skill.md").content.decode()
    head = yaml.safe_load(text.split("---")[1])
    assert set(head) == {"name", "description"}
    assert len(text.splitlines()) < 500


def test_quick_start_shows_a_new_test_key_once_and_it_works(acme, browse):
    client = browse(acme, Role.OWNER)
    before = client.get("/docs/quick-start/").content.decode()
    assert "aa_test_…" in before
    assert TOKEN.search(before) is None
    made = client.post("/docs/quick-start/", {"business_id": ""})
    assert "no-store" in made["Cache-Control"]
    tokens = set(TOKEN.findall(made.content.decode()))
    assert len(tokens) == 1
    headers = {"Authorization": f"Bearer {tokens.pop()}"}
    profile = Client().get("/v1/account/profile", headers=headers).json()
    assert profile["environment"] == "test"
    assert TOKEN.search(client.get("/docs/quick-start/").content.decode()) is None


def test_quick_start_refuses_a_live_business_and_a_buyer_and_makes_nothing(acme, browse):
    from core.ids import encode

    def keys() -> int:
        with tenant_tx(acme.tenant.id, readonly=True):
            return ApiKey.objects.count()

    before = keys()
    live = {"business_id": encode("biz", acme.live_business.pk)}
    assert browse(acme, Role.OWNER).post("/docs/quick-start/", live).status_code == 422
    buyer = browse(acme, Role.BUYER)
    page = buyer.get("/docs/quick-start/")
    assert page.status_code == 200
    assert b"<form method" not in page.content.split(b"<main")[1]
    assert buyer.post("/docs/quick-start/", {"business_id": ""}).status_code == 403
    assert keys() == before


def test_the_calls_of_the_quick_start_are_routes():
    from config.faces.quick_start import steps

    known = set(rest_views())
    for step in steps("aa_test_x"):
        found = re.search(r"curl -X (\w+) \S+/api/v1(/\S+)", step.code)
        if found:
            path = found[2].replace("CAMPAIGN_ID", "{campaign_id}")
            assert (found[1], path) in known, step.code


def test_the_bundles_are_those_of_the_declared_package():
    for name in ("swagger-ui-dist/swagger-ui-bundle.js", "redoc/bundles/redoc.standalone.js"):
        found = finders.find(f"drf_spectacular_sidecar/{name}")
        assert Path(str(found)).stat().st_size > 100_000
