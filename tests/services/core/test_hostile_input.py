"""What no client of good will sends: each is refused by name, none is a 500."""

import base64
import json
from decimal import Decimal

import pytest
from django.test import Client

from campaigns.models import Campaign
from core.cursors import read_position
from core.errors import InvalidError
from core.money import from_decimal
from core.tenancy import tenant_tx

BODY = {"name": "x", "objective": "TRAFFIC"}


def send(cast, text: str | bytes, *, path: str = "campaigns", **headers: str):
    return Client(raise_request_exception=False).generic(
        "POST",
        f"/api/v1/{path}",
        data=text,
        content_type="application/json",
        headers={**cast.headers, **headers},
    )


def get(cast, path: str):
    client = Client(raise_request_exception=False)
    return client.get(f"/api/v1/{path}", headers=cast.headers)


def made(cast) -> int:
    with tenant_tx(cast.tenant.id):
        return int(Campaign.objects.count())


@pytest.mark.parametrize(
    "number",
    [
        "1e999999",
        "1e999999999999",
        "-1e999999999999",
        "1e-999999999",
        "20.001",
        "20.00000000000000000000000000000000001",
        "9007199254.740993",
        "-5",
    ],
)
def test_amounts_that_are_none_are_422(acme, number):
    answer = send(acme, json.dumps(BODY)[:-1] + f', "daily_budget": {number}}}')
    assert answer.status_code == 422, answer.content
    assert answer.json()["error"]["details"]["field"] == "daily_budget"
    assert made(acme) == 0


@pytest.mark.parametrize(
    ("text", "micros"),
    [("20.000000000000000000000000000000000000", 20_000_000), ("2e1", 20_000_000), ("0", 0)],
)
def test_spellings_of_an_exact_amount_are_taken(text, micros):
    assert from_decimal(Decimal(text), "USD").micros == micros


@pytest.mark.parametrize(
    ("text", "currency"), [("0.5", "JPY"), ("1.0005", "KWD"), ("0.001", "USD")]
)
def test_more_decimals_than_the_currency_has_are_refused(text, currency):
    with pytest.raises(InvalidError):
        from_decimal(Decimal(text), currency)


@pytest.mark.parametrize("field", ["name", "rationale", "message", "group_id"])
@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udc00x"])
@pytest.mark.parametrize("key", ["", "one-key"])
def test_texts_that_no_database_keeps_are_400(acme, field, escape, key):
    body = {**BODY, "daily_budget": 20, field: "A"}
    text = json.dumps(body).replace('"A"', f'"a{escape}"')
    headers = {"Idempotency-Key": key} if key else {}
    answer = send(acme, text, **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_json")
    assert made(acme) == 0


@pytest.mark.parametrize("field", ["name", "rationale", "message", "group_id"])
@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200b", "\u2028", "\u0085", "\U000e0041"])
def test_characters_that_a_reader_does_not_see_are_422(acme, field, char):
    answer = send(acme, json.dumps({**BODY, "daily_budget": 20, field: f"a{char}b"}))
    assert answer.status_code == 422, answer.content
    assert made(acme) == 0


def test_emoji_and_right_to_left_names_are_welcome(acme):
    name = "קיץ 👩\u200d👧 Été"
    assert send(acme, json.dumps({**BODY, "daily_budget": 20, "name": name})).status_code == 201


@pytest.mark.parametrize("path", ["campaigns", "auth/login", "auth/register"])
def test_a_body_beyond_the_limit_is_413(acme, path):
    answer = send(acme, b'{"name": "' + b"a" * 2_200_000 + b'"}', path=path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def cursor(moment: object) -> str:
    raw = json.dumps([moment, "0199beb2-40a3-7a00-8000-000000000000"]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    [
        f"cursor={cursor('0001-01-01T00:00:00+23:59')}",
        f"cursor={cursor('9999-12-31T23:59:59-23:59')}",
        f"cursor={cursor(5)}",
        f"cursor={base64.urlsafe_b64encode(b'[[],[]]').decode()}",
        "limit=" + "9" * 5000,
        "limit=%D9%A3",
        "limit=0",
    ],
)
@pytest.mark.parametrize("path", ["campaigns", "pending-actions", "webhooks", "auth/keys"])
def test_positions_and_limits_made_by_hand_are_422(acme, path, query):
    assert get(acme, f"{path}?{query}").status_code == 422


@pytest.mark.parametrize("path", ["campaigns?status=%00", "pending-actions?kind=a%00"])
def test_the_zero_character_in_an_address_is_400(acme, path):
    assert get(acme, path).status_code == 400


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+23:59_" + "0" * 32, "x", "2026-01-01T00:00:00_" + "0" * 32, "_"]
)
def test_a_pages_position_made_by_hand_is_none(text):
    assert read_position(text) is None


def test_answers_are_not_kept_by_caches(acme):
    assert get(acme, "campaigns")["Cache-Control"] == "no-store"
    assert "no-store" in Client().get("/accounts/login/")["Cache-Control"]
    client = Client()
    client.force_login(next(iter(acme.people.values())))
    assert "no-store" in client.get("/")["Cache-Control"]
