"""From an outbox event to a receiver: signatures, the ladder, disabling, fairness."""

import hashlib
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from accounts.services.evidence import emit
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from tests.cast import NOW, make_cast
from tests.receivers import receiver, session_of
from webhooks import services
from webhooks.domain import lanes
from webhooks.models import Delivery
from webhooks.services import endpoints, sending

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


def arrived_beside_hanging(casts, settings, monkeypatch, *, hanging, seconds):
    """How many of 5 events reach the other tenant's receiver while `hanging` endpoints of the
    first answer nothing at all, and how many of those hang at the same time.
    """
    slow_cast, cast = casts
    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", hanging)
    release, hang = threading.Event(), set()
    real = sending.OutsideSession

    def fetch(method, url, **kwargs):
        if "/hang" in url:
            hang.add(url)
            release.wait(120)
        with real(url) as session:
            return session.request(method, **kwargs)

    monkeypatch.setattr(sending, "OutsideSession", session_of(fetch))
    with receiver() as good:
        settings.DEV_WEBHOOK_HOSTS = frozenset({good.origin})
        for number in range(hanging):
            url = f"{good.origin}/hang/{number}"
            services.create_endpoint(
                slow_cast.agent, environment="test", url=url, events=[EVENT], now=NOW
            )
        subscribe(cast, good)
        happen(slow_cast, count=3)
        stop, until = threading.Event(), time.monotonic() + seconds
        loop = threading.Thread(target=services.run_forever, args=(stop,))
        loop.start()
        try:
            while not hang and time.monotonic() < until:
                time.sleep(0.02)
            happen(cast, count=5)
            while len(got := [r for r in good.requests if r[0] == "/hook"]) < 5:
                if time.monotonic() > until:
                    break
                time.sleep(0.02)
            return len(got), len(hang)
        finally:
            release.set()
            stop.set()
            loop.join()


def test_a_tenant_whose_endpoints_all_hang_delays_nobody(two_committed, settings, monkeypatch):
    arrived, hang = arrived_beside_hanging(
        two_committed, settings, monkeypatch, hanging=40, seconds=60
    )
    assert (arrived, hang) == (5, lanes.A_TENANT)


def test_control_with_room_for_eight_the_hanging_ones_take_it_all(
    two_committed, settings, monkeypatch
):
    monkeypatch.setattr(lanes, "SENDERS", 8)
    found = arrived_beside_hanging(two_committed, settings, monkeypatch, hanging=12, seconds=4)
    assert found == (0, 8)


@pytest.fixture
def two_committed(acme_committed):
    return acme_committed, make_cast("rival")


def test_each_objects_events_are_numbered_from_one(acme, hook):
    subscribe(acme, hook)
    for target in ("camp_a", "camp_b", "camp_a", ""):
        happen_to(acme, target)
    services.fan_out(NOW)
    happen_to(acme, "camp_a", moment=NOW + timedelta(seconds=1))
    services.fan_out(NOW)
    while services.deliver_due(NOW):
        pass
    bodies = [json.loads(body) for _, _, body in hook.requests]
    numbers = sorted((one["data"]["target"], one["sequence"] or 0) for one in bodies)
    assert numbers == [("", 0), ("camp_a", 1), ("camp_a", 2), ("camp_a", 3), ("camp_b", 1)]


def happen_to(cast, target, moment=NOW):
    with tenant_tx(cast.tenant.id):
        emit(
            EVENT,
            {"target": target},
            tenant_id=cast.tenant.id,
            environment="test",
            now=moment,
            target_id=target,
        )


def test_what_happens_during_a_pause_is_missed_and_comes_by_replay(acme, hook):
    made, _ = subscribe(acme, hook)
    public_id = encode("whk", made.pk)
    services.pause_endpoint(acme.agent, public_id, now=NOW)
    happen(acme, count=3)
    assert services.deliver_due(NOW) == 0
    assert states(acme) == [("missed", 0)] * 3
    services.resume_endpoint(acme.agent, public_id, now=NOW)
    assert services.deliver_due(NOW) == 0
    assert hook.requests == []
    queued, cursor = services.replay_since(
        acme.agent, public_id, NOW - timedelta(hours=1), failed_only=True, now=NOW
    )
    assert (queued, cursor) == (3, "")
    assert services.deliver_due(NOW) == 3
    numbers = sorted(json.loads(body)["data"]["campaign_id"] for _, _, body in hook.requests)
    assert numbers == ["camp_0", "camp_1", "camp_2"]


def test_a_failure_in_a_turn_leaves_the_rest_untried(acme, hook):
    subscribe(acme, hook)
    happen(acme, count=4)
    hook.answers = [200, 503]
    assert services.deliver_due(NOW) == 4  # the second round tries what the first left
    assert states(acme) == [("delivered", 1)] * 3 + [("ready", 1)]


def test_one_connection_serves_a_turn(acme, hook):
    subscribe(acme, hook)
    happen(acme, count=10)
    services.deliver_due(NOW)
    assert len(hook.requests) == 10
    assert states(acme) == [("delivered", 1)] * 10


def test_lanes_leave_room():
    held = lanes.Lanes()
    tenant, other = new_uuid(), new_uuid()
    mine = [new_uuid() for _ in range(lanes.A_TENANT + 1)]
    assert [held.enter(tenant, one, is_failing=False) for one in mine].count(True) == lanes.A_TENANT
    assert not held.enter(tenant, mine[0], is_failing=False)
    assert held.enter(other, new_uuid(), is_failing=False)
    held.leave(mine[0], seconds_a_try=lanes.SLOW_S)
    for one in mine[1 : lanes.A_TENANT]:
        held.leave(one, seconds_a_try=0.1)
    failing = [new_uuid() for _ in range(lanes.DOUBTFUL_OF_A_TENANT - 1)]
    assert all(held.enter(tenant, one, is_failing=True) for one in failing)
    assert held.enter(tenant, mine[0], is_failing=False)  # it was slow: the last doubtful place
    assert not held.enter(tenant, new_uuid(), is_failing=True)
    assert held.enter(tenant, new_uuid(), is_failing=False)
