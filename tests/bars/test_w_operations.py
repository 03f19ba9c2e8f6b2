"""W4: a receiver that fails half of the time loses nothing. W6: a rotation rejects nobody. W9: one
dead and slow endpoint holds up no other.
"""

import hashlib
import hmac
import itertools
import os
import random
import statistics
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from accounts.services.evidence import emit
from core.clock import now
from core.http import OutsideFetchError, OutsideResponse
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.receivers import session_of
from webhooks import services
from webhooks.domain import ladder, lanes
from webhooks.models import Delivery
from webhooks.services import sending

pytestmark = pytest.mark.bar
LONG = os.environ.get("BARS") == "long"
EVENT = "campaign.created"
DAY = timedelta(hours=24)
TICK_S = 10


def answer(status):
    return OutsideResponse(status=status, headers={}, body=b"", elapsed_ms=1)


def subscribe(cast, url="https://receiver.example/hook", event=EVENT):
    return services.create_endpoint(
        cast.agent, environment="test", url=url, events=[event], now=NOW
    )


def happen(cast, moment, count=1, event=EVENT):
    with tenant_tx(cast.tenant.id):
        for number in range(count):
            emit(event, {"n": number}, tenant_id=cast.tenant.id, environment="test", now=moment)
    services.fan_out(moment)


# W6


def standard_accepts(secret, headers, body):
    """As Standard Webhooks' own library signs it, whatever the day."""
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(headers["webhook-id"], moment, body.decode())
    return expected in headers["webhook-signature"].split(" ")


