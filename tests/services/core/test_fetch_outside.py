"""The outbound guard against real sockets: names in TLS and Host, brackets, limits, deadline."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest
import trustme

from core import http
from core.http import OutsideFetchError, fetch_outside

CA = trustme.CA()
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@contextmanager
def server(answer, *, names=(), family=socket.AF_INET):
    """A raw server for one connection; `answer(conn)` writes. Yields port, requests, SNI names."""
    seen, sni = [], []
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    listener.listen()
    context = None
    if names:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        CA.issue_cert(*names).configure_cert(context)
        context.sni_callback = lambda _sock, name, _context: sni.append(name)

    def serve():
        try:
            conn, _ = listener.accept()
        except OSError:
            return
        conn.settimeout(60)
        try:
            if context:
                conn = context.wrap_socket(conn, server_side=True)
            seen.append(conn.recv(65536))
            answer(conn)
            if not context:
                conn.shutdown(socket.SHUT_WR)
            while conn.recv(65536):
                pass
        except OSError:
            pass
        finally:
            conn.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], seen, sni
    finally:
        listener.close()
        thread.join(10)


@pytest.fixture
def public_loopback(monkeypatch):
    """The test's names resolve to loopback, and loopback counts as public."""
    context = ssl.create_default_context()
    CA.configure_trust(context)
    monkeypatch.setattr(http, "tls_context", lambda: context)
    monkeypatch.setattr(http, "is_public_address", lambda _text: True)
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        known = "127.0.0.1" if str(host).endswith(".example") else host
        return real(known, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def reply(data: bytes):
    return lambda conn: conn.sendall(data)


def test_fetch_sends_the_name_in_host_and_sni_and_verifies_it(public_loopback):
    with server(reply(OK), names=["hook.example"]) as (port, seen, sni):
        answer = fetch_outside("POST", f"https://hook.example:{port}/x?y=1", content=b"{}")
    assert (answer.status, answer.body) == (200, b"ok")
    assert sni == ["hook.example"]
    request = seen[0].decode().lower()
    assert request.startswith("post /x?y=1 http/1.1\r\n")
    assert request.count("host:") == 1
    assert f"host: hook.example:{port}\r\n" in request


def test_fetch_refuses_a_certificate_of_another_name(public_loopback):
    with (
        server(reply(OK), names=["other.example"]) as (port, seen, _sni),
        pytest.raises(OutsideFetchError),
    ):
        fetch_outside("GET", f"https://hook.example:{port}/")
    assert seen == []


def test_fetch_refuses_an_unknown_issuer(public_loopback, monkeypatch):
    monkeypatch.setattr(http, "tls_context", ssl.create_default_context)
    with (
        server(reply(OK), names=["hook.example"]) as (port, seen, _sni),
        pytest.raises(OutsideFetchError),
    ):
        fetch_outside("GET", f"https://hook.example:{port}/")
    assert seen == []


def test_fetch_brackets_an_ipv6_literal(public_loopback):
    with server(reply(OK), family=socket.AF_INET6) as (port, seen, _sni):
        assert fetch_outside("GET", f"http://[::1]:{port}/").status == 200
    assert f"host: [::1]:{port}\r\n" in seen[0].decode().lower()


def test_fetch_follows_no_redirect_and_tells_the_status(public_loopback):
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    with server(reply(moved)) as (port, _seen, _sni), pytest.raises(OutsideFetchError) as caught:
        fetch_outside("GET", f"http://hook.example:{port}/")
    assert caught.value.answered == 302


def test_fetch_cuts_a_body_at_the_limit(public_loopback):
    def flood(conn):
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(10_000):
            conn.sendall(b"x" * 4096)

    with server(flood) as (port, _seen, _sni):
        answer = fetch_outside("GET", f"http://hook.example:{port}/", max_body=10_000)
    assert (len(answer.body), answer.truncated) == (10_000, True)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_fetch_ends_at_the_deadline_however_slowly_the_peer_drips(public_loopback, head):
    def drip(conn):
        conn.sendall(head)
        for byte in b"HTTP/1.1 200 OK\r\n" * 10:
            conn.sendall(bytes([byte]))
            time.sleep(0.1)

    with server(drip) as (port, _seen, _sni):
        started = time.monotonic()
        with pytest.raises(OutsideFetchError):
            fetch_outside("GET", f"http://hook.example:{port}/", deadline_s=0.6)
        assert time.monotonic() - started < 10  # the peer takes 17


def test_fetch_asks_for_no_compression_and_expands_none(public_loopback):
    zipped = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"
    with server(reply(zipped)) as (port, seen, _sni):
        assert fetch_outside("GET", f"http://hook.example:{port}/").body == b"abc"
    assert b"accept-encoding: identity" in seen[0].lower()
