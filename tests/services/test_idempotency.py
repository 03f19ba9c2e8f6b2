"""Keyed requests: one effect, byte-identical replay, nothing kept of a failure."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Business, IdempotencyRecord, Verdict
from accounts.services import idempotency
from accounts.services.evidence import record_audit
from accounts.services.idempotency import run_keyed
from accounts.tasks import sign_heads
from campaigns.models import KillSwitch
from core.canonical import body_digest
from core.errors import ForbiddenError
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.world import make_world

BODY = body_digest(b'{"name":"x"}')


def make_business(cast, status=201):
    def effect():
        Business.objects.create(
            tenant_id=cast.tenant.id, name="keyed", environment="test", created_at=NOW
        )
        return status, b'{"id":1}'

    return effect


def run(cast, effect, *, key="k1", digest=BODY, now=NOW, route="POST /v1/x"):
    return run_keyed(cast.agent, route=route, key=key, body_digest=digest, now=now, effect=effect)


def count(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Business.objects.filter(name="keyed").count(), IdempotencyRecord.objects.count()


def test_run_keyed_replays_the_same_bytes(acme):
    first = run(acme, make_business(acme))
    second = run(acme, make_business(acme))
    assert first == (201, b'{"id":1}', False)
    assert second == (201, b'{"id":1}', True)
    assert count(acme) == (1, 1)


def test_run_keyed_without_key_runs_every_time(acme):
    for _ in range(2):
        assert run(acme, make_business(acme), key="").replayed is False
    assert count(acme) == (2, 0)


def test_run_keyed_keeps_no_denial_but_its_effect(acme):
    assert run(acme, make_business(acme, status=403)).status == 403
    assert count(acme) == (1, 0)
    assert run(acme, make_business(acme)).replayed is False


def test_run_keyed_keeps_nothing_of_an_error(acme):
    def effect():
        make_business(acme)()
        raise ForbiddenError

    with pytest.raises(ForbiddenError):
        run(acme, effect)
    assert count(acme) == (0, 0)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=24, seconds=-1), "replay"),
        (timedelta(hours=24, seconds=61), "expired"),
        (timedelta(days=31, seconds=1), "new"),
    ],
)
def test_run_keyed_ages(acme, age, expected):
    run(acme, make_business(acme))
    if expected == "expired":
        with pytest.raises(idempotency.KeyExpiredError):
            run(acme, make_business(acme), now=NOW + age)
        return
    assert run(acme, make_business(acme), now=NOW + age).replayed is (expected == "replay")


def test_run_keyed_refuses_another_body(acme):
    run(acme, make_business(acme))
    with pytest.raises(idempotency.KeyReusedError):
        run(acme, make_business(acme), digest=body_digest(b'{"name":"y"}'))
    assert count(acme) == (1, 1)


@pytest.mark.parametrize(
    ("header", "key"),
    [(None, ""), ("abc-1", "abc-1"), ('"abc-1"', "abc-1"), (r'"a\"b"', 'a"b'), (" a ", "a")],
)
def test_parse_header_accepts_bare_and_quoted(header, key):
    assert idempotency.parse_header(header) == key


@pytest.mark.parametrize("header", ["", '""', "a b", "ä", "x" * 256, '"a b"', "a\tb"])
def test_parse_header_refuses(header):
    with pytest.raises(idempotency.KeyInvalidError):
        idempotency.parse_header(header)


@pytest.mark.django_db
def test_keyed_denial_keeps_its_verdict_and_leaves_the_key_unused():
    world = make_world("acme")
    with tenant_tx(world.cast.tenant.id):
        campaign = world.id("campaign")
        switch = KillSwitch.objects.create(
            tenant_id=world.cast.tenant.id, business=world.business, is_engaged=True
        )

    def rename():
        return Client().patch(
            f"/v1/campaigns/{campaign}",
            {"name": "Renamed"},
            content_type="application/json",
            headers={"Authorization": f"Bearer {world.token}", "Idempotency-Key": "deny-1"},
        )

    for verdicts in (1, 2):
        refused = rename()
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "kill_switch_active"
        with tenant_tx(world.cast.tenant.id):
            assert Verdict.objects.count() == verdicts
            assert IdempotencyRecord.objects.count() == 0
    with tenant_tx(world.cast.tenant.id):
        switch.is_engaged = False
        switch.save()
    assert rename().status_code == 200
    replayed = rename()
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert replayed.json()["name"] == "Renamed"


def test_prune_destroys_answers_after_a_day_and_forgets_keys_after_a_month(acme):
    run(acme, make_business(acme))
    assert idempotency.prune(NOW + timedelta(hours=23)) == 0
    assert idempotency.prune(NOW + timedelta(hours=25)) == 1
    assert idempotency.prune(NOW + timedelta(hours=26)) == 0
    with tenant_tx(acme.tenant.id, readonly=True):
        assert bytes(IdempotencyRecord.objects.get().response) == b""
    with pytest.raises(idempotency.KeyExpiredError):
        run(acme, make_business(acme), now=NOW + timedelta(hours=27))
    assert idempotency.prune(NOW + timedelta(days=32)) == 1
    assert count(acme) == (1, 0)


def test_sign_heads_logs_every_chain_that_has_rows(acme, rival):
    with tenant_tx(acme.tenant.id):
        record_audit(acme.person(), "campaign.created", now=NOW)
    assert sign_heads() == 1
