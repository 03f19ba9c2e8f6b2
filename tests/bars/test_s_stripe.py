"""S1 to S4: what Stripe sends is believed only when signed in time, and neither its order, its
repetition nor our own failures change where it leads.
"""

import itertools
import json
import os
import random
import threading
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
import stripe
from django.db import connection
from django.test import Client

from accounts.models import OutboxEvent
from billing import services
from billing.models import CheckoutLink, Customer, Invoice, Plan, Subscription
from billing.services import provider
from core.clock import now
from core.crypto import sha256_hex
from core.http import OutsideResponse
from core.tenancy import tenant_tx
from tests.bars.matrix import rolled_back
from tests.bars.threads import race
from tests.fake_stripe import SECRET_KEY, WEBHOOK_SECRET, FakeStripe
from webhooks.models import InboundEvent
from webhooks.services import inbound

pytestmark = pytest.mark.bar
LONG = os.environ.get("BARS") == "long"
HOOK = "/billing/stripe/webhook"
BODY = '{"id":"evt_1","type":"invoice.paid","data":{"object":{"id":"in_1","object":"invoice"}}}'


@pytest.fixture
def fake(settings, monkeypatch):
    """The fake without its socket: the SDK's transport ends in it directly."""
    state = FakeStripe(now())
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = SECRET_KEY, WEBHOOK_SECRET

    def answer(method, url, *, origin, headers, content):
        status, body = state.answer(method, url.removeprefix(origin), content.decode(), headers)
        return OutsideResponse(status, {}, stripe_json(body), 0)

    monkeypatch.setattr(provider, "call_operator_host", answer)
    return state


def stripe_json(body: Any) -> bytes:

    return json.dumps(body).encode()


def header(body: str, at: datetime, secret: str = WEBHOOK_SECRET) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, int(at.timestamp()))


