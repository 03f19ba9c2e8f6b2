"""K5: every REST route with a key of each single scope, against the tables of docs/scopes.md."""

import re
from contextlib import nullcontext

import pytest
from django.core.cache import cache

from accounts import api
from accounts.domain.scopes import DOCUMENTED, SCOPE_WORDS
from accounts.services.keys import create_key
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.architecture.source import ROOT
from tests.bars.matrix import Caller, rolled_back, snapshot
from tests.cast import NOW
from tests.routes import ROUTES
from tests.routewalk import PARAMETER
from tests.world import World, make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)
WORD = re.compile(r"`([^`]+)`")


def table(heading: str) -> dict[str, tuple[str, ...]]:
    """The rows of the table under a heading: first cell → words of the second."""
    text = (ROOT / "docs" / "scopes.md").read_text()
    part = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {name: tuple(WORD.findall(cell)) for name, cell in ROW.findall(part)}


IMPLIED = table("What a scope allows")
NEEDED = {route: words[0] for route, words in table("What a route needs").items()}
BESIDES = table("What some routes need besides")
REST = sorted(key for key, row in ROUTES.items() if row.scope != "page")


def documented(key: str) -> str:
    """A route's name in the docs."""
    method, pattern = key.split(" ", 1)
    return f"{method} {PARAMETER.sub(r'{\1}', pattern).removeprefix('/v1')}"


def test_the_tables_name_every_scope_and_route():
    assert list(IMPLIED) == list(SCOPE_WORDS)
    assert set(DOCUMENTED) < set(IMPLIED)
    assert set(NEEDED) == {documented(key) for key in REST}
    assert set(BESIDES) < set(NEEDED)


def token_of(world: World, scope: str) -> tuple[str, str]:
    """A key of one scope: its public id and token."""
    owner = world.cast.people[Role.OWNER]
    key, token = create_key(
        tenant_id=world.cast.tenant.id,
        user_id=owner.id,
        name=scope,
        environment="test",
        scopes=[scope],
        root=encode("user", owner.id),
        now=NOW,
        granted_by_person=True,
    )
    return encode("key", key.pk), token


def grants(key: str, world: World) -> tuple[list[str], int]:
    """Where the route and the docs differ, and how many calls were judged. A denial must name the
    documented scope and change nothing.
    """
    row, route = ROUTES[key], documented(key)
    needed = {NEEDED[route], *BESIDES.get(route, ())} - {"any", "public"}
    found, calls = [], 0
    with rolled_back():
        cache.clear()
        with tenant_tx(world.cast.tenant.id):
            keys = {scope: token_of(world, scope) for scope in IMPLIED}
            for kind in (*row.objects.values(), *row.body_objects.values()):
                world.row(kind)
            caller = Caller(key, world)
            if row.setup:
                row.setup(world)
        before = snapshot(world)
        for scope, (own, token) in keys.items():
            may = needed <= {scope, *IMPLIED[scope]}
            if may and not row.calls:
                continue
            # A denial is not undone, so that what it changed shows below. A key has power over
            # itself, whatever its scopes.
            with rolled_back() if may else nullcontext():
                ids = {"key_id": own} if "key_id" in row.objects else None
                answer = caller.send(token=token, ids=ids)
            calls += 1
            error = answer.json()["error"] if answer.status_code == 403 else {}
            denied = error.get("code") == "insufficient_scope"
            if denied is may:
                found.append(f"{key} with {scope}: {answer.status_code}, needs {sorted(needed)}")
            if denied and error["details"]["required_scope"] not in needed:
                found.append(f"{key} with {scope}: names {error['details']}")
        if snapshot(world) != before:
            found.append(f"{key}: denied and yet something changed")
        world.rows.clear()
    return found, calls


def test_k5_every_route_with_every_scope():
    world = make_world("acme")
    judged = [grants(key, world) for key in REST]
    wrong = [line for found, _ in judged for line in found]
    calls = sum(number for _, number in judged)
    print(f"BAR K5 routes={len(REST)} scopes={len(IMPLIED)} calls={calls} wrong={len(wrong)}")
    assert wrong == [], "\n".join(wrong)
    assert calls > 0.9 * len(REST) * len(IMPLIED)


@pytest.mark.parametrize("loosened", ["any", "account:read"])
def test_k5_control_a_loosened_scope_is_found(monkeypatch, loosened):
    monkeypatch.setattr(api.create_business.cls, "required_scope", loosened)
    found, _ = grants("POST /v1/account/business", make_world("acme"))
    print(f"BAR K5 control account:write loosened to {loosened}: {len(found)} wrong grants found")
    assert any("with account:read: 201" in line for line in found)


def test_k5_control_a_tightened_scope_is_found(monkeypatch):
    monkeypatch.setattr(api.create_business.cls, "required_scope", "org:admin")
    found, _ = grants("POST /v1/account/business", make_world("acme"))
    print(f"BAR K5 control account:write tightened to org:admin: {len(found)} differences found")
    assert any("with account:write: 403" in line for line in found)
