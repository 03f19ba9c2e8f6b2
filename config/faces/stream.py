"""Pings for open pages: they say that something changed, never what.

Under WSGI (all in one, web) a request holds a thread until it ends, and a page that went away is
noticed only by writing to it; so the answer ends at once and the browser comes back. Under ASGI
(the role `stream`) it stays open and costs a coroutine. See docs/adr/0009.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection, connections
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from accounts.models import OutboxEvent
from accounts.web import PersonRequest, signed_in
from core.tenancy import tenant_tx

COME_BACK_S = 3
LIFETIME_S, BEAT_S, HEARTBEAT_S = 600, 2, 20
READERS = 2
# All streams of a process read through these, so that an open page holds no database connection.
_readers = ThreadPoolExecutor(READERS, thread_name_prefix="pings")


@signed_in()
@require_GET
def pending(request: PersonRequest) -> HttpResponseBase:
    tenant_id, seen = request.actor.tenant_id, request.headers.get("Last-Event-ID", "")[:40]
    response: HttpResponseBase
    if hasattr(request, "scope"):
        response = StreamingHttpResponse(_pings(tenant_id, seen), content_type="text/event-stream")
    else:
        text = come_back() + ping(newest_event(tenant_id), seen)
        response = HttpResponse(text, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def come_back() -> bytes:
    """How long the browser waits before it asks again."""
    return f"retry: {COME_BACK_S * 1000}\n\n".encode()


def ping(newest: str, seen: str) -> bytes:
    """What to send a page that saw the event `seen`; empty where nothing is newer."""
    if newest == seen:
        return b""
    kind = "pending.changed" if seen else "hello"
    return f"id: {newest}\nevent: {kind}\ndata: 1\n\n".encode()


def newest_event(tenant_id: UUID) -> str:
    """The id of the tenant's newest event; `none` before the first."""
    with tenant_tx(tenant_id, readonly=True):
        rows = OutboxEvent.objects.order_by("-created_at", "-id")
        newest = rows.values_list("id", flat=True).first()
    return newest.hex if newest else "none"


def _read(tenant_id: UUID) -> str:
    """`newest_event` in a reader's thread, where no request ever replaces a dead connection."""
    try:
        return newest_event(tenant_id)
    except DatabaseError:
        connection.close()
        raise


async def _pings(tenant_id: UUID, seen: str) -> AsyncIterator[bytes]:
    # The request's own thread lives as long as the stream, and so would its connection.
    await sync_to_async(connections.close_all)()
    read = sync_to_async(_read, thread_sensitive=False, executor=_readers)
    beat_at = time.monotonic()
    until = beat_at + LIFETIME_S
    yield come_back()
    while time.monotonic() < until:
        newest = await read(tenant_id)
        sent, seen = ping(newest, seen), newest
        if not sent and time.monotonic() - beat_at >= HEARTBEAT_S:
            sent = b": still here\n\n"
        if sent:
            beat_at = time.monotonic()
            yield sent
        await asyncio.sleep(BEAT_S)
