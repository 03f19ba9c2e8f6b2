"""CPU of one request: this process (the WSGI application called directly) and the database's."""

import io
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import override_settings

from config.memory import settle

ROUNDS = 3
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Case:
    """`send(i)` makes one request; its CPU is measured over `count` of them, three times."""

    name: str
    send: Callable[[int], object]
    count: int
    server_us: list[float] = field(default_factory=list)
    database_us: list[float] = field(default_factory=list)

    @property
    def server(self) -> float:
        return statistics.median(self.server_us)

    @property
    def database(self) -> float:
        return statistics.median(self.database_us)

    @property
    def total(self) -> float:
        return self.server + self.database

    def above(self, other: "Case") -> float:
        """What is left of it without what `other` costs."""
        return self.total - other.total


class App:
    """The product's WSGI application, called without a socket; `middleware` replaces its own."""

    def __init__(self, middleware: Sequence[str] = settings.MIDDLEWARE) -> None:
        with override_settings(MIDDLEWARE=middleware):
            self.handler = WSGIHandler()
        settle()
        self.environ: dict[str, Any] = {}
        setup_testing_defaults(self.environ)
        self.environ |= {"CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1"}

    def call(
        self, method: str, path: str, *, body: bytes = b"", status: int = 200, **headers: str
    ) -> bytes:
        """The body of the answer; raises AssertionError for another status."""
        # By hand, not by Django's RequestFactory, which costs a third of a bare view.
        environ = {
            **self.environ,
            "REQUEST_METHOD": method,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        environ["PATH_INFO"], _, environ["QUERY_STRING"] = path.partition("?")
        for name, value in headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        seen: list[str] = []

        def start_response(line: str, _headers: list[tuple[str, str]], *_rest: Any) -> Any:
            seen.append(line)
            return io.BytesIO().write

        answer = self.handler(environ, start_response)
        content = b"".join(answer)
        answer.close()
        assert seen[0].startswith(str(status)), (seen[0], content[:500])
        return content


def database_seconds() -> float:
    """CPU the database's process for this connection has used; 0 for SQLite, which runs here."""
    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK  # to the hundredth of a second only


def measure(cases: Iterable[Case]) -> None:
    """Three interleaved rounds after a warm-up."""
    found = list(cases)
    for case in found:
        for i in range(min(5, case.count)):
            case.send(ROUNDS * case.count + i)
    for number in range(ROUNDS):
        for case in found:
            _round(case, number * case.count)


def _round(case: Case, first: int) -> None:
    database, server = database_seconds(), time.process_time()
    for i in range(case.count):
        case.send(first + i)
    case.server_us.append((time.process_time() - server) / case.count * 1e6)
    case.database_us.append((database_seconds() - database) / case.count * 1e6)
