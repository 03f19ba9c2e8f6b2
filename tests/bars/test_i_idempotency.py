"""I1 to I3, I5: one effect per key, whoever races, whatever the body, whenever it comes again."""

import json
import os
import random
from datetime import timedelta

import pytest
import rfc8785
from django.test import Client, RequestFactory
from rest_framework.response import Response

from accounts import api_base
from accounts.api_base import actor_of, endpoint
from accounts.models import Business, IdempotencyRecord
from billing.throttling import PlanThrottle
from core.tenancy import tenant_tx
from tests.bars.naive import NaiveKeys
from tests.bars.threads import TOGETHER, race
from tests.cast import NOW
from tests.routes import ROUTES
from tests.routewalk import fill, routes
from tests.world import make_world

pytestmark = pytest.mark.bar
LONG = os.environ.get("BARS") == "long"


@pytest.fixture(autouse=True)
def no_throttle(monkeypatch):
    monkeypatch.setattr(PlanThrottle, "allow_request", lambda *_args: True)


@endpoint("POST", scope="any", idempotent=True)
def make_one(request):
    """A keyed write with a body of any shape: each effect is one business."""
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id):
        made = Business.objects.create(
            tenant_id=actor.tenant_id, name="effect", environment="test", created_at=NOW
        )
    return Response({"id": str(made.pk), "echo": request.data}, status=201)


def call(token, raw, key):
    request = RequestFactory().post(
        "/v1/effects",
        raw,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
    )
    response = make_one(request)
    response.render()
    return response


