"""What `/stream/pending/` sends, and what an open page holds: no thread, no connection."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.test import Client

from accounts.services.evidence import emit
from config.asgi import application
from config.faces import stream
from core.actors import Role
from core.clock import now
from core.tenancy import tenant_tx
from tests.cast import Cast
from tests.services.pages.conftest import Browse

ADDRESS = "/stream/pending/"
OPEN_PAGES = 12
PATIENCE_S = 60


def new_event(cast: Cast) -> str:
    with tenant_tx(cast.tenant.id):
        event = emit(
            "campaign.created", {}, tenant_id=cast.tenant.id, environment="test", now=now()
        )
    return event.id.hex


def test_under_wsgi_the_answer_ends_and_the_browser_comes_back(
    acme: Cast, rival: Cast, browse: Browse
) -> None:
    page = browse(acme, Role.BUYER)
    new_event(rival)
    first = page.get(ADDRESS)
    assert first["Content-Type"] == "text/event-stream"
    assert not first.streaming
    assert first.content == b"retry: 3000\n\nid: none\nevent: hello\ndata: 1\n\n"
    again = page.get(ADDRESS, headers={"Last-Event-ID": "none"})
    assert again.content == b"retry: 3000\n\n"
    event = new_event(acme)
    later = page.get(ADDRESS, headers={"Last-Event-ID": "none"})
    assert later.content == (
        f"retry: 3000\n\nid: {event}\nevent: pending.changed\ndata: 1\n\n".encode()
    )


def test_a_visitor_is_sent_to_sign_in(db: None) -> None:
    assert Client().get(ADDRESS).status_code == 302


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The streams' readers, who leave no connection behind."""
    met = threading.Barrier(stream.READERS)

    def leave() -> None:
        met.wait(PATIENCE_S)
        connection.close()

    with ThreadPoolExecutor(stream.READERS) as pool:
        monkeypatch.setattr(stream, "_readers", pool)
        yield
        for _ in range(stream.READERS):
            pool.submit(leave)


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """Every connection that any thread opens."""
    found: list[Any] = []

    def note(*, connection: Any, **_kwargs: Any) -> None:
        if connection not in found:
            found.append(connection)

    connection_created.connect(note)
    yield found
    connection_created.disconnect(note)


async def open_page(cookie: str) -> tuple[ApplicationCommunicator, bytes]:
    """A page's stream under ASGI, and what it sent until it first said hello."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": ADDRESS,
        "raw_path": ADDRESS.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"cookie", f"session={cookie}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    page = ApplicationCommunicator(application, scope)
    await page.send_input({"type": "http.request", "body": b""})
    start = await page.receive_output(PATIENCE_S)
    assert start["status"] == 200
    return page, await until(page, b"event: ")


async def until(page: ApplicationCommunicator, word: bytes) -> bytes:
    text = b""
    while word not in text:
        text += (await page.receive_output(PATIENCE_S))["body"]
    return text


def test_under_asgi_open_pages_share_the_readers_connections(
    acme_committed: Cast,
    browse: Browse,
    readers: None,
    opened: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "BEAT_S", 0.05)
    cookie = browse(acme_committed, Role.BUYER).cookies["session"].value
    connections.close_all()

    async def watch() -> tuple[int, list[bytes]]:
        pages = [await open_page(cookie) for _ in range(OPEN_PAGES)]
        held = sum(one.connection is not None for one in opened)
        event = await asyncio.to_thread(in_thread, acme_committed)
        told = [await until(page, b"pending.changed\ndata: 1\n\n") for page, _hello in pages]
        assert all(event.encode() in text for text in told)
        for page, _hello in pages:
            await page.send_input({"type": "http.disconnect"})
            await page.wait(PATIENCE_S)
        return held, [hello for _page, hello in pages]

    held, hellos = asyncio.run(watch())
    assert hellos == [b"retry: 3000\n\nid: none\nevent: hello\ndata: 1\n\n"] * OPEN_PAGES
    assert held <= stream.READERS


def in_thread(cast: Cast) -> str:
    try:
        return new_event(cast)
    finally:
        connection.close()