def guide_accepts(secret, headers, body):
    """The receiver of the guide: one secret, the whole header compared."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers["x-webhook-signature"])


VERIFIERS = {"standard": standard_accepts, "guide": guide_accepts}


def rotation(cast, monkeypatch, count):
    """(verifier, secret, before or after the end) → deliveries, and rejected ones among them."""
    end = NOW + DAY
    made, old = subscribe(cast)
    _, new = services.rotate_secret(cast.agent, encode("whk", made.pk), now=NOW)
    draw = random.Random(6)
    offsets = sorted(draw.uniform(0, 30 * 3600) for _ in range(count - 4))
    moments = [NOW, *(NOW + timedelta(seconds=offset) for offset in offsets)]
    moments += [end - timedelta(seconds=1), end, end + timedelta(seconds=1)]
    tried, rejected, receiver = Counter(), Counter(), {}

    def fetch(_method, _url, *, headers, content, **_kwargs):
        return answer(200 if receiver["verify"](receiver["secret"], headers, content) else 401)

    monkeypatch.setattr(sending, "OutsideSession", session_of(fetch))
    for index, moment in enumerate(sorted(moments)):
        name = ("standard", "guide")[index % 2]
        whose = ("old", "new")[index // 2 % 2]
        receiver.update(verify=VERIFIERS[name], secret=old if whose == "old" else new)
        happen(cast, moment)
        services.deliver_due(moment)
        place = (name, whose, "during" if moment < end else "after")
        tried[place] += 1
        with tenant_tx(cast.tenant.id):
            last = Delivery.objects.order_by("-created_at", "-id").first()
            rejected[place] += last.state != "delivered"
    return tried, rejected


def told(tried, rejected, when, whose=("old", "new")):
    places = [place for place in tried if place[2] == when and place[1] in whose]
    return sum(tried[place] for place in places), sum(rejected[place] for place in places)


def test_w6_rotation_rejects_neither_secret_for_24_hours(acme_committed, monkeypatch):
    tried, rejected = rotation(acme_committed, monkeypatch, 1_000)
    during, lost = told(tried, rejected, "during")
    old, refused = told(tried, rejected, "after", ["old"])
    new, wrong = told(tried, rejected, "after", ["new"])
    print(
        f"BAR W6 {during} deliveries in 24 h to 2 old and 2 new verifiers, {lost} rejected; "
        f"after it {refused} of {old} by the old, {wrong} of {new} by the new"
    )
    assert during + old + new == 1_000
    assert min(tried.values()) > 0
    assert (lost, wrong) == (0, 0)
    assert refused == old > 0


@pytest.mark.django_db
def test_w6_control_a_single_signature_is_rejected(acme, monkeypatch):
    def only_the_new(endpoint, now, real=sending.open_secrets):
        return real(endpoint, now)[0], ""

    monkeypatch.setattr(sending, "open_secrets", only_the_new)
    during, lost = told(*rotation(acme, monkeypatch, 100), "during")
    print(f"BAR W6 control a single signature: {lost} of {during} rejected")
    assert lost > 0


# W4


def half_failing(cast, monkeypatch, count):
    """Tries by id, delivered, ended on the ladder, replayed; the clock jumps from due to due."""
    draw, clock = random.Random(4), [NOW]
    tries = defaultdict(list)
    accepted = set()

    def fetch(_method, _url, *, headers, **_kwargs):
        name = headers["webhook-id"]
        tries[name].append(clock[0])
        if draw.random() < 0.5:
            return answer(503)
        accepted.add(name)
        return answer(200)

    monkeypatch.setattr(sending, "OutsideSession", session_of(fetch))
    made, _ = subscribe(cast)
    happen(cast, NOW, count)
    run_down(cast, clock)
    with tenant_tx(cast.tenant.id):
        ended = Delivery.objects.filter(state="failed").count()
    ladder_tries = {name: list(moments) for name, moments in tries.items()}
    while ended and len(accepted) < count:
        since = clock[0] - timedelta(days=29)
        queued, _ = services.replay_since(
            cast.agent, encode("whk", made.pk), since, failed_only=True, now=clock[0]
        )
        if not queued:
            break
        run_down(cast, clock)
    return ladder_tries, len(accepted), ended


def run_down(cast, clock):
    while True:
        services.deliver_due(clock[0])
        with tenant_tx(cast.tenant.id):
            waiting = Delivery.objects.filter(state__in=["ready", "sent"])
            due = waiting.order_by("next_attempt_at").first()
        if due is None:
            return
        seconds = (due.next_attempt_at - NOW).total_seconds()
        clock[0] = NOW + timedelta(seconds=(seconds // TICK_S + 1) * TICK_S)


def off_schedule(tries):
    """Gaps that lie outside the rung ± 20 % (and the tick of the test's clock)."""
    wrong = 0
    for moments in tries.values():
        for number, (before, after) in enumerate(itertools.pairwise(moments), 1):
            rung = ladder.LADDER[number].total_seconds()
            gap = (after - before).total_seconds()
            wrong += not 0.8 * rung <= gap <= 1.2 * rung + TICK_S
    return wrong


def test_w4_a_receiver_failing_half_the_time_loses_nothing(acme_committed, monkeypatch):
    count = 10_000 if LONG else 1_000
    tries, accepted, ended = half_failing(acme_committed, monkeypatch, count)
    wrong, total = off_schedule(tries), sum(map(len, tries.values()))
    print(
        f"BAR W4 {count} events, {total} tries, {wrong} off schedule, {ended} ended after 8 tries "
        f"and came by replay, {count - accepted} lost"
    )
    assert len(tries) == accepted == count
    assert wrong == 0
    assert max(map(len, tries.values())) == 8
    assert 0 < ended < count * 0.02


@pytest.mark.django_db
def test_w4_control_without_repetition_half_is_lost(acme, monkeypatch):
    monkeypatch.setattr(ladder, "is_retried", lambda _status: False)
    monkeypatch.setattr(services, "replay_since", lambda *_args, **_kwargs: (0, ""))
    _, accepted, _ = half_failing(acme, monkeypatch, 200)
    print(f"BAR W4 control no second try: {200 - accepted} of 200 lost")
    assert 200 - accepted > 50


# W9

HEALTHY, EVENTS, DEAD_EVENT = 50, 4, "ad.paused"


def delays(cast, monkeypatch, *, with_dead):
    """Seconds from start to arrival of every delivery to the healthy endpoints; the dead one hangs
    already when they start.
    """
    arrived, lock = [], threading.Lock()
    hangs, release, complete = threading.Event(), threading.Event(), threading.Event()

    def fetch(_method, url, **_kwargs):
        if url.endswith("/dead"):
            hangs.set()
            release.wait(3)
            raise OutsideFetchError
        with lock:
            arrived.append(time.monotonic())
            if len(arrived) == HEALTHY * EVENTS:
                complete.set()
        return answer(200)

    monkeypatch.setattr(sending, "OutsideSession", session_of(fetch))
    stop = threading.Event()
    loop = threading.Thread(target=services.run_forever, args=(stop,))
    loop.start()
    if with_dead:
        happen(cast, now(), EVENTS, event=DEAD_EVENT)
        assert hangs.wait(60)
    started = time.monotonic()
    happen(cast, now(), EVENTS)
    complete.wait(300)
    release.set()
    stop.set()
    loop.join()
    with tenant_tx(cast.tenant.id):
        Delivery.objects.all().delete()
    assert (len(arrived), hangs.is_set()) == (HEALTHY * EVENTS, with_dead)
    return [moment - started for moment in arrived]


def p95(values):
    return statistics.quantiles(values, n=20)[-1]


def ratio(cast, monkeypatch, rounds):
    monkeypatch.setattr(services.endpoints, "MAX_ENDPOINTS", HEALTHY + 1)
    subscribe(cast, "https://receiver.example/dead", DEAD_EVENT)
    for number in range(HEALTHY):
        subscribe(cast, f"https://receiver.example/{number}")
    delays(cast, monkeypatch, with_dead=False)
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(p95(delays(cast, monkeypatch, with_dead=False)))
        beside.append(p95(delays(cast, monkeypatch, with_dead=True)))
    return statistics.median(beside) / statistics.median(alone), alone, beside


@pytest.mark.clock
def test_w9_a_dead_and_slow_endpoint_holds_up_nobody(acme_committed, monkeypatch):
    found, alone, beside = ratio(acme_committed, monkeypatch, 3)
    print(
        f"BAR W9 {HEALTHY} healthy endpoints: p95 {statistics.median(alone):.2f} s alone, "
        f"{statistics.median(beside):.2f} s beside a dead one, ratio {found:.2f}"
    )
    assert found <= 1.5


@pytest.mark.clock
def test_w9_control_one_shared_queue_waits_for_the_dead_one(acme_committed, monkeypatch):
    monkeypatch.setattr(lanes, "SENDERS", 1)
    found, _, _ = ratio(acme_committed, monkeypatch, 1)
    print(f"BAR W9 control one shared queue: ratio {found:.2f}")
    assert found > 1.5
