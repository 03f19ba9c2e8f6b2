"""Surface A: rotating, pausing, testing and replaying a webhook."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from standardwebhooks.webhooks import Webhook

from accounts.models import AuditEvent
from accounts.services.evidence import emit
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.receivers import receiver
from webhooks import services
from webhooks.models import Delivery, Endpoint

EVENT = "campaign.created"


@pytest.fixture
def hook(settings):
    with receiver() as state:
        settings.DEV_WEBHOOK_HOSTS = frozenset({state.origin})
        yield state


@pytest.fixture
def made(acme, hook):
    body = {"url": hook.url, "events": [EVENT]}
    return call(acme, "post", "", body, status=201)


def call(cast, method, path, body=None, *, status):
    answer = getattr(Client(), method)(
        f"/api/v1/webhooks{path}",
        body or {},
        headers=cast.headers,
        **({} if method == "get" else {"content_type": "application/json"}),
    )
    assert answer.status_code == status, answer.content
    return answer.json()


def happen(cast, count=1, at=None):
    with tenant_tx(cast.tenant.id):
        for number in range(count):
            emit(
                EVENT,
                {"n": number},
                tenant_id=cast.tenant.id,
                environment="test",
                now=at or now(),
            )
    services.fan_out(at or now())


def audits(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = AuditEvent.objects.order_by("chain_seq")
        return list(rows.values_list("event_type", flat=True))[1:]


def rows(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        found = Delivery.objects.order_by("created_at", "id")
        return list(found.values_list("event_type", "is_replay", "state", "attempts"))


def age(cast, by):
    with tenant_tx(cast.tenant.id):
        for row in Delivery.objects.all():
            Delivery.objects.filter(pk=row.pk).update(created_at=row.created_at - by)


def standard(secret, headers, body):
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(headers["webhook-id"], moment, body.decode())


def guide(secret, body):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_rotation_signs_with_both_secrets_for_24_hours(acme, hook, made):
    turned = call(acme, "post", f"/{made['id']}/rotate", status=200)
    assert turned["secret"].startswith("whsec_")
    assert turned["secret"] != made["secret"]
    assert audits(acme) == ["webhook.rotated"]
    shown = call(acme, "get", f"/{made['id']}", status=200)
    assert "secret" not in shown
    happen(acme)
    services.deliver_due(now())
    with tenant_tx(acme.tenant.id):
        end = Endpoint.objects.get().old_secret_until
    assert timedelta(hours=23, minutes=59) < end - now() <= timedelta(hours=24)
    happen(acme)
    services.deliver_due(end - timedelta(seconds=1))
    happen(acme)
    services.deliver_due(end)
    for _, headers, body in hook.requests[:2]:
        both = [standard(one, headers, body) for one in (made["secret"], turned["secret"])]
        assert sorted(headers["webhook-signature"].split()) == sorted(both)
        assert headers["x-webhook-signature"] == guide(made["secret"], body)
    _, headers, body = hook.requests[2]
    assert headers["webhook-signature"] == standard(turned["secret"], headers, body)
    assert headers["x-webhook-signature"] == guide(turned["secret"], body)


def test_a_receiver_of_the_new_secret_gets_the_guides_signature_in_the_same_try(acme, hook, made):
    turned = call(acme, "post", f"/{made['id']}/rotate", status=200)
    hook.answers = [401]
    happen(acme)
    services.deliver_due(now())
    (_, first, body), (_, second, again) = hook.requests
    assert body == again
    assert first["webhook-id"] == second["webhook-id"]
    assert first["x-webhook-signature"] == guide(made["secret"], body)
    assert second["x-webhook-signature"] == guide(turned["secret"], body)
    assert rows(acme) == [(EVENT, False, "delivered", 1)]


@pytest.mark.parametrize("status", [410, 429, 500, 302])
def test_only_a_refusal_is_signed_again(acme, hook, made, status):
    call(acme, "post", f"/{made['id']}/rotate", status=200)
    hook.default = status
    happen(acme)
    services.deliver_due(now())
    assert len(hook.requests) == 1


def test_rotation_in_a_rotation_is_refused_but_an_emergency_is_not(acme, hook, made):
    path = f"/{made['id']}/rotate"
    call(acme, "post", path, status=200)
    error = call(acme, "post", path, status=409)["error"]
    assert error["code"] == "rotation_in_progress"
    last = call(acme, "post", path, {"grace_seconds": 0}, status=200)
    assert last["old_secret_until"] is None
    happen(acme)
    services.deliver_due(now())
    _, headers, body = hook.requests[0]
    assert headers["webhook-signature"] == standard(last["secret"], headers, body)
    with tenant_tx(acme.tenant.id):
        assert Endpoint.objects.get().sealed_old_secret == ""
    assert audits(acme) == ["webhook.rotated", "webhook.rotated"]


@pytest.mark.parametrize("grace", [-1, 86_401, "60", 1.5])
def test_rotation_refuses_a_grace_beyond_24_hours(acme, made, grace):
    body = {"grace_seconds": grace}
    error = call(acme, "post", f"/{made['id']}/rotate", body, status=422)["error"]
    assert error["details"]["field"] == "grace_seconds"
    assert audits(acme) == []


def test_pause_and_resume(acme, hook, made):
    assert call(acme, "post", f"/{made['id']}/pause", status=200)["active"] is False
    assert call(acme, "post", f"/{made['id']}/pause", status=200)["active"] is False
    happen(acme)
    assert services.deliver_due(now()) == 0
    assert hook.requests == []
    shown = call(acme, "get", f"/{made['id']}/deliveries?state=missed", status=200)["data"]
    assert [(one["state"], one["attempts"]) for one in shown] == [("missed", 0)]
    for path in ("ping", "replay"):
        body = {"since": now().isoformat()} if path == "replay" else {}
        error = call(acme, "post", f"/{made['id']}/{path}", body, status=409)["error"]
        assert error["code"] == "webhook_not_active"
    assert call(acme, "post", f"/{made['id']}/resume", status=200)["active"] is True
    assert audits(acme) == ["webhook.paused", "webhook.resumed"]


def test_ping_goes_the_way_of_every_delivery(acme, hook, made):
    sent = call(acme, "post", f"/{made['id']}/ping", status=202)
    assert (sent["event_type"], sent["state"]) == ("webhook.ping", "pending")
    error = call(acme, "post", f"/{made['id']}/ping", status=409)["error"]
    assert error["code"] == "delivery_pending"
    assert services.deliver_due(now()) == 1
    ((_, headers, body),) = hook.requests
    event = json.loads(body)
    assert event["type"] == "webhook.ping"
    assert event["data"] == {"webhook_id": made["id"]}
    assert headers["webhook-id"] == event["id"] == sent["event_id"]
    assert headers["webhook-signature"] == standard(made["secret"], headers, body)
    assert audits(acme) == ["webhook.pinged"]
    call(acme, "post", f"/{made['id']}/ping", status=202)


def test_deliveries_are_filtered_by_state_and_event(acme, hook, made):
    hook.answers = [400]
    happen(acme, 2)
    services.deliver_due(now())
    call(acme, "post", f"/{made['id']}/ping", status=202)
    path = f"/{made['id']}/deliveries"

    def found(**query):
        data = call(acme, "get", path, query, status=200)["data"]
        return sorted((row["event_type"], row["state"]) for row in data)

    services.deliver_due(now() - timedelta(hours=1))
    assert found(state="failed") == [(EVENT, "failed")]
    assert found(state="delivered") == [(EVENT, "delivered")]
    assert found(state="pending") == [("webhook.ping", "pending")]
    assert found(event=EVENT) == [(EVENT, "delivered"), (EVENT, "failed")]
    assert found(event="webhook.ping", state="failed") == []
    for query in ({"state": "ready"}, {"event": "campaign.exploded"}):
        error = call(acme, "get", path, query, status=422)["error"]
        assert error["details"]["field"] == next(iter(query))
        assert error["details"]["allowed"]


def test_replay_of_one_sends_the_same_bytes_under_the_same_id(acme, hook, made):
    happen(acme)
    services.deliver_due(now())
    old = call(acme, "get", f"/{made['id']}/deliveries", status=200)["data"][0]
    path = f"/{made['id']}/deliveries/{old['id']}/replay"
    new = call(acme, "post", path, status=202)
    assert new["id"] != old["id"]
    assert (new["event_id"], new["replay"], new["state"]) == (old["event_id"], True, "pending")
    error = call(acme, "post", path, status=409)["error"]
    assert error["code"] == "delivery_pending"
    services.deliver_due(now())
    (_, first, body), (_, second, again) = hook.requests
    assert body == again
    assert first["webhook-id"] == second["webhook-id"] == old["event_id"]
    assert audits(acme) == ["webhook.replayed"]
    call(acme, "post", path, status=202)


@pytest.mark.parametrize("code", ["delivery_too_old", "delivery_erased"])
def test_replay_refuses_what_is_too_old_or_erased(acme, hook, made, code):
    happen(acme)
    services.deliver_due(now())
    with tenant_tx(acme.tenant.id):
        if code == "delivery_erased":
            Delivery.objects.update(body=b"{}")
        delivery = encode("dlv", Delivery.objects.get().pk)
    if code == "delivery_too_old":
        age(acme, timedelta(days=30, minutes=1))
    path = f"/{made['id']}/deliveries/{delivery}/replay"
    assert call(acme, "post", path, status=409)["error"]["code"] == code
    body = {"since": (now() - timedelta(days=29)).isoformat()}
    assert call(acme, "post", f"/{made['id']}/replay", body, status=202)["queued"] == 0
    assert rows(acme) == [(EVENT, False, "delivered", 1)]


def test_replay_since_sends_each_event_once_and_leaves_out_what_is_on_its_way(acme, hook, made):
    happen(acme, 3)
    services.deliver_due(now())
    age(acme, timedelta(hours=2))
    happen(acme, 2)
    services.deliver_due(now())
    happen(acme)
    body = {"since": (now() - timedelta(hours=1)).isoformat()}
    path = f"/{made['id']}/replay"
    assert call(acme, "post", path, body, status=202) == {
        "queued": 2, "has_more": False, "next_cursor": None,
    }  # fmt: skip
    assert call(acme, "post", path, body, status=202)["queued"] == 0
    services.deliver_due(now())
    sent = [headers["webhook-id"] for _, headers, _ in hook.requests]
    assert sorted(sent.count(one) for one in set(sent)) == [1, 1, 1, 1, 2, 2]
    assert call(acme, "post", path, body, status=202)["queued"] == 3


def test_replay_since_of_failures_leaves_out_what_arrived(acme, hook, made):
    hook.answers = [400, 200, 400]
    happen(acme, 3)
    services.deliver_due(now())
    body = {"since": (now() - timedelta(hours=1)).isoformat(), "failed_only": True}
    assert call(acme, "post", f"/{made['id']}/replay", body, status=202)["queued"] == 2
    services.deliver_due(now())
    assert call(acme, "post", f"/{made['id']}/replay", body, status=202)["queued"] == 0


def test_replay_since_goes_on_behind_its_cursor(acme, hook, made, monkeypatch):
    monkeypatch.setattr(services.replay, "BATCH", 2)
    happen(acme, 5)
    services.deliver_due(now())
    body, queued = {"since": (now() - timedelta(hours=1)).isoformat()}, []
    while True:
        answer = call(acme, "post", f"/{made['id']}/replay", body, status=202)
        queued.append(answer["queued"])
        services.deliver_due(now())
        if not answer["has_more"]:
            break
        body["cursor"] = answer["next_cursor"]
    assert queued == [2, 2, 1]
    sent = [headers["webhook-id"] for _, headers, _ in hook.requests]
    assert {sent.count(one) for one in set(sent)} == {2}


@pytest.mark.parametrize("hours", [-1, 30 * 24 + 1])
def test_replay_since_refuses_a_time_outside_30_days(acme, made, hours):
    body = {"since": (now() - timedelta(hours=hours)).isoformat()}
    error = call(acme, "post", f"/{made['id']}/replay", body, status=422)["error"]
    assert error["details"]["field"] == "since"
    assert error["details"]["earliest"] < error["details"]["latest"]


@pytest.mark.parametrize("since", ["yesterday", "", "0001-01-01T00:00:00+23:00", 5, None])
def test_replay_since_refuses_what_is_no_time(acme, made, since):
    error = call(acme, "post", f"/{made['id']}/replay", {"since": since}, status=422)["error"]
    assert error["details"]["field"] == "since"


def test_deleting_destroys_both_secrets(acme, made):
    call(acme, "post", f"/{made['id']}/rotate", status=200)
    assert Client().delete(f"/v1/webhooks/{made['id']}", headers=acme.headers).status_code == 204
    with tenant_tx(acme.tenant.id):
        row = Endpoint.objects.get()
        assert (row.sealed_secret, row.sealed_old_secret) == ("", "")


def test_an_endpoint_of_one_business(acme, made):
    body = {"url": "https://acme.example/x", "events": [EVENT]}
    mine = {**body, "business_id": encode("biz", acme.test_business.pk)}
    made = call(acme, "post", "", mine, status=201)
    with tenant_tx(acme.tenant.id):
        assert Endpoint.objects.filter(business_id=acme.test_business.pk).count() == 1
    live = {**body, "business_id": encode("biz", acme.live_business.pk)}
    refused = Client().post(
        "/v1/webhooks", live, content_type="application/json", headers=acme.headers
    )
    assert refused.status_code in (404, 422)
    assert made["active"] is True
