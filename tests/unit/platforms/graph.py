"""A stand-in Graph host: answers are functions of the request, requests are kept."""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl

import httpx2 as httpx
import pytest

from core import http as core_http
from platforms.meta import client as meta_client
from platforms.ports import Credentials

CREDENTIALS = Credentials(
    access_token="token-of-acme",
    environment="test",
    app_id="1",
    app_secret="app-secret",
    account="act_77",
    timezone="America/Los_Angeles",
    advertiser="Acme Ltd",
)


class Graph:
    """Answers every request by `reply(request)`; `sent` holds (method, path, params)."""

    def __init__(self, reply: Callable[[httpx.Request], httpx.Response]) -> None:
        self.reply = reply
        self.sent: list[tuple[str, str, dict[str, str]]] = []
        self.headers: list[httpx.Headers] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        raw = request.content.decode() if request.method == "POST" else request.url.query.decode()
        path = request.url.path.split("/", 2)[2]
        self.sent.append((request.method, path, dict(parse_qsl(raw, keep_blank_values=True))))
        self.headers.append(request.headers)
        return self.reply(request)


def install(monkeypatch: pytest.MonkeyPatch, reply: Callable[[httpx.Request], httpx.Response]):
    """Put a Graph behind the connector's own pool, guard included."""
    graph = Graph(reply)
    pool = core_http.platform_client()
    pool._transport = httpx.MockTransport(graph)
    monkeypatch.setattr(meta_client, "http_client", lambda: pool)
    return graph


def error(code: int, subcode: int = 0, *, status: int = 400, **extra: object) -> httpx.Response:
    """Graph's error envelope."""
    body = {"message": "no", "type": "OAuthException", "code": code, **extra}
    if subcode:
        body["error_subcode"] = subcode
    return httpx.Response(status, content=json.dumps({"error": body}))