def effects(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Business.objects.filter(name="effect").count()


def keyed_posts():
    return [
        route.key
        for route in routes()
        if route.method == "POST" and route.view.cls.idempotent and _succeeds(ROUTES[route.key])
    ]


def same_answer(key):
    """What all answers of one key have in common: every byte, or what was begun where the answer
    tells how it stands by now.
    """
    (view,) = (one.view for one in routes() if one.key == key)
    if not view.cls.tells_progress:
        return lambda answer: answer.content
    return lambda answer: json.loads(answer.content)["id"]


def _succeeds(row):
    return row.calls and max(row.serves) < 400


def sender(key, world, idempotency_key):
    row = ROUTES[key]
    with tenant_tx(world.cast.tenant.id):
        if row.setup:
            row.setup(world)
        ids = {name: world.id(kind) for name, kind in row.objects.items()}
        body = json.dumps(row.body(world)) if row.body else ""
    path = fill(key.split(" ", 1)[1], {**row.params, **ids})
    headers = {"Authorization": f"Bearer {world.token}", "Idempotency-Key": idempotency_key}

    def send():
        return Client().post(path, body, content_type="application/json", headers=headers)

    return send


def is_replay(response):
    return response.headers.get("Idempotent-Replayed") == "true"


def code_of(response):
    return json.loads(response.content)["error"]["code"]


def test_i1_one_effect_for_64_threads_on_every_keyed_post(committed):
    posts = keyed_posts() if LONG else random.Random(1).sample(keyed_posts(), 3)
    if "POST /v1/webhooks" not in posts:
        posts.append("POST /v1/webhooks")
    replays = in_flight = 0
    for number, key in enumerate(posts):
        world = make_world(f"acme{number}")
        send, told = sender(key, world, "one-key"), same_answer(key)
        answers = race(TOGETHER, lambda _number, send=send: send())
        first = [a for a in answers if a.status_code < 300 and not is_replay(a)]
        assert len(first) == 1, (key, [a.status_code for a in answers], answers[0].content)
        for answer in answers:
            if answer is first[0]:
                continue
            if answer.status_code == 409:
                assert code_of(answer) == "idempotency_in_flight"
                in_flight += 1
                continue
            assert is_replay(answer), (key, answer.status_code, answer.content)
            assert told(answer) == told(first[0])
            replays += 1
        assert told(send()) == told(first[0])
        with tenant_tx(world.cast.tenant.id, readonly=True):
            assert IdempotencyRecord.objects.count() == 1
    print(
        f"BAR I1 {len(posts)} keyed POSTs x {TOGETHER} threads: 1 effect each, {replays} replays, "
        f"{in_flight} in flight"
    )


def test_i1_control_look_up_then_remember_doubles(committed, monkeypatch):
    world = make_world("acme")
    monkeypatch.setattr(api_base.idempotency, "keyed", NaiveKeys().keyed)
    race(TOGETHER, lambda _number: call(world.token, b"{}", "one-key"))
    print(f"BAR I1 control {effects(world.cast)} effects of one key without lock")
    assert effects(world.cast) > 1


BODY = {
    "name": "Späte Blüte",
    "budget": {"amount": 50, "currency": "USD", "exact": 12.5},
    "platforms": ["facebook", "instagram"],
    "note": None,
    "flags": [True, False, 0, 1],
}


def shuffled(value, draw):
    if isinstance(value, dict):
        items = list(value.items())
        draw.shuffle(items)
        return {name: shuffled(item, draw) for name, item in items}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


def mutated(draw):
    """Another writing of BODY, or another body."""
    body = shuffled(json.loads(json.dumps(BODY)), draw)
    kind = draw.randrange(12)
    if kind == 0:
        del body["note"]
    elif kind == 1:
        body["budget"]["amount"] = draw.choice([51, "50", 50.5, None, [50]])
    elif kind == 2:
        body["platforms"].reverse()
    elif kind == 3:
        body[f"extra{draw.randrange(9)}"] = draw.choice([None, 0, ""])
    elif kind == 4:
        body["flags"] = [1, 0, False, True]
    elif kind == 5:
        body["name"] = body["name"].upper()
    elif kind == 6:
        body["budget"]["exact"] = 12.500001
    text = json.dumps(body, ensure_ascii=draw.random() < 0.5, indent=draw.choice([None, 1, 4]))
    if kind == 7:
        text = text.replace("50", draw.choice(["50.0", "5e1", "50.00", "0.5e2"]), 1)
    if kind == 8:
        text = text.replace("12.5", "12.50")
    return text.encode()


def verdicts(world, count, seed):
    """(right, wrong, leaking) of `count` requests under one key; a JCS of its own is the judge."""
    first = json.dumps(BODY).encode()
    assert call(world.token, first, "one-key").status_code == 201
    right = wrong = leaking = 0
    draw = random.Random(seed)
    for _ in range(count):
        raw = mutated(draw)
        same = rfc8785.dumps(json.loads(raw)) == rfc8785.dumps(BODY)
        answer = call(world.token, raw, "one-key")
        told = code_of(answer) if answer.status_code == 422 else ""
        good = is_replay(answer) if same else told == "idempotency_key_reused"
        right, wrong = right + good, wrong + (not good)
        if answer.status_code == 422:
            text = answer.content.decode()
            leaking += any(word in text for word in ("Blüte", "facebook", "budget", "platforms"))
    return right, wrong, leaking


@pytest.mark.django_db
def test_i2_a_thousand_bodies_under_one_key():
    count = 10_000 if LONG else 1_000
    world = make_world("acme")
    right, wrong, leaking = verdicts(world, count, 7)
    print(f"BAR I2 {count} bodies: {right} right verdicts, {leaking} tell of the first body")
    assert (right, wrong, leaking) == (count, 0, 0)
    assert effects(world.cast) == 1


@pytest.mark.django_db
def test_i2_control_keys_alone_are_compared(monkeypatch):
    monkeypatch.setattr(api_base.idempotency, "keyed", NaiveKeys(checks_body=False).keyed)
    _, wrong, _ = verdicts(make_world("acme"), 200, 7)
    print(f"BAR I2 control {wrong} of 200 verdicts wrong when only keys are compared")
    assert wrong > 0


def cross_hits():
    """Of three callers with one key, how many get another's answer."""
    acme, rival = make_world("acme"), make_world("rival")
    tokens = [acme.token, acme.cast.token, rival.token]
    bodies = {call(token, b"{}", "shared").content for token in tokens}
    return len(tokens) - len(bodies), effects(acme.cast), effects(rival.cast)


@pytest.mark.django_db
def test_i3_a_key_belongs_to_its_caller():
    hits, mine, theirs = cross_hits()
    print(f"BAR I3 3 callers, one key: {hits} cross-hits")
    assert (hits, mine, theirs) == (0, 2, 1)


@pytest.mark.django_db
def test_i3_control_scope_by_key_only(monkeypatch):
    monkeypatch.setattr(api_base.idempotency, "keyed", NaiveKeys(scopes_by_caller=False).keyed)
    hits, _, _ = cross_hits()
    print(f"BAR I3 control {hits} cross-hits when keys are not scoped")
    assert hits == 2


def at(monkeypatch, age):
    monkeypatch.setattr(api_base, "now", lambda: NOW + age)


AGES = {
    "replay": timedelta(hours=24, seconds=-1),
    "expired": timedelta(hours=24, seconds=61),
    "new": timedelta(days=31, seconds=1),
}


def travel(world, monkeypatch):
    at(monkeypatch, timedelta())
    call(world.token, b"{}", "aging")
    seen = {}
    for name, age in AGES.items():
        at(monkeypatch, age)
        answer = call(world.token, b"{}", "aging")
        fresh = "replay" if is_replay(answer) else "new"
        seen[name] = fresh if answer.status_code == 201 else code_of(answer)
    return seen


@pytest.mark.django_db
def test_i5_a_key_ages_in_the_open(monkeypatch):
    world = make_world("acme")
    seen = travel(world, monkeypatch)
    print(
        f"BAR I5 24 h - 1 s: {seen['replay']}, 24 h + 61 s: {seen['expired']}, 31 d: {seen['new']}"
    )
    assert seen == {"replay": "replay", "expired": "idempotency_key_expired", "new": "new"}
    assert effects(world.cast) == 2


@pytest.mark.django_db
def test_i5_control_silent_expiry_repeats_the_effect(monkeypatch):
    naive = NaiveKeys(forgets_after=timedelta(hours=24))
    monkeypatch.setattr(api_base.idempotency, "keyed", naive.keyed)
    world = make_world("acme")
    travel(world, monkeypatch)
    print(f"BAR I5 control {effects(world.cast) - 1} silent repetitions")
    assert effects(world.cast) > 1


@pytest.mark.django_db
def test_kept_answer_is_sealed():
    world = make_world("acme")
    sender("POST /v1/webhooks", world, "seal")()
    with tenant_tx(world.cast.tenant.id, readonly=True):
        assert b"whsec_" not in bytes(IdempotencyRecord.objects.get().response)