def post(client: Client, body: str | bytes, signature: str | None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return client.post(HOOK, body, content_type="application/json", headers=headers).status_code


def is_taken(body: bytes, signature: str, moment: datetime) -> bool:
    """What the view asks, without its request."""
    try:
        return services.receive(body, signature, now=moment)
    except services.SignatureError:
        return False


def mutated(count: int, at: datetime) -> list[tuple[bytes, str]]:
    """Bodies or signatures with one changed character."""
    dice, good = random.Random(1), header(BODY, at)
    found = []
    for number in range(count):
        text = BODY if number % 2 else good
        place = dice.randrange(len(text))
        other = dice.choice([c for c in "0123456789abcdef,=" if c != text[place]])
        changed = text[:place] + other + text[place + 1 :]
        found.append((changed.encode(), good) if number % 2 else (BODY.encode(), changed))
    return found


@pytest.mark.django_db
def test_s1_only_what_stripe_signed_within_five_minutes_is_taken(fake, monkeypatch):
    moment, client = now(), Client()
    monkeypatch.setattr("billing.views.now", lambda: moment)
    wrong = mutated(1_000, moment)
    wrong += [(BODY.encode(), header(BODY, moment + timedelta(seconds=s))) for s in (-301, 301)]
    wrong += [(BODY.encode(), header(BODY, moment, "whsec_other")), (BODY.encode(), "")]
    taken = sum(is_taken(body, sign, moment) for body, sign in wrong[:-40])
    taken += sum(post(client, body, sign) != 400 for body, sign in wrong[-40:])
    taken += post(client, BODY, None) != 400
    assert (taken, InboundEvent.objects.count()) == (0, 0)
    good = [BODY.replace("evt_1", f"evt_{n}") for n in range(5)]
    stamps = [-300, -299, 0, 299, 300]
    stamped = [moment.replace(microsecond=0) + timedelta(seconds=s) for s in stamps]
    monkeypatch.setattr("billing.views.now", lambda: moment.replace(microsecond=0))
    pairs = zip(good, stamped, strict=True)
    refused = sum(post(client, body, header(body, at)) != 200 for body, at in pairs)
    assert (refused, InboundEvent.objects.count()) == (0, 5)
    print(f"BAR S1 {len(wrong) + 1} wrong, {taken} accepted; {len(good)} valid, {refused} refused")


def test_s1_control_the_library_alone_takes_a_future_stamp():
    ahead = header(BODY, now() + timedelta(days=365))
    accepted = stripe.WebhookSignature.verify_header(BODY, ahead, WEBHOOK_SECRET, tolerance=300)
    print(f"BAR S1 control the library alone: stamp a year ahead accepted={accepted}")
    assert accepted


def customer_of(fake, cast) -> CheckoutLink:
    """A tenant that is a customer and has opened a checkout."""
    link = CheckoutLink(
        tenant_id=cast.tenant.id,
        plan_id=4,
        token_digest=sha256_hex("token"),
        created_by="key_x",
        created_at=fake.now,
        expires_at=fake.now + timedelta(hours=24),
    )
    with tenant_tx(cast.tenant.id):
        link.save()
    services.start_checkout("token", now=fake.now)
    with tenant_tx(cast.tenant.id):
        return CheckoutLink.objects.get()


def life(fake, cast) -> list[dict[str, Any]]:
    """Seven events: paid, renewed late, ended."""
    session = customer_of(fake, cast).session_id
    key = fake.pay(session)
    fake.now += timedelta(days=30)
    fake.fail_renewal(key)
    fake.now += timedelta(days=1)
    fake.settle_invoice(key)
    fake.now += timedelta(days=29)
    fake.end(key)
    assert len(fake.events) == 7
    return fake.events


def keep(event: dict[str, Any], moment: datetime) -> None:
    subject = event["data"]["object"]
    inbound.keep(
        "stripe",
        event["id"],
        event["type"],
        subject={"customer": subject["customer"], "object": subject["id"]},
        bell="billing.inbound",
        now=moment,
    )


def state_of(cast) -> Any:
    """Everything a tenant has of billing, without our own ids."""
    with tenant_tx(cast.tenant.id):
        subscriptions = Subscription.objects.order_by("external_id").values_list(
            "external_id", "plan_id", "status", "cancelled_at", "past_due_since"
        )
        invoices = Invoice.objects.order_by("external_id").values_list(
            "external_id", "status", "amount_paid_micros"
        )
        events = OutboxEvent.objects.values_list("event_type", "environment")
        links = CheckoutLink.objects.exclude(completed_at=None).count()
        return (tuple(subscriptions), tuple(invoices), tuple(sorted(events)), links)


def live_through(fake, events: list[dict[str, Any]], cast) -> Any:
    """Where it leads to hear of everything as it happens: each event is processed while Stripe
    holds what it held then.
    """
    last, start = deepcopy(fake.rows), fake.now
    subjects = [event["data"]["object"] for event in events]
    for kind in ("subscription", "invoice"):
        fake.rows[kind] = {}
    for event, subject in zip(events, subjects, strict=True):
        kind = {"checkout.session": "session"}.get(subject["object"], subject["object"])
        fake.rows[kind][subject["id"]] = deepcopy(subject)
        keep(event, start)
        services.process_due(start)
    assert fake.rows == last
    return state_of(cast)


def orders() -> list[tuple[int, ...]]:
    if LONG:
        return list(itertools.permutations(range(7)))
    dice = random.Random(2)
    some = [tuple(dice.sample(range(7), 7)) for _ in range(10)]
    return [tuple(range(7)), tuple(range(6, -1, -1)), *some]


@pytest.mark.django_db
def test_s2_every_order_of_a_life_ends_in_one_state(acme, fake):
    events, ends = life(fake, acme), set()
    moment = fake.now + timedelta(minutes=1)
    tried = orders()
    for order in tried:
        with rolled_back():
            for number in order:
                keep(events[number], moment)
                services.process_due(moment)
            ends.add(state_of(acme))
    naive = {last_writer(events, order) for order in tried}
    print(f"BAR S2 {len(tried)} orders of 7 events, {len(ends)} final state")
    print(f"BAR S2 control last writer wins: {len(naive)} final states")
    assert len(ends) == 1
    assert len(naive) > 1
    with rolled_back():
        assert {live_through(fake, events, acme)} == ends
    [(subscriptions, invoices, told, links)] = ends
    assert [row[1:3] for row in subscriptions] == [(4, "cancelled")]
    assert [row[1:] for row in invoices] == [("paid", 149_000_000)] * 2
    assert [name for name, _environment in told] == [
        *["billing.payment_completed"] * 4,
        *["billing.payment_failed"] * 2,
    ]
    assert links == 1


def last_writer(events: list[dict[str, Any]], order: tuple[int, ...]) -> str:
    """What believing the content of events in their order of arrival would end in."""
    rows = [events[number]["data"]["object"] for number in order]
    states = [row["status"] for row in rows if row["object"] == "subscription"]
    return str(states[-1])


@pytest.mark.django_db
def test_s2_events_that_come_late_while_the_life_goes_on(acme, fake):
    """Each event is delivered at some later stage than its own; the rows follow what is so."""
    dice = random.Random(3)
    session = customer_of(fake, acme).session_id
    key = fake.pay(session)
    stages = [lambda: fake.fail_renewal(key), lambda: fake.settle_invoice(key)]
    waiting = list(fake.events)
    moment = fake.now
    for stage in [*stages, *stages]:
        stage()
        waiting = [*waiting, *[one for one in fake.events if one not in waiting]]
        for event in dice.sample(waiting, len(waiting) // 2):
            keep(event, moment)
            services.process_due(moment)
    for event in reversed(fake.events):
        keep(event, moment)
    services.process_due(moment)
    with tenant_tx(acme.tenant.id):
        assert Subscription.objects.get().status == "active"
        assert set(Invoice.objects.values_list("status", flat=True)) == {"paid"}
    assert set(InboundEvent.objects.values_list("state", flat=True)) == {"done"}


@pytest.fixture
def life_committed(acme_committed, fake):
    return acme_committed, life(fake, acme_committed), fake.now + timedelta(minutes=1)


def test_s3_each_event_three_times_in_eight_threads_has_one_effect(life_committed):
    cast, events, moment = life_committed
    thrice = events * 3
    random.Random(4).shuffle(thrice)
    jobs = iter(thrice)
    lock = threading.Lock()

    def work(_number: int) -> int:
        done = 0
        while True:
            with lock:
                event = next(jobs, None)
            if event is None:
                return done
            keep(event, moment)
            services.process_due(moment)
            done += 1

    found = race(8, work)
    assert sum(found) == 21, found
    for _round in range(5):
        moment += timedelta(minutes=10)
        services.process_due(moment)
    assert InboundEvent.objects.filter(state="done").count() == 7
    told = [name for name, _environment in state_of(cast)[2]]
    print(f"BAR S3 7 events x 3 in 8 threads: {len(told) // 2} announcements of 3")
    assert told == [*["billing.payment_completed"] * 4, *["billing.payment_failed"] * 2]


def test_s3_control_without_the_unique_id_each_delivery_counts(life_committed):
    _cast, events, moment = life_committed
    for number in range(3):
        for event in events:
            keep(event | {"id": f"{event['id']}_{number}"}, moment)
    services.process_due(moment)
    failures = OutboxEvent.objects
    with tenant_tx(_cast.tenant.id):
        told = failures.filter(event_type="billing.payment_failed", environment="live").count()
    print(f"BAR S3 control ids made unlike: {told} announcements of one failed payment")
    connection.close()
    assert told == 3


@pytest.mark.django_db
def test_s4_an_event_outlives_the_failure_of_its_handler(acme, fake):
    events = life(fake, acme)
    moment = now()
    body, signature = fake.signed(events[0], at=moment)
    assert post(Client(), body, signature) == 200
    event = InboundEvent.objects.get()
    fake.is_down = True
    tries = 0
    at = event.next_attempt_at
    for _attempt in range(3):
        tries += services.process_due(at)
        event.refresh_from_db()
        assert (event.state, event.error) == ("ready", "PaymentProviderError")
        assert event.next_attempt_at > at
        at = event.next_attempt_at
    assert services.process_due(at - timedelta(seconds=1)) == 0
    fake.is_down = False
    assert services.process_due(at) == 1
    event.refresh_from_db()
    assert (event.state, event.attempts, event.error) == ("done", 4, "")
    with tenant_tx(acme.tenant.id):
        assert Subscription.objects.get().status == "cancelled"
    print(f"BAR S4 {tries} failures, event kept, then done; answered only after the insert")


@pytest.mark.django_db
def test_s4_nothing_is_answered_200_that_was_not_kept(acme, fake, monkeypatch):
    body, signature = fake.signed(life(fake, acme)[0], at=now())

    def fails(**_values: Any) -> Any:
        raise RuntimeError("no disk")

    monkeypatch.setattr(InboundEvent.objects, "get_or_create", fails)
    client = Client(raise_request_exception=False)
    status = post(client, body, signature)
    print(f"BAR S4 control insert fails: answered {status}, kept {InboundEvent.objects.count()}")
    assert (status, InboundEvent.objects.count()) == (500, 0)


@pytest.mark.django_db
def test_an_event_that_always_fails_is_set_aside_and_kept(acme, fake):
    event = life(fake, acme)[0]
    keep(event, fake.now)
    fake.is_down = True
    at = fake.now
    for _attempt in range(12):
        assert services.process_due(at) == 1
        at = InboundEvent.objects.get().next_attempt_at
    assert InboundEvent.objects.get().state == "failed"
    assert services.process_due(at + timedelta(days=1)) == 0
    assert Plan.objects.count() == 4
    with tenant_tx(acme.tenant.id):
        assert Customer.objects.count() == 1
        assert not Subscription.objects.exists()
