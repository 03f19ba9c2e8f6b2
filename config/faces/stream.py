"""Pings for open pages: they say that something changed, never what.

Under WSGI (all in one, web) a stream holds a thread, so that few are allowed and the rest poll;
under ASGI (the role `stream`) a stream costs a coroutine. See docs/adr.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from accounts.models import OutboxEvent
from accounts.web import PersonRequest, signed_in
from core.tenancy import tenant_tx

MAX_WSGI_STREAMS = 4
LIFETIME_S, BEAT_S, HEARTBEAT_S = 600, 2, 20
_slots = threading.BoundedSemaphore(MAX_WSGI_STREAMS)


@signed_in()
@require_GET
def pending(request: PersonRequest) -> HttpResponseBase:
    ticks = Ticks(request.actor.tenant_id, request.headers.get("Last-Event-ID", "")[:40])
    body: Iterator[bytes] | AsyncIterator[bytes]
    if hasattr(request, "scope"):
        body = _async_pings(ticks)
    elif _slots.acquire(blocking=False):
        body = ThreadPings(ticks)
    else:
        return HttpResponse(status=204)
    response = StreamingHttpResponse(body, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


class Ticks:
    """What to send at each beat: a ping when the newest event is another one, else a heartbeat
    now and then, in the end a farewell.
    """

    def __init__(self, tenant_id: UUID, seen: str) -> None:
        self.tenant_id, self.seen = tenant_id, seen
        self.until = time.monotonic() + LIFETIME_S
        self.beat_at = 0.0

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until

    def next(self) -> bytes:
        """The bytes of this beat; empty for silence."""
        newest = newest_event(self.tenant_id)
        at = time.monotonic()
        if newest != self.seen:
            first, self.seen, self.beat_at = not self.seen, newest, at
            kind = "hello" if first else "pending.changed"
            return f"id: {newest}\nevent: {kind}\ndata: 1\n\n".encode()
        if at - self.beat_at >= HEARTBEAT_S:
            self.beat_at = at
            return b": still here\n\n"
        return b""


def newest_event(tenant_id: UUID) -> str:
    """The id of the tenant's newest event; `none` before the first."""
    with tenant_tx(tenant_id, readonly=True):
        rows = OutboxEvent.objects.order_by("-created_at", "-id")
        newest = rows.values_list("id", flat=True).first()
    return newest.hex if newest else "none"


class ThreadPings:
    """The pings of one WSGI stream; gives its slot back when it ends or the client leaves."""

    def __init__(self, ticks: Ticks) -> None:
        self.ticks, self.open, self.fresh = ticks, True, True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while self.open and not self.ticks.over:
            if not self.fresh:
                time.sleep(BEAT_S)
            self.fresh = False
            sent = self.ticks.next()
            if sent:
                return sent
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Free the slot, once."""
        if self.open:
            self.open = False
            _slots.release()


async def _async_pings(ticks: Ticks) -> AsyncIterator[bytes]:
    step = sync_to_async(ticks.next)
    while not ticks.over:
        sent = await step()
        if sent:
            yield sent
        await asyncio.sleep(BEAT_S)
