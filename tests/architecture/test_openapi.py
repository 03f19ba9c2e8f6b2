"""The OpenAPI document: every route of the URLconf is in it, it is valid, it explains itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from jsonschema import Draft202012Validator

from accounts.domain.scopes import APP_SCOPES, PERSON_GRANTED
from accounts.events import EVENT_DATA, EVENT_TYPES, undocumented
from campaigns.api import meanings
from campaigns.domain import risk, steps, words
from campaigns.models.actions import OPEN_DISPATCH
from campaigns.models.tree import STATUSES
from campaigns.queries.pending import STATUSES as STATUSES_OF_PROPOSALS
from config.openapi.errors import CODES
from config.openapi.events import SHAPES
from config.openapi.routes import rest_views
from config.openapi.samples import EVENT_SAMPLES
from config.openapi.yaml import to_yaml
from core.actors import ActorKind
from core.operations import OPERATIONS, Operation, declare
from platforms.answers import PLATFORM_MEANINGS
from platforms.domain.words import PLATFORM_WORDS
from platforms.errors import KINDS
from tests.architecture.source import ROOT
from tests.openapi import resolved, validated
from tests.routewalk import PARAMETER, routes
from webhooks.domain.states import PING

SNAKE = re.compile(r"[a-z]+(_[a-z]+)*")
MAKES_KEYS = {("POST", "/auth/keys"), ("POST", "/auth/keys/{key_id}/rotate")}


def rest_keys() -> set[tuple[str, str]]:
    """(method, path) of every REST route, by the walk of the isolation matrix."""
    return {
        (one.method, PARAMETER.sub(r"{\1}", one.pattern).removeprefix("/v1"))
        for one in routes()
        if one.method
    }


def test_every_route_is_declared_and_every_declaration_is_a_route() -> None:
    assert rest_keys() == set(OPERATIONS) == set(rest_views())


def test_the_document_is_valid_openapi_3_1() -> None:
    assert validated()["openapi"].startswith("3.1")


def test_an_operation_is_declared_once() -> None:
    known = OPERATIONS["GET", "/campaigns"]
    with pytest.raises(ValueError, match="declared twice"):
        declare(known)
    with pytest.raises(ValueError, match="declared twice"):
        declare(Operation(id=known.id, method="GET", path="/x", tag="X", summary="X"))


def test_names_are_snake_case_and_codes_are_known() -> None:
    assert [one.id for one in OPERATIONS.values() if not SNAKE.fullmatch(one.id)] == []
    unknown = {code for one in OPERATIONS.values() for code in one.errors} - set(CODES)
    assert unknown == set(), "explain them in config/openapi/errors.py"


def test_every_operation_says_whom_it_serves_and_what_it_answers() -> None:
    for (method, path), view in rest_views().items():
        shown = validated()["paths"][path][method.lower()]
        scope = view.cls.required_scope
        assert shown["x-required-scope"] == scope
        assert (shown["security"] == []) == (scope == "public")
        assert any(status.startswith("2") for status in shown["responses"])
        assert {"401", "429", "500", "default"} <= set(shown["responses"])
        keyed = [one["name"] for one in shown.get("parameters", ()) if one["in"] == "header"]
        assert keyed == (["Idempotency-Key"] if view.cls.idempotent else []), (method, path)
        named = {one["name"] for one in shown.get("parameters", ()) if one["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from nodes(item)


def test_every_word_of_every_enum_is_explained() -> None:
    bare = [
        node
        for node in nodes(validated())
        if isinstance(node.get("enum"), list)
        and len(node.get("x-enum-descriptions", ())) != len(node["enum"])
        and "description" not in node
    ]
    assert bare == []
    unexplained = [
        node for node in nodes(validated()) if "const" in node and "description" not in node
    ]
    assert unexplained == []


def test_every_reference_leads_somewhere() -> None:
    for node in nodes(validated()):
        if isinstance(node.get("$ref"), str):
            assert resolved(node)


def test_the_words_of_the_document_are_those_of_the_code() -> None:
    assert tuple(meanings.OBJECTIVE) == words.OBJECTIVES
    assert list(meanings.STATUS) == STATUSES
    assert tuple(meanings.BUDGET_TYPE) == words.BUDGET_TYPES
    assert tuple(meanings.PUBLISHER) == words.PUBLISHER_PLATFORMS
    assert tuple(meanings.CALL_TO_ACTION) == words.CALLS_TO_ACTION
    assert tuple(meanings.STRATEGY) == words.STRATEGIES
    assert tuple(meanings.FREQUENCY) == words.FREQUENCIES
    assert set(meanings.AXIS) == set(words.Axis)
    assert set(meanings.RISK_REASON) == risk.HIGH | risk.MEDIUM
    assert set(meanings.STEP_KIND) == steps.KINDS
    assert set(meanings.ENTITY) == steps.OBJECT_TYPES
    assert set(meanings.PROPOSER) == set(ActorKind)
    assert set(meanings.ERROR_KIND) > KINDS
    assert tuple(meanings.PENDING_STATUS) == STATUSES_OF_PROPOSALS
    assert set(meanings.JOB_STATUS) == {*OPEN_DISPATCH, "done", "failed"}
    assert set(PLATFORM_MEANINGS) == set(PLATFORM_WORDS)
    assert set(words.DENIAL_REASONS) - {"partner_writes_disabled"} <= set(CODES)


def test_the_yaml_says_what_the_json_says() -> None:
    assert yaml.safe_load(to_yaml(validated())) == json.loads(json.dumps(validated()))
    odd = {"a: b": ["- x", "", {}, [], None, True, 1.5, "ü\n\t\"'#"], "no": "null"}
    assert yaml.safe_load(to_yaml(odd)) == odd


def test_apps_authorise_at_our_endpoints_with_our_scopes() -> None:
    schemes = validated()["components"]["securitySchemes"]
    flow = schemes["oauth2"]["flows"]["authorizationCode"]
    assert set(schemes["oauth2"]["flows"]) == {"authorizationCode"}
    assert flow["authorizationUrl"] == f"{settings.PUBLIC_URL}/oauth/authorize/"
    assert flow["tokenUrl"] == flow["refreshUrl"] == f"{settings.PUBLIC_URL}/oauth/token/"
    assert set(flow["scopes"]) == set(APP_SCOPES)
    for (method, path), view in rest_views().items():
        scope = view.cls.required_scope
        given = {"public": [], "any": [{"apiKey": []}, {"oauth2": []}]}
        if scope in PERSON_GRANTED:
            given[scope] = [{"apiKey": []}]
        wanted = given.get(scope, [{"apiKey": []}, {"oauth2": [scope]}])
        if (method, path) in MAKES_KEYS:
            wanted = [{"apiKey": []}]
        assert validated()["paths"][path][method.lower()]["security"] == wanted, (method, path)


@pytest.mark.parametrize("name", [*EVENT_TYPES, PING])
def test_every_event_has_a_schema_that_its_sample_follows(name: str) -> None:
    content = validated()["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": validated()["components"]}
    judge = Draft202012Validator(schema)
    assert content["example"]["data"] == EVENT_SAMPLES[name]
    assert [error.message for error in judge.iter_errors(content["example"])] == []
    for wrong in (
        {**content["example"], "type": "campaign.gone"},
        {**content["example"], "data": {}},
    ):
        assert list(judge.iter_errors(wrong)) or (name.startswith("alert.") and not wrong["data"])
    if name in EVENT_TYPES:
        assert undocumented(name, EVENT_SAMPLES[name]) == []
        assert undocumented(name, {**EVENT_SAMPLES[name], "odd": 1}) == [
            f"{name}: odd is not documented"
        ]


def test_an_event_without_a_documented_key_is_named() -> None:
    assert EVENT_DATA.keys() == EVENT_TYPES.keys() == EVENT_SAMPLES.keys() - {PING}
    assert undocumented("connection.expired", {"connection_id": "conn_1"}) == [
        "connection.expired: business_id: Field required",
        "connection.expired: platform: Field required",
        "connection.expired: status: Field required",
    ]
    user = {**EVENT_SAMPLES["account.verified"]["user"], "phone": "1"}
    assert undocumented("account.verified", {"user": user}) == [
        "account.verified: user.phone is not documented"
    ]


def event_table() -> list[str]:
    """The rows of docs/webhooks.md: the events of one shape, its keys, and those that may lack."""
    rows = []
    for shape in dict.fromkeys(SHAPES.values()):
        names = ", ".join(f"`{name}`" for name, found in SHAPES.items() if found is shape)
        fields = shape.model_fields.items()
        always = ", ".join(f"`{name}`" for name, field in fields if field.is_required())
        lacking = ", ".join(f"`{name}`" for name, field in fields if not field.is_required())
        rows.append(f"| {names} | {always} | {lacking} |")
    return rows


def test_the_guide_lists_the_keys_of_every_event() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    shown = [line for line in text.splitlines() if line.startswith("| `") and "." in line[:30]]
    assert shown == event_table()
