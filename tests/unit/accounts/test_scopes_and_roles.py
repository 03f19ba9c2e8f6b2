"""Scopes, roles, tokens: pure rules."""

import pytest

from accounts.domain.roles import may_grant, may_manage
from accounts.domain.scopes import (
    CANONICAL,
    DOCUMENTED,
    PERSON_GRANTED,
    ROLE_SCOPES,
    beyond,
    expand,
    scopes_of_role,
    unknown_scopes,
)
from accounts.services.keys import new_token
from core.actors import Role
from core.crypto import checksum62

PARTS = ("campaigns", "budgets", "creative", "lifecycle")


@pytest.mark.parametrize(
    ("scope", "implied"),
    [
        ("campaigns:read", {"ads:read"}),
        ("analytics:read", {"metrics:read"}),
        (
            "campaigns:write",
            {f"ads:write:{x}" for x in ["campaigns", "budgets", "creative", "lifecycle"]},
        ),
        ("billing:read", set()),
    ],
)
def test_expand_adds_what_is_implied_and_nothing_else(scope, implied):
    assert expand((scope,)) == {scope} | implied


@pytest.mark.parametrize("scope", sorted(PERSON_GRANTED))
def test_no_super_scope_and_no_role_gives_what_a_person_gives(scope):
    everything = expand((*DOCUMENTED, "ads:write", "connect"))
    assert scope not in everything
    assert all(scope not in scopes for scopes in ROLE_SCOPES.values())


@pytest.mark.parametrize(
    ("asked", "held", "missing"),
    [
        (["campaigns:read"], ("campaigns:read",), []),
        (["ads:read"], ("campaigns:read",), []),
        (["campaigns:read"], ("ads:read",), ["campaigns:read"]),
        (["campaigns:write"], ("ads:write",), ["campaigns:write"]),
        (["ads:write"], ("campaigns:write",), ["ads:write"]),
        (["ads:write:budgets"], ("campaigns:write",), []),
        (["billing:write", "campaigns:read"], ("campaigns:read",), ["billing:write"]),
    ],
)
def test_beyond_names_what_a_key_does_not_hold(asked, held, missing):
    assert beyond(asked, expand(held)) == missing


def test_owner_logs_in_with_every_documented_scope_in_order():
    assert scopes_of_role("owner")[: len(DOCUMENTED)] == list(DOCUMENTED)
    assert unknown_scopes([*CANONICAL, "ads:write"]) == []
    assert unknown_scopes(["root"]) == ["root"]


@pytest.mark.parametrize(
    ("giver", "role", "allowed"),
    [
        (giver, role, giver == "owner" or (giver == "admin" and role != "owner"))
        for giver in Role
        for role in Role
    ],
)
def test_who_gives_and_takes_which_role(giver, role, allowed):
    assert may_grant(giver, role) is allowed
    assert may_manage(giver, role) is allowed


@pytest.mark.parametrize("environment", ["live", "test"])
def test_token_has_prefix_body_and_checksum(environment):
    token = new_token(environment)
    assert token.startswith(f"aa_{environment}_")
    assert len(token) == len(f"aa_{environment}_") + 36
    assert checksum62(token[:-6]) == token[-6:]
