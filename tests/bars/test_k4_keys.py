"""K4: a mistyped key costs no query."""

import random

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.authentication import authenticate_key
from accounts.services.keys import new_token
from core.crypto import BASE62
from core.errors import UnauthenticatedError

pytestmark = [pytest.mark.bar, pytest.mark.django_db]


def mistyped(token, draw):
    """One slip of the hand: a character wrong, missing, doubled, or two swapped."""
    body = list(token)
    at = draw.randrange(8, len(body) - 1)
    kind = draw.randrange(4)
    if kind == 0:
        body[at] = draw.choice([c for c in BASE62 if c != body[at]])
    elif kind == 1:
        del body[at]
    elif kind == 2:
        body.insert(at, body[at])
    else:
        body[at], body[at + 1] = body[at + 1], body[at]
    return "".join(body)


def test_k4_ten_thousand_mistyped_keys_cost_no_query():
    draw = random.Random(4)
    request = RequestFactory().get("/")
    wrong = []
    while len(wrong) < 10_000:
        token = new_token(draw.choice(["live", "test"]))
        slip = mistyped(token, draw)
        if slip != token:
            wrong.append(slip)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for token in wrong:
            with pytest.raises(UnauthenticatedError):
                authenticate_key(token, request)
        client = Client()
        for token in wrong[:100]:
            answer = client.get("/v1/webhooks", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401
    print(f"BAR K4 {len(wrong)} mistyped keys, {len(queries)} queries")
    assert len(queries) == 0


def test_k4_control_a_well_formed_unknown_key_costs_one():
    with CaptureQueriesContext(connection) as queries, pytest.raises(UnauthenticatedError):
        authenticate_key(new_token("test"), RequestFactory().get("/"))
    print(f"BAR K4 control {len(queries)} query for a key with a right checksum")
    assert len(queries) == 1
