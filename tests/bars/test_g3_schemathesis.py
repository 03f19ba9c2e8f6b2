"""G3: Schemathesis calls every operation of the document, with what its schemas allow and with what
they forbid, and holds the answers against it.

All checks run. Three of them judge sequences (use_after_free, ensure_resource_availability,
object_level_authorization); here each request is undone, so they find nothing to compare, and what
they are after is T1's. What a schema cannot say of a field is named in `tests.schemathesis_run`.
"""

import copy
import json
import os

import pytest

from accounts import api
from accounts.domain.scopes import CANONICAL
from accounts.services.keys import create_key
from config.openapi import document
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.schemathesis_run import Run, run
from tests.world import KINDS, make_world

pytestmark = pytest.mark.bar
LONG = os.environ.get("BARS") == "long"
SEED, EXAMPLES, LEAST = (20261122, 70, 10_000) if LONG else (1, 12, 5_000)
SCHEMA_CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
PROFILE = "/account/profile"


@pytest.fixture
def token(committed):
    """A key with every scope, of a business that has one of everything."""
    world = make_world("acme")
    owner = world.cast.people[Role.OWNER]
    with tenant_tx(world.cast.tenant.id):
        for kind in KINDS:
            world.row(kind)
        _key, made = create_key(
            tenant_id=world.cast.tenant.id,
            user_id=owner.id,
            name="caller",
            environment="test",
            scopes=CANONICAL,
            root=encode("user", owner.id),
            now=NOW,
            business_id=world.business.id,
            granted_by_person=True,
        )
    return made


def mismatches(found: Run) -> int:
    return sum(found.count(check) for check in SCHEMA_CHECKS)


def test_g3_every_operation_answers_as_documented(token):
    found = run(document(), token=token, seed=SEED, examples=EXAMPLES)
    shown = "\n".join(line for lines in found.wrong.values() for line in lines[:5])
    print(
        f"BAR G3 cases={found.cases} operations={len(found.operations)} checks={len(found.checks)} "
        f"server_errors={found.count('not_a_server_error')} schema_mismatches={mismatches(found)} "
        f"others={sum(map(len, found.wrong.values()))} refused_by_named_rules={found.rules.total()}"
    )
    assert found.errors == []
    assert found.wrong == {}, shown
    whole = document()["paths"].values()
    assert len(found.operations) == sum(len(item) for item in whole)
    assert found.cases >= LEAST


def only_profile() -> dict:
    part = copy.deepcopy(document())
    part["paths"] = {PROFILE: {"get": part["paths"][PROFILE]["get"]}}
    return part


def test_g3_control_a_false_schema_is_found(token):
    false = only_profile()
    false["components"]["schemas"]["Profile"]["properties"]["plan"] = {"type": "integer"}
    found = run(false, token=token, seed=SEED, examples=3)
    true = run(only_profile(), token=token, seed=SEED, examples=3)
    print(f"BAR G3 control a falsified schema: {mismatches(found)} of {found.cases} answers differ")
    assert mismatches(found) > 0
    assert mismatches(true) == 0


def test_g3_control_a_server_error_is_found(token, monkeypatch):
    monkeypatch.setattr(api, "_profile", lambda _request: json.loads("no JSON"))
    found = run(only_profile(), token=token, seed=SEED, examples=3)
    print(f"BAR G3 control a route that fails: {found.count('not_a_server_error')} found")
    assert found.count("not_a_server_error") > 0
