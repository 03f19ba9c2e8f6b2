"""Signed deliveries a process: fan-out, claim, signature, request, record."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings

from accounts.services.evidence import emit
from core.clock import now
from core.tenancy import tenant_tx
from tests.cast import make_cast
from webhooks import services
from webhooks.models import Delivery

ENDPOINTS, EVENTS = 10, 200
EVENT = "campaign.updated"
# Answers 200 with as little work as possible, in a process of its own.
RECEIVER = r"""
import asyncio

class Receiver(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(self.data) < end + 4 + length:
                return
            self.data = self.data[end + 4 + length:]
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

async def main():
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@contextmanager
def _receiver() -> Iterator[str]:
    child = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        origin = child.stdout.readline().strip()
        assert urlsplit(origin).port
        yield origin
    finally:
        child.terminate()
        child.wait()


def measure() -> tuple[float, float]:
    """Microseconds of CPU in this process a delivery, and deliveries a second by the wall clock of
    one thread.
    """
    cast = make_cast("hooks")
    with _receiver() as origin:
        settings.DEV_WEBHOOK_HOSTS = frozenset({origin})
        for number in range(ENDPOINTS):
            services.create_endpoint(
                cast.agent,
                environment="test",
                url=f"{origin}/{number}",
                events=[EVENT],
                now=now(),
            )
        data = {"id": "camp_01m7zzzzzzzzzzzzzzzzzzzzzz", "name": "Summer", "status": "ACTIVE"}
        with tenant_tx(cast.tenant.id):
            for number in range(EVENTS):
                emit(
                    EVENT,
                    data,
                    tenant_id=cast.tenant.id,
                    environment="test",
                    now=now(),
                    target_id=f"camp_{number % 20}",
                )
        cpu, wall = time.process_time(), time.perf_counter()
        services.fan_out(now())
        tries = services.deliver_due(now())
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    with tenant_tx(cast.tenant.id, readonly=True):
        assert Delivery.objects.filter(state="delivered").count() == tries == ENDPOINTS * EVENTS
    return cpu / tries * 1e6, tries / wall
