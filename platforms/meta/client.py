"""Graph API calls: one host per environment, form-encoded, bounded, limits honoured, errors
typed.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import httpx2 as httpx
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from core.http import platform_client
from platforms.errors import PlatformError
from platforms.meta import limits
from platforms.meta.errors import codes_of, error_of, limits_the_account
from platforms.ports import Credentials

log = structlog.get_logger(__name__)
MAX_BODY = 16 * 1024 * 1024
CONNECT_S = 3.0
USER_AGENT = "Adamant/0.1"
# Nothing had left this machine when these were raised.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower-case names) and the parsed body, None where it is no JSON object."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any] | None


@cache
def http_client() -> httpx.Client:
    """The process's guarded connection pool, which every Graph call goes through."""
    return platform_client()


# A forked worker must not share its parent's sockets.
os.register_at_fork(after_in_child=http_client.cache_clear)


def graph_url(environment: str) -> str:
    """The Graph host and version of an environment."""
    base = settings.SIMULATOR_URL if environment == "test" else settings.META_GRAPH_URL
    return f"{base}/{settings.META_API_VERSION}"


def encoded(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as Graph takes them: text as it is, everything structured as JSON text."""
    return {
        name: value
        if isinstance(value, str)
        else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        for name, value in params.items()
    }


class MetaClient:
    """Calls with one connection's token. `timeout_s` bounds a whole call, the connection 3 s."""

    def __init__(self, credentials: Credentials, *, timeout_s: float = 20.0) -> None:
        self._credentials = credentials
        self._timeout_s = timeout_s
        self._base = graph_url(credentials.environment)
        token = hashlib.sha256(credentials.access_token.encode()).hexdigest()[:16]
        self._pause_key = f"{credentials.environment}:{credentials.account or token}"
        self.sim_now: datetime | None = None

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One read; a connection that broke is tried once more."""
        try:
            return self._call("GET", path, params or {})
        except ConnectionBrokenError:
            return self._call("GET", path, params or {})

    def post(self, path: str, params: Mapping[str, Any], *, urgent: bool = False) -> dict[str, Any]:
        """One change, sent once. Raises `unknown` unless it is certain that nothing happened.

        An `urgent` one (a stop) is sent also while the account is paused: let Meta refuse it.
        """
        if not urgent:
            self._refuse_while_paused()
        return self._call("POST", path, params)

    def query(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """A POST that changes nothing (asynchronous reports): fails like a read."""
        return self._call("POST", path, params, write=False)

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """All items of an edge, page after page."""
        after: dict[str, str] = {}
        while True:
            page = self.get(path, {**params, **after})
            yield from page.get("data", ())
            paging = page.get("paging") or {}
            cursor = (paging.get("cursors") or {}).get("after")
            if not paging.get("next") or not cursor:
                return
            after = {"after": cursor}

    def _call(
        self, method: str, path: str, params: Mapping[str, Any], *, write: bool | None = None
    ) -> dict[str, Any]:
        write = method != "GET" if write is None else write
        if not write:
            self._refuse_while_paused()
        answer = self._send(method, path, params, write=write)
        self._note_clock(answer.headers)
        failed = answer.body is None or "error" in answer.body or not 200 <= answer.status < 300
        self._note_limits(answer)
        if failed or answer.body is None:
            wait_s = limits.wait_of(answer.headers)
            error = error_of(answer.status, answer.body, write=write, wait_s=wait_s)
            log.warning(
                "meta_call_failed", method=method, path=path, status=answer.status, kind=error.kind,
                code=error.platform_code, account=self._credentials.account,
            )  # fmt: skip
            raise error
        return answer.body

    def _send(self, method: str, path: str, params: Mapping[str, Any], *, write: bool) -> Answer:
        started = time.monotonic()
        fields = encoded({**params, **self._proof()})
        client = http_client()
        request = client.build_request(
            method,
            f"{self._base}/{path}",
            headers={
                "authorization": f"Bearer {self._credentials.access_token}",
                "user-agent": USER_AGENT,
            },
            timeout=httpx.Timeout(self._timeout_s, connect=min(CONNECT_S, self._timeout_s)),
            params=fields if method == "GET" else None,
            data=None if method == "GET" else fields,
        )
        try:
            response = client.send(request, stream=True)
            try:
                body = _read(response, started + self._timeout_s)
            finally:
                response.close()
        except NOT_SENT as error:
            raise PlatformError("unavailable", _("Meta cannot be reached.")) from error
        except (httpx.HTTPError, TimeoutError) as error:
            log.warning("meta_no_answer", method=method, path=path, error=type(error).__name__)
            raise _no_answer(error, write=write) from error
        return Answer(response.status_code, dict(response.headers), _parsed(body))

    def _proof(self) -> dict[str, str]:
        secret, token = self._credentials.app_secret, self._credentials.access_token
        if not secret:
            return {}
        return {
            "appsecret_proof": hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        }

    def _refuse_while_paused(self) -> None:
        seconds = limits.paused_for(self._pause_key)
        if seconds:
            raise PlatformError(
                "rate_limited",
                _("Meta's limit for this account is used up; calls wait."),
                platform_code="paused",
                retry_after_s=seconds,
            )

    def _note_limits(self, answer: Answer) -> None:
        """Pause the account when the headers, or an error about the whole account, ask for it."""
        wait_s = limits.wait_of(answer.headers)
        code, subcode = codes_of(answer.body)
        if code and limits_the_account(code, subcode):
            wait_s = wait_s or limits.DEFAULT_PAUSE_S
        if wait_s:
            limits.pause(self._pause_key, wait_s)

    def _note_clock(self, headers: Mapping[str, str]) -> None:
        stamp = headers.get("x-sim-now")
        if stamp and self._credentials.environment == "test":
            self.sim_now = datetime.fromisoformat(stamp)


class ConnectionBrokenError(PlatformError):
    """A read whose connection broke before an answer; a kept-alive one may have been stale."""


def _no_answer(error: Exception, *, write: bool) -> PlatformError:
    message = _("Meta did not answer.")
    if write:
        return PlatformError("unknown", message)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return PlatformError("unavailable", message)
    return ConnectionBrokenError("unavailable", message)


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            return b""
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
