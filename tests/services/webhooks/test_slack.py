"""Slack's incoming webhooks as a type of endpoint."""

import json

import pytest
from django.test import Client

from accounts.models import AuditDetail
from accounts.services.evidence import emit
from core.actors import Role
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.receivers import receiver
from webhooks import services
from webhooks.domain.slack import is_slack_address, masked, message
from webhooks.models import Delivery, Endpoint

ADDRESS = "https://hooks.slack.com/services/T000/B000/s3cr3tpart"


def post(cast, **body):
    return Client().post(
        "/v1/webhooks",
        json.dumps({"events": ["ad.paused"], "type": "slack", **body}),
        content_type="application/json",
        headers=cast.headers,
    )


@pytest.mark.django_db
def test_the_address_is_kept_as_a_secret(acme):
    made = post(acme, url=ADDRESS)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["type"], shown["secret"]) == ("slack", None)
    assert shown["url"] == "https://hooks.slack.com/services/T000/B000/…"
    with tenant_tx(acme.tenant.id, readonly=True):
        row = Endpoint.objects.values().get()
        details = repr(list(AuditDetail.objects.values()))
    assert "s3cr3tpart" not in repr(row) + details + made.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        "https://receiver.example/services/T/B/x",
        "https://hooks.slack.com.evil.example/services/T/B/x",
        "http://hooks.slack.com/services/T/B/x",
        "https://user@hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com:8443/services/T/B/x",
        "https://hooks.slack.com/other",
        "https://hooks.slack.com:port/services/T",
    ],
)
def test_only_slacks_own_addresses(acme, url):
    refused = post(acme, url=url)
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["field"] == "url"
    with tenant_tx(acme.tenant.id, readonly=True):
        assert not Endpoint.objects.exists()


def paused(cast, data):
    with tenant_tx(cast.tenant.id):
        emit("ad.paused", data, tenant_id=cast.tenant.id, environment="test", now=NOW)
    services.fan_out(NOW)
    return services.deliver_due(NOW)


@pytest.mark.django_db
def test_an_event_arrives_as_a_message_without_signature(acme, settings):
    with receiver() as slack:
        settings.DEV_WEBHOOK_HOSTS = frozenset({slack.origin})
        made = post(acme, url=slack.url).json()
        assert paused(acme, {"ad_id": "ad_1", "reason": "<!channel> & more", "deep": {"a": 1}}) == 1
        ((path, headers, body),) = slack.requests
        assert path == "/hook"
        assert not [name for name in headers if "signature" in name.lower()]
        sent = json.loads(body)
        assert sent["text"] == "An ad was paused."
        fields = [one["text"] for one in sent["blocks"][1]["fields"]]
        assert fields == ["*ad id*\nad_1", "*reason*\n&lt;!channel&gt; &amp; more"]
        assert "TEST" in sent["blocks"][2]["elements"][0]["text"]
        moved = f"{slack.origin}/services/T/B/new"
        changed = Client().patch(
            f"/v1/webhooks/{made['id']}",
            json.dumps({"url": moved}),
            content_type="application/json",
            headers=acme.headers,
        )
        assert changed.json()["url"] == masked(moved)
        assert paused(acme, {"ad_id": "ad_2"}) == 1
        assert slack.requests[1][0] == "/services/T/B/new"
    with tenant_tx(acme.tenant.id, readonly=True):
        assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


@pytest.mark.django_db
def test_there_is_no_secret_to_rotate(acme):
    made = post(acme, url=ADDRESS).json()
    path = f"/v1/webhooks/{made['id']}/rotate"
    answer = Client().post(path, "{}", content_type="application/json", headers=acme.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "webhook_without_secret")


@pytest.mark.django_db
def test_the_page_adds_one_and_shows_no_secret(acme, client):
    client.force_login(acme.people[Role.OWNER])
    form = {"kind": "slack", "url": ADDRESS, "environment": "test", "events": ["ad.paused"]}
    added = client.post("/webhooks/", form, follow=True)
    assert added.status_code == 200
    page = added.content.decode()
    assert "s3cr3tpart" not in page
    assert "Rotate the secret" not in page


def test_a_message_stays_within_slacks_limits():
    facts = {f"field {n}": "x" * 5_000 for n in range(30)}
    made = message("Title", facts, "note")
    assert len(made["blocks"][1]["fields"]) == 10
    assert max(len(one["text"]) for one in made["blocks"][1]["fields"]) < 2_000
    assert [block["type"] for block in message("Title", {}, "note")["blocks"]] == [
        "section",
        "context",
    ]
    assert is_slack_address(ADDRESS)
