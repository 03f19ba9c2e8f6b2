"""Surface A: /webhooks."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from core.tenancy import tenant_tx
from webhooks.models import Endpoint

BODY = {"url": "https://acme.example/hooks/ads", "events": ["campaign.created", "ad.paused"]}


def post(cast, body, **headers):
    return Client().post(
        "/api/v1/webhooks",
        body,
        content_type="application/json",
        headers={**cast.headers, **headers},
    )


def endpoints(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Endpoint.objects.count(), AuditEvent.objects.count()


def test_create_webhook_answers_the_guides_shape_and_shows_the_secret_once(acme):
    made = post(acme, BODY)
    assert made.status_code == 201
    body = made.json()
    assert body["url"] == BODY["url"]
    assert body["events"] == BODY["events"]
    assert body["active"] is True
    assert body["environment"] == "test"
    assert body["secret"].startswith("whsec_")
    shown = Client().get(f"/v1/webhooks/{body['id']}", headers=acme.headers).json()
    assert "secret" not in shown
    assert endpoints(acme) == (1, 1)


def test_create_webhook_replays_under_one_key_without_showing_a_second_secret(acme):
    first, second = (post(acme, BODY, **{"Idempotency-Key": key}) for key in ("k1", '"k1"'))
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert endpoints(acme) == (1, 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.example/hook",
        "https://127.0.0.1/hook",
        "https://2130706433/",
        "https://[::1]/",
        "https://user:pw@acme.example/",
        "https://localhost/",
        "https://169.254.169.254/latest",
        "ftp://acme.example/",
        "nonsense",
        "https://acme.example:99999/",
    ],
)
def test_create_webhook_refuses_addresses_that_are_not_public_https(acme, url):
    refused = post(acme, {**BODY, "url": url})
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["field"] == "url"
    assert endpoints(acme) == (0, 0)


@pytest.mark.parametrize("events", [[], ["campaign.exploded"]])
def test_create_webhook_refuses_unknown_or_no_events(acme, events):
    refused = post(acme, {**BODY, "events": events})
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["field"] == "events"
    assert endpoints(acme) == (0, 0)


def test_change_and_delete_webhook(acme):
    public_id = post(acme, BODY).json()["id"]
    url = f"/api/v1/webhooks/{public_id}"
    changed = Client().patch(
        url, {"active": False}, content_type="application/json", headers=acme.headers
    )
    assert changed.json()["active"] is False
    assert Client().delete(url, headers=acme.headers).status_code == 204
    assert Client().get(url, headers=acme.headers).status_code == 404
    assert Client().get("/api/v1/webhooks", headers=acme.headers).json()["data"] == []
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Endpoint.objects.get().sealed_secret == ""
