"""From an outbox event to a receiver: signatures, the ladder, disabling, fairness."""

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from accounts.services.evidence import emit
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.receivers import receiver
from webhooks import services
from webhooks.models import Delivery, Endpoint

EVENT = "campaign.created"


@pytest.fixture
def hook(settings):
    with receiver() as state:
        settings.DEV_WEBHOOK_HOSTS = frozenset({state.origin})
        yield state


def subscribe(cast, state, *, environment="test", business=None):
    return services.create_endpoint(
        cast.agent, environment=environment, url=state.url, events=[EVENT], now=NOW
    )


def happen(cast, *, environment="test", event_type=EVENT, count=1):
    with tenant_tx(cast.tenant.id):
        for number in range(count):
            emit(
                event_type,
                {"campaign_id": f"camp_{number}"},
                tenant_id=cast.tenant.id,
                environment=environment,
                now=NOW,
            )
    services.fan_out(NOW)


def states(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return sorted(Delivery.objects.values_list("state", "attempts"))


def test_delivery_carries_both_signatures_over_the_bytes_sent(acme, hook):
    _, secret = subscribe(acme, hook)
    happen(acme)
    assert services.deliver_due(NOW) == 1
    ((path, headers, body),) = hook.requests
    event = json.loads(body)
    assert path == "/hook"
    assert event["type"] == EVENT
    assert event["data"] == {"campaign_id": "camp_0"}
    assert event["environment"] == "test"
    assert headers["webhook-id"] == event["id"]
    assert states(acme) == [("delivered", 1)]
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-webhook-signature"] == f"sha256={expected}"
    stamp = int(headers["webhook-timestamp"])
    signed = Webhook(secret).sign(event["id"], datetime.fromtimestamp(stamp, UTC), body.decode())
    assert headers["webhook-signature"] == signed


def test_fan_out_keeps_environments_and_unasked_events_apart(acme, hook):
    subscribe(acme, hook)
    happen(acme, environment="live")
    happen(acme, event_type="ad.paused")
    assert states(acme) == []


def test_fan_out_twice_makes_one_delivery(acme, hook):
    subscribe(acme, hook)
    happen(acme)
    assert services.fan_out(NOW) == 0
    assert states(acme) == [("ready", 0)]


def test_delivery_climbs_the_ladder_and_ends(acme, hook):
    subscribe(acme, hook)
    hook.default = 500
    happen(acme)
    moment, waits = NOW, []
    while services.deliver_due(moment):
        with tenant_tx(acme.tenant.id, readonly=True):
            row = Delivery.objects.get()
        waits.append((row.next_attempt_at - moment).total_seconds())
        moment = row.next_attempt_at
        if row.state == "failed":
            break
    assert len(hook.requests) == 8
    assert len({body for _, _, body in hook.requests}) == 1
    for wait, rung in zip(waits, [30, 60, 300, 900, 3600, 21600, 86400], strict=False):
        assert 0.8 * rung <= wait <= 1.2 * rung


@pytest.mark.parametrize(("status", "state"), [(400, "failed"), (302, "failed"), (429, "ready")])
def test_delivery_retries_by_status(acme, hook, status, state):
    subscribe(acme, hook)
    hook.default = status
    happen(acme)
    services.deliver_due(NOW)
    assert states(acme) == [(state, 1)]


def test_delivery_honours_retry_after(acme, hook):
    subscribe(acme, hook)
    hook.default = (429, {"Retry-After": "7200"})
    happen(acme)
    services.deliver_due(NOW)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Delivery.objects.get().next_attempt_at == NOW + timedelta(hours=2)


def test_delivery_leaves_a_leased_row_alone_until_the_lease_ends(acme, hook):
    subscribe(acme, hook)
    happen(acme)
    with tenant_tx(acme.tenant.id):
        Delivery.objects.update(state="sent", attempts=1, lease_until=NOW + timedelta(seconds=60))
    assert services.deliver_due(NOW + timedelta(seconds=59)) == 0
    assert services.deliver_due(NOW + timedelta(seconds=61)) == 1
    assert states(acme) == [("delivered", 2)]


def test_run_forever_delivers_to_healthy_endpoints_while_one_hangs(acme_committed, settings):
    cast = acme_committed
    with receiver() as good, receiver() as slow:
        settings.DEV_WEBHOOK_HOSTS = frozenset({good.origin, slow.origin})
        release = threading.Event()
        subscribe(cast, slow)
        subscribe(cast, good)
        slow.default = 200
        original = services.courier.fetch_outside

        def fetch(method, url, **kwargs):
            if url == slow.url:
                release.wait(120)
            return original(method, url, **kwargs)

        services.courier.fetch_outside = fetch
        stop = threading.Event()
        loop = threading.Thread(target=services.run_forever, args=(stop,))
        try:
            happen(cast, count=5)
            loop.start()
            deadline = threading.Event()
            for _ in range(1200):
                if len(good.requests) == 5:
                    break
                deadline.wait(0.05)
            assert len(good.requests) == 5
            assert slow.requests == []
        finally:
            release.set()
            stop.set()
            loop.join()
            services.courier.fetch_outside = original
    with tenant_tx(cast.tenant.id, readonly=True):
        assert Endpoint.objects.filter(consecutive_failures=0).count() == 2
