"""A webhook receiver on loopback that remembers what it got and answers by script."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


def session_of(fetch: Callable[..., Any]) -> type:
    """A stand-in for OutsideSession whose requests `fetch(method, url, …)` answers."""

    class Session:
        def __init__(self, url: str) -> None:
            self.url = url

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def request(self, method: str, **kwargs: Any) -> Any:
            return fetch(method, self.url, **kwargs)

    return Session


@dataclass
class Receiver:
    """`answers` are given one a request, then `default`; each is a status or (status, headers)."""

    port: int = 0
    default: object = 200
    answers: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/hook"


@contextmanager
def receiver(default: object = 200) -> Iterator[Receiver]:
    """Serve until the block ends."""
    state = Receiver(default=default)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            state.requests.append((self.path, dict(self.headers.items()), body))
            answer = state.answers.pop(0) if state.answers else state.default
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
