"""W8: a receiver that redirects inside, drips or floods gets one request and little of our time."""

import os
import socket
import threading
import time
from contextlib import contextmanager, suppress

import httpx2
import pytest
from django.conf import settings as django_settings

from core.http import _Stream
from core.ids import new_uuid
from tests.cast import NOW
from tests.receivers import receiver
from webhooks.domain.signing import new_secret
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoints, sending

pytestmark = [pytest.mark.bar, pytest.mark.clock]
LONG = os.environ.get("BARS") == "long"
DEADLINE_S = 15.0 if LONG else 1.5
MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n"


def drip(connection):
    """A byte each 0.1 s for twice the deadline, and no whole answer."""
    for byte in (b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 1000)[: int(DEADLINE_S * 20)]:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def flood(connection):
    connection.sendall(HEAD)
    for _ in range(1024):
        connection.sendall(b"x" * MIB)


@contextmanager
def hostile(behaviour):
    """The origin of a server that reads one request a connection and then behaves."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.recv(65536)
                behaviour(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


@pytest.fixture
def read(monkeypatch):
    """Bytes that outside connections have read."""
    counted = [0]
    real = _Stream.read

    def counting(self, max_bytes, timeout=None):
        data = real(self, max_bytes, timeout)
        counted[0] += len(data)
        return data

    monkeypatch.setattr(_Stream, "read", counting)
    return counted


def deliver(cast, origin, settings, monkeypatch):
    """(status, seconds) of one delivery."""
    settings.DEV_WEBHOOK_HOSTS = frozenset({origin})
    monkeypatch.setattr(sending, "DEADLINE_S", DEADLINE_S)
    endpoint = Endpoint(id=new_uuid(), tenant_id=cast.tenant.id, url=f"{origin}/hook")
    endpoint.sealed_secret = django_settings.KEY_RING.encrypt(
        new_secret(), context=endpoints.secret_context(endpoint)
    )
    delivery = Delivery(body=b"{}", event_id=new_uuid(), endpoint=endpoint)
    started = time.monotonic()
    answers = sending.send(sending.Turn(endpoint, [delivery], NOW), lambda: NOW)
    return answers[0].status, time.monotonic() - started


@pytest.mark.django_db
def test_w8_redirects_are_not_followed(acme, settings, monkeypatch):
    with receiver() as inside, receiver() as outside:
        outside.default = (307, {"Location": inside.url})
        status, _ = deliver(acme, outside.origin, settings, monkeypatch)
        print(f"BAR W8 redirect to 127.0.0.1: {len(inside.requests)} followed")
        assert (status, len(outside.requests), len(inside.requests)) == (307, 1, 0)
        httpx2.post(outside.url, content=b"{}", follow_redirects=True, trust_env=False)
        print(f"BAR W8 control a client that follows: {len(inside.requests)} followed")
        assert len(inside.requests) == 1


@pytest.mark.django_db
def test_w8_a_drip_is_cut_at_the_deadline(acme, settings, monkeypatch):
    with hostile(drip) as origin:
        status, seconds = deliver(acme, origin, settings, monkeypatch)
        print(f"BAR W8 a byte each 0.1 s: cut after {seconds:.1f} of {DEADLINE_S:g} s")
        assert status == 0
        assert DEADLINE_S - 0.1 <= seconds <= DEADLINE_S + 1
        started = time.monotonic()
        with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
            httpx2.post(origin, content=b"{}", timeout=DEADLINE_S, trust_env=False)
        seconds = time.monotonic() - started
        print(f"BAR W8 control a time-out for each read alone: {seconds:.1f} s")
        assert seconds > DEADLINE_S + 1


@pytest.mark.django_db
def test_w8_a_flood_is_read_to_its_limit_only(acme, settings, monkeypatch, read):
    with hostile(flood) as origin:
        status, seconds = deliver(acme, origin, settings, monkeypatch)
    print(f"BAR W8 1 GiB answer: {read[0] / MIB:.2f} MiB read in {seconds:.1f} s")
    assert status == 200
    assert sending.MAX_ANSWER <= read[0] <= MIB


@pytest.mark.django_db
def test_w8_control_without_a_limit_more_is_read(acme, settings, monkeypatch, read):
    monkeypatch.setattr(sending, "MAX_ANSWER", 8 * MIB)
    with hostile(flood) as origin:
        deliver(acme, origin, settings, monkeypatch)
    print(f"BAR W8 control a limit of 8 MiB: {read[0] / MIB:.2f} MiB read")
    assert read[0] > MIB
