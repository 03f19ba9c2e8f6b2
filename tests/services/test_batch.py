"""POST /batch: shape, order, isolation of parts, keys, limits, parallel parts."""

import json
import threading
from decimal import Decimal

import pytest
from django.conf import settings as live_settings
from django.db import connection
from django.test import Client

from accounts.authentication import ScopeRequired
from accounts.models import AuditEvent, IdempotencyRecord
from accounts.services.keys import create_key
from billing.throttling import PlanThrottle
from config import parts as dispatch
from core.ids import encode
from core.tenancy import tenant_tx
from tests.batches import part_response, post_batch, send_in_batch
from tests.cast import NOW
from webhooks.models import Endpoint

PLANS = {"method": "GET", "path": "/v1/billing/plans"}


def answers(cast, parts, **headers):
    response = post_batch(cast.token, parts, **headers)
    assert response.status_code == 200, response.content
    return response.json()["responses"]


def hook_part(name, **more):
    body = {"url": f"https://receiver.example/{name}", "events": ["campaign.created"]}
    return {"id": name, "method": "POST", "path": "/v1/webhooks", "body": body, **more}


def hooks(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return sorted(Endpoint.objects.values_list("url", flat=True))


def minted(cast, *scopes):
    with tenant_tx(cast.tenant.id):
        return create_key(
            tenant_id=cast.tenant.id,
            user_id=cast.key.user_id,
            name="minted",
            environment="test",
            scopes=scopes,
            root=cast.key.root,
            now=NOW,
        )


def test_parts_answer_in_order_each_with_its_own_status_and_id(acme):
    found = answers(
        acme,
        [
            {"id": "missing", "method": "GET", "path": "/api/v1/campaigns/camp_none"},
            hook_part("made"),
            {"id": "no route", "method": "get", "path": "/v1/nothing/here"},
            {"id": "broken", "method": "POST", "path": "/v1/webhooks", "body": {"url": 5}},
            {"id": "wrong method", "method": "PUT", "path": "/v1/webhooks"},
            {"id": "list", "method": "GET", "path": "/api/v1/webhooks?limit=1"},
        ],
    )
    assert [(one["id"], one["status"]) for one in found] == [
        ("missing", 404),
        ("made", 201),
        ("no route", 404),
        ("broken", 422),
        ("wrong method", 405),
        ("list", 200),
    ]
    assert set(found[0]) == {"id", "status", "headers", "body"}
    ids = [one["headers"]["X-Request-Id"] for one in found]
    assert len(set(ids)) == len(ids)
    assert found[0]["body"]["error"]["request_id"] == ids[0]
    assert found[3]["body"]["error"]["details"]["field"]
    assert [row["url"] for row in found[5]["body"]["data"]] == ["https://receiver.example/made"]
    with tenant_tx(acme.tenant.id, readonly=True):
        audited = AuditEvent.objects.get(event_type="webhook.created")
    assert audited.request_id == ids[1]


def test_an_empty_answer_is_null(acme):
    made = answers(acme, [hook_part("gone")])[0]["body"]["id"]
    found = answers(acme, [{"id": "x", "method": "DELETE", "path": f"/v1/webhooks/{made}"}])
    assert (found[0]["status"], found[0]["body"]) == (204, None)


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([], "requests"),
        ([{"id": str(n), **PLANS} for n in range(51)], "requests"),
        ([{"id": "same", **PLANS}, {"id": "same", **PLANS}], "requests"),
        ([{"id": "", **PLANS}], "requests.0.id"),
        ([{"id": "a", "method": "TRACE", "path": "/v1/webhooks"}], "requests.0.method"),
        ([{"id": "a", "method": "GET", "path": "/admin/"}], "requests.0.path"),
        ([{"id": "a", "method": "GET", "path": "https://other.example/v1/x"}], "requests.0.path"),
        ([{"id": "a", "method": "GET", "path": "/v1/x#y"}], "requests.0.path"),
        ([{"id": "a", **PLANS, "headers": {"Authorization": "Bearer x"}}], "requests.0.headers"),
        ([{"id": "a", **PLANS, "extra": 1}], "requests.0.extra"),
        ([{"id": "a", **PLANS, "body": 10**30}], "requests"),
        ("all", "requests"),
    ],
)
def test_a_batch_of_the_wrong_shape_does_nothing(acme, requests, field):
    whole = [hook_part("never"), *requests] if isinstance(requests, list) else requests
    shifted = field.replace("requests.0", "requests.1")
    if requests == []:
        whole, shifted = [], field
    response = post_batch(acme.token, whole)
    assert response.status_code == 422
    assert response.json()["error"]["details"]["field"] == shifted
    assert hooks(acme) == []


