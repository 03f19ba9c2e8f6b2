"""Webhook pages, used as a person without scripts does."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent
from accounts.services.evidence import emit
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.receivers import receiver
from webhooks import services
from webhooks.models import Delivery, Endpoint

EVENT = "campaign.created"


def client_of(cast, role=Role.OWNER):
    client = Client()
    client.force_login(cast.people[role])
    return client


@pytest.fixture
def owner(acme):
    return client_of(acme)


@pytest.fixture
def hook(settings):
    with receiver() as state:
        settings.DEV_WEBHOOK_HOSTS = frozenset({state.origin})
        yield state


@pytest.fixture
def page(acme, hook):
    made, _ = services.create_endpoint(
        acme.agent, environment="test", url=hook.url, events=[EVENT], now=now()
    )
    return f"/webhooks/{encode('whk', made.pk)}/"


def form(**changes):
    return {
        "kind": "webhook",
        "url": "https://acme.example/hook",
        "environment": "test",
        "business_id": "",
        "events": [EVENT, "ad.paused"],
        **changes,
    }


def endpoint(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Endpoint.objects.get()


def change(cast, **values):
    with tenant_tx(cast.tenant.id):
        Endpoint.objects.update(**values)


def audits(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return list(AuditEvent.objects.order_by("chain_seq").values_list("event_type", flat=True))


def happen(cast, count=1):
    with tenant_tx(cast.tenant.id):
        for n in range(count):
            emit(EVENT, {"n": n}, tenant_id=cast.tenant.id, environment="test", now=now())
    services.fan_out(now())
    services.deliver_due(now())


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_empty_list_says_what_to_do(owner):
    assert "No webhooks yet" in text(owner.get("/webhooks/"))


def test_created_webhook_shows_its_secret_once(acme, owner):
    made = owner.post("/webhooks/", form())
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", made.content.decode()))
    assert services.endpoints.open_secrets(endpoint(acme), now()) == (secret, "")
    for path in ("/webhooks/", f"/webhooks/{encode('whk', endpoint(acme).pk)}/"):
        shown = owner.get(path)
        assert "https://acme.example/hook" in text(shown)
        assert "whsec_" not in shown.content.decode()
    assert audits(acme) == ["webhook.created"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://acme.example/"}, "url must be a public https address."),
        ({"url": "https://127.0.0.1/"}, "url must be a public https address."),
        ({"events": []}, "This field is required."),
        ({"events": ["campaign.exploded"]}, "is not one of the available choices."),
        ({"environment": "live", "business_id": "test"}, "The business is of the other"),
    ],
)
def test_refused_webhook_is_said_at_its_field(acme, owner, changes, said):
    if changes.get("business_id"):
        changes = {**changes, "business_id": encode("biz", acme.test_business.pk)}
    answer = owner.post("/webhooks/", form(**changes))
    assert answer.status_code == 422
    assert said in text(answer)
    assert audits(acme) == []


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.ANALYST])
def test_webhooks_are_for_managers(acme, page, role):
    client = client_of(acme, role)
    for path in ("/webhooks/", page):
        assert client.get(path).status_code == 403
    for name in ("rotate", "pause", "resume", "ping", "delete", "replay"):
        assert client.post(f"{page}{name}/").status_code == 403
    assert audits(acme) == ["webhook.created"]


def test_states_are_told_with_their_reason(acme, owner, page):
    def said(part):
        return all(part in text(owner.get(path)) for path in ("/webhooks/", page))

    assert said("active")
    change(acme, failing_since=now(), consecutive_failures=3)
    assert said("3 failures in a row since")
    change(acme, is_active=False, disabled_reason="failing")
    assert said("nothing arrived for 120 hours")
    assert "This webhook gets no events." in text(owner.get(page))
    change(acme, disabled_reason="gone")
    assert said("it answered 410 Gone")
    change(acme, disabled_reason="")
    assert said("paused")


def test_pause_resume_and_ping(acme, owner, hook, page):
    assert owner.post(f"{page}pause/").status_code == 302
    assert endpoint(acme).is_active is False
    assert owner.post(f"{page}ping/").status_code == 409
    assert owner.post(f"{page}resume/").status_code == 302
    assert endpoint(acme).is_active is True
    assert "A test is on its way" in text(owner.post(f"{page}ping/", follow=True))
    services.deliver_due(now())
    assert len(hook.requests) == 1
    assert "webhook.ping" in text(owner.get(page))
    expected = ["created", "paused", "resumed", "pinged"]
    assert audits(acme) == [f"webhook.{name}" for name in expected]


def test_rotate_shows_the_new_secret_and_the_overlap(acme, owner, page):
    answer = owner.post(f"{page}rotate/")
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", answer.content.decode()))
    assert services.endpoints.open_secrets(endpoint(acme), now())[0] == secret
    shown = owner.get(page)
    assert "the old one signs too until" in text(shown)
    assert "rotate/" not in shown.content.decode()
    change(acme, old_secret_until=now() - timedelta(seconds=1))
    assert "one secret signs" in text(owner.get(page))


def test_delete(acme, owner, page):
    assert owner.post(f"{page}delete/").status_code == 302
    assert owner.get(page).status_code == 404
    assert endpoint(acme).sealed_secret == ""


def test_deliveries_are_shown_filtered_and_sent_again(acme, owner, hook, page):
    assert "Nothing sent yet" in text(owner.get(page))
    hook.answers = [400]
    happen(acme, 2)
    with tenant_tx(acme.tenant.id):
        failed = encode("dlv", Delivery.objects.get(state="failed").pk)
        arrived = encode("dlv", Delivery.objects.get(state="delivered").pk)
    shown = text(owner.get(f"{page}?state=failed"))
    assert failed in shown
    assert arrived not in shown
    assert "No delivery matches" in text(owner.get(f"{page}?event=ad.paused"))
    assert owner.get(f"{page}?state=nonsense").status_code == 422
    assert owner.post(f"{page}deliveries/{failed}/replay/").status_code == 302
    services.deliver_due(now())
    (_, _, first), (_, _, _), (_, _, again) = hook.requests
    assert first == again
    assert "sent again" in text(owner.get(page))


def test_everything_since_is_sent_again(acme, owner, hook, page):
    hook.answers = [400]
    happen(acme, 3)
    path = f"{page}replay/"
    body = {"hours": "24", "failed_only": "on"}
    assert "1 event is sent again." in text(owner.post(path, body, follow=True))
    services.deliver_due(now())
    assert "3 events are sent again." in text(owner.post(path, {"hours": "24"}, follow=True))
    assert owner.post(path, {"hours": "9999"}).status_code == 422


def test_replay_of_very_much_goes_on_batch_by_batch_to_its_bound(
    acme, owner, hook, page, monkeypatch
):
    monkeypatch.setattr("webhooks.services.replay.BATCH", 2)
    monkeypatch.setattr("webhooks.views.MOST_REPLAYED", 4)
    happen(acme, 5)
    answer = text(owner.post(f"{page}replay/", {"hours": "1"}, follow=True))
    assert "4 events are sent again." in answer
    assert "There are more" in answer
