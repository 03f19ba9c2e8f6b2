"""granian as every listening role uses it."""

from django.conf import settings
from django.db import connections
from granian.constants import Interfaces
from granian.server import Server

EMBEDDED_TARGET = "config.serving.all_in_one:application"
WSGI_TARGET = "config.wsgi:application"
ASGI_TARGET = "config.asgi:application"


def listen(target: str, *, workers: int) -> None:
    """Serve `target` on HOST and PORT until SIGTERM or SIGINT; requests in flight are finished."""
    connections.close_all()  # a forked worker must not share a connection
    is_asgi = target == ASGI_TARGET
    Server(
        target,
        address=settings.HOST,
        port=settings.PORT,
        interface=Interfaces.ASGINL if is_asgi else Interfaces.WSGI,
        workers=workers,
        blocking_threads=1 if is_asgi else settings.THREADS,
        workers_kill_timeout=15,
        respawn_failed_workers=workers > 1,
        log_access=False,
        websockets=False,
    ).serve()