def test_a_body_over_the_limit_is_refused(acme):
    big = hook_part("big", body={"url": "x" * live_settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    assert post_batch(acme.token, [big]).status_code == 413


def test_nobody_and_revoked_keys_get_no_batch(acme):
    assert post_batch(None, [{"id": "a", **PLANS}]).status_code == 401
    broken = acme.token[:-1] + ("a" if acme.token[-1] != "a" else "b")
    assert post_batch(broken, [hook_part("no")]).status_code == 401
    assert hooks(acme) == []


def test_each_part_needs_its_own_scope(acme):
    _, token = minted(acme, "campaigns:read")
    response = post_batch(
        token, [{"id": "r", "method": "GET", "path": "/v1/campaigns"}, hook_part("w")]
    )
    statuses = [one["status"] for one in response.json()["responses"]]
    assert statuses == [200, 403]
    assert response.json()["responses"][1]["body"]["error"]["code"] == "insufficient_scope"
    assert hooks(acme) == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/batch",
        "/api/v1/batch",
        "/v1/%62atch",
        "/v1/auth/login",
        "/v1/auth/register",
        "/v1/auth/verify",
    ],
)
def test_what_is_not_for_a_batch_is_refused_and_the_rest_goes_on(acme, path):
    answer = send_in_batch(acme.token, "POST", path, {"requests": [hook_part("nested")]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_in_batch")
    assert hooks(acme) == []


def test_a_zero_character_and_a_climbing_path_reach_nothing(acme):
    for path, status in (("/v1/webhooks%00", 400), ("/v1/../admin/", 404), ("/v1//admin/", 404)):
        assert send_in_batch(acme.token, "GET", path).status_code == status


def test_a_crash_of_one_part_is_its_own_500(acme, monkeypatch):
    real = ScopeRequired.has_permission

    def crash(self, request, view):
        if request.path.endswith("/webhooks"):
            raise RuntimeError("bug")
        return real(self, request, view)

    monkeypatch.setattr(ScopeRequired, "has_permission", crash)
    answer = send_in_batch(acme.token, "GET", "/v1/webhooks")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")


def test_money_arrives_digit_by_digit(acme, monkeypatch):
    seen = []
    real = dispatch._environ

    def noted(part, batch):
        seen.append(part.body)
        return real(part, batch)

    monkeypatch.setattr(dispatch, "_environ", noted)
    exact = "12345678901234567.10"
    whole = {"requests": [{"id": "a", "method": "POST", "path": "/v1/webhooks", "body": {"n": 0}}]}
    raw = json.dumps(whole).replace(": 0}", f": {exact}}}")
    Client().post("/v1/batch", raw, content_type="application/json", headers=acme.headers)
    assert json.loads(seen[0], parse_float=Decimal) == {"n": Decimal(exact)}
    assert exact.encode() in seen[0]


def test_the_batchs_key_makes_a_key_for_every_change(acme):
    parts = [
        hook_part("one"),
        hook_part("two"),
        {"id": "r", "method": "GET", "path": "/v1/webhooks"},
    ]
    first = answers(acme, parts, **{"Idempotency-Key": "batch-key-1"})
    again = answers(acme, parts, **{"Idempotency-Key": '"batch-key-1"'})
    assert [one["body"] for one in again[:2]] == [one["body"] for one in first[:2]]
    assert [one["headers"].get("Idempotent-Replayed") for one in again] == ["true", "true", None]
    assert len(hooks(acme)) == 2
    other = [hook_part("one", body={"url": "https://other.example/", "events": ["ad.paused"]})]
    reused = answers(acme, other, **{"Idempotency-Key": "batch-key-1"})
    assert reused[0]["body"]["error"]["code"] == "idempotency_key_reused"
    assert len(hooks(acme)) == 2


def test_a_parts_own_key_is_the_key_of_the_same_request_alone(acme):
    part = hook_part(
        "once", headers={"Idempotency-Key": "mine-1", "Content-Type": "application/json"}
    )
    made = answers(acme, [part], **{"Idempotency-Key": "outer"})[0]
    alone = Client().post(
        "/v1/webhooks",
        json.dumps(part["body"]),
        content_type="application/json",
        headers={**acme.headers, "Idempotency-Key": "mine-1"},
    )
    assert alone.headers["Idempotent-Replayed"] == "true"
    assert alone.json() == made["body"]
    with tenant_tx(acme.tenant.id, readonly=True):
        assert IdempotencyRecord.objects.count() == 1


def test_a_bad_key_of_the_batch_refuses_it_all(acme):
    response = post_batch(acme.token, [hook_part("no")], **{"Idempotency-Key": "has space"})
    assert response.status_code == 400
    assert hooks(acme) == []


def test_the_batch_and_each_part_count_one_request(acme, settings):
    settings.PLAN_THROTTLE = True
    parts = [hook_part(str(n)) for n in range(12)]
    response = post_batch(acme.token, parts)
    found = [part_response(one) for one in response.json()["responses"]]
    limit = int(found[0].headers["X-RateLimit-Limit"])
    left = [int(one.headers["X-RateLimit-Remaining"]) for one in found]
    assert limit == 10
    assert left == [8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0]
    assert [one.status_code for one in found] == [201] * 9 + [429] * 3
    assert int(found[-1].headers["Retry-After"]) > 0
    assert response.headers["X-RateLimit-Remaining"] == "0"
    assert len(hooks(acme)) == 9


def test_a_used_up_quota_does_not_refuse_what_stops_harm(acme, settings):
    settings.PLAN_THROTTLE = True
    leaked, token = minted(acme, "campaigns:read")
    for _number in range(10):
        assert Client().get("/v1/campaigns", headers=acme.headers).status_code == 200
    revoke = {"method": "DELETE", "path": f"/v1/auth/keys/{encode('key', leaked.pk)}"}
    found = answers(acme, [{"id": "revoke", **revoke}, hook_part("no")])
    assert [one["status"] for one in found] == [204, 429]
    after = Client().get("/v1/campaigns", headers={"Authorization": f"Bearer {token}"})
    assert after.status_code == 401
    assert hooks(acme) == []


def test_parts_run_at_a_time_on_postgresql_one_by_one_on_sqlite(
    acme_committed, settings, monkeypatch
):
    """Each part waits for the other: alone it gives up."""
    settings.BATCH_THREADS = 2
    meeting = threading.Barrier(2)
    met, threads = [], set()
    real = PlanThrottle.allow_request

    def waits(self, request, view):
        if request.path.endswith("/campaigns"):
            threads.add(threading.get_ident())
            try:
                meeting.wait(2 if connection.vendor == "postgresql" else 0.1)
                met.append(True)
            except threading.BrokenBarrierError:
                met.append(False)
        return real(self, request, view)

    monkeypatch.setattr(PlanThrottle, "allow_request", waits)
    parts = [{"id": str(n), "method": "GET", "path": "/v1/campaigns"} for n in range(2)]
    found = answers(acme_committed, parts)
    assert [one["status"] for one in found] == [200, 200]
    is_parallel = connection.vendor == "postgresql"
    assert (met, len(threads)) == ([is_parallel] * 2, 2 if is_parallel else 1)


def test_fifty_changes_at_a_time_all_arrive_once(acme_committed):
    found = answers(acme_committed, [hook_part(f"{n:02d}") for n in range(50)])
    assert [one["status"] for one in found] == [201] * 50
    assert [one["body"]["url"][-2:] for one in found] == [f"{n:02d}" for n in range(50)]
    assert len(hooks(acme_committed)) == 50
