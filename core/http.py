"""Every outbound HTTP call: `fetch_outside` for addresses tenants supply, `platform_client` for
configured hosts.

`fetch_outside` resolves the name once, refuses every address that is not public, connects to
exactly the address it checked, follows no redirect and reads a bounded body. `platform_client`
talks to operator-configured hosts and refuses any method but GET unless the dispatch loop has
opened `platform_writes()`.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any, override

import httpcore2
import httpx2 as httpx
from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import AppError

MAX_BODY = 1024 * 1024
MAX_SIMULATED_BODY = 8 * MAX_BODY  # a page of insights
MAX_URL = 2000
_UNICAST_V6 = ipaddress.ip_network("2000::/3")  # all that is handed out to hosts
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays
        "192.0.0.0/24",  # protocol assignments
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")


class OutsideFetchError(AppError):
    """The fetch was refused or failed. The message never says what the address resolved to."""

    code = "fetch_failed"
    status = 422
    message = "The address could not be fetched."
    hint = "Use a public https address that answers directly, without a redirect."

    def __init__(self, message: str = "", *, answered: int = 0) -> None:
        super().__init__(message)
        self.answered = answered


class PlatformWriteRefusedError(RuntimeError):
    """A platform was about to be changed outside the dispatch loop."""


@dataclass(frozen=True)
class OutsideResponse:
    """Status, headers (lower-case names) and at most `MAX_BODY` bytes of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_ms: int
    truncated: bool = field(default=False)


def is_public_address(text: str) -> bool:
    """True for a globally routable unicast address; every IPv6 form that carries an IPv4 address or
    leads through a translator is refused.
    """
    address = ipaddress.ip_address(text)
    refused = any(address.version == net.version and address in net for net in _NEVER)
    if isinstance(address, ipaddress.IPv6Address):
        isatap = (int(address) >> 32) & 0xFCFFFFFF == 0x5EFE
        refused = refused or address not in _UNICAST_V6 or isatap or bool(address.scope_id)
    return (
        not refused
        and address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_private)
    )


def _literal_address(host: str) -> str | None:
    """The address a host of digits stands for in any spelling the system's resolver knows."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _public_addresses(host: str, port: int) -> list[str]:
    """All addresses of `host`; raises ConnectError unless every one of them is public."""
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(info[4][0]) for info in infos]
        if addresses and all(is_public_address(address) for address in addresses):
            return list(dict.fromkeys(addresses))
    except (OSError, ValueError, OverflowError) as error:
        raise httpcore2.ConnectError("the name does not resolve") from error
    raise httpcore2.ConnectError("the address is not public")


class _Stream(httpcore2.NetworkStream):
    """A connection whose every wait ends at one deadline, however slowly the peer drips."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("deadline")
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _Stream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _PinnedBackend(httpcore2.NetworkBackend):
    """Connects to an address it has checked itself; the URL, the Host header and the name in the
    TLS handshake stay as the caller wrote them.
    """

    def __init__(self, *, deadline: float, is_trusted: bool) -> None:
        self._deadline, self._is_trusted = deadline, is_trusted

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = [host] if self._is_trusted else _public_addresses(host, port)
        failure = httpcore2.ConnectError("no address")
        for address in addresses:
            left = self._deadline - time.monotonic()
            if left <= 0:
                break
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    address, port, min(left, timeout or left), None, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = httpcore2.ConnectError(str(error))
            else:
                return _Stream(stream, self._deadline)
        raise failure


class _PinnedTransport(httpx.HTTPTransport):
    def __init__(self, backend: _PinnedBackend) -> None:
        super().__init__(verify=tls_context(), trust_env=False)
        self._pool = httpcore2.ConnectionPool(ssl_context=tls_context(), network_backend=backend)


@cache
def tls_context() -> ssl.SSLContext:
    """The verifying TLS context of outbound calls, loaded once."""
    return ssl.create_default_context()


def _checked_url(url: str, *, https_only: bool) -> tuple[httpx.URL, bool]:
    """The parsed URL and whether the operator trusts its origin; raises OutsideFetchError for one
    that its form alone condemns. No name is resolved here.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise OutsideFetchError from error
    host = parsed.host.rstrip(".")
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    bracketed = f"[{host}]" if ":" in host else host
    if f"{parsed.scheme}://{bracketed}:{port}" in settings.DEV_WEBHOOK_HOSTS:
        return parsed, True
    if parsed.scheme not in (("https",) if https_only else ("https", "http")):
        raise OutsideFetchError
    if parsed.userinfo or len(url) > MAX_URL or not 0 < port < 65536:
        raise OutsideFetchError
    literal = _literal_address(host)
    if literal is None and ("." not in host or host.endswith(_LOCAL_NAMES) or "%" in host):
        raise OutsideFetchError
    if literal is not None and not is_public_address(literal):
        raise OutsideFetchError
    return parsed, False


def check_outside_url(url: str, *, https_only: bool = False) -> None:
    """Raise OutsideFetchError for an address that no later `fetch_outside` could reach: wrong
    scheme, user name, number that is not public, local name. Names are resolved at each fetch only.
    """
    _checked_url(url, https_only=https_only)


def fetch_outside(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    deadline_s: float = 15.0,
    max_body: int = MAX_BODY,
) -> OutsideResponse:
    """One request to an address a tenant supplied.

    Raises OutsideFetchError when the address is not public, the name does not resolve, the peer
    does not answer within `deadline_s` seconds in all, or sends a redirect (then `answered` holds
    its status).
    """
    target, is_trusted = _checked_url(url, https_only=False)
    started = time.monotonic()
    backend = _PinnedBackend(deadline=started + deadline_s, is_trusted=is_trusted)
    sent = {"accept-encoding": "identity", **(headers or {})}
    try:
        with (
            httpx.Client(
                transport=_PinnedTransport(backend),
                timeout=httpx.Timeout(min(10.0, deadline_s), connect=5.0),
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream(method, target, headers=sent, content=content) as response,
        ):
            body, truncated = _read_bounded(response, max_body)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise OutsideFetchError from error
    if 300 <= response.status_code < 400:
        raise OutsideFetchError(
            _("The address answered with a redirect, which is not followed."),
            answered=response.status_code,
        )
    elapsed = int((time.monotonic() - started) * 1000)
    return OutsideResponse(response.status_code, dict(response.headers), body, elapsed, truncated)


def _read_bounded(response: httpx.Response, max_body: int) -> tuple[bytes, bool]:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > max_body:
            return bytes(body[:max_body]), True
    return bytes(body), False


_writes_open: ContextVar[bool] = ContextVar("platform_writes_open", default=False)


@contextmanager
def platform_writes() -> Iterator[None]:
    """Opened by the dispatch loop around one claimed step; nothing else may change a platform."""
    token = _writes_open.set(True)
    try:
        yield
    finally:
        _writes_open.reset(token)


def _guard(allowed_posts: frozenset[str]) -> httpx.Client:
    def refuse_unguarded_writes(request: httpx.Request) -> None:
        if request.method == "GET" or _writes_open.get():
            return
        if any(request.url.path.endswith(suffix) for suffix in allowed_posts):
            return
        raise PlatformWriteRefusedError(
            f"{request.method} {request.url.path} outside the dispatch loop"
        )

    return httpx.Client(
        follow_redirects=False, trust_env=False, event_hooks={"request": [refuse_unguarded_writes]}
    )


# Requests that are not changes although they are not GETs: path suffix → why. Matched per client.
READ_ONLY_POSTS = {
    "/insights": "asynchronous report query",
    "/oauth/access_token": "token exchange",
}


def platform_client(*, timeout_s: float = 20.0) -> httpx.Client:
    """A connection pool for operator-configured platform hosts with the run-time writer guard
    attached.
    """
    client = _guard(frozenset(READ_ONLY_POSTS))
    client.timeout = httpx.Timeout(timeout_s, connect=3.0)
    return client


def pass_to_simulator(
    method: str, path: str, *, query: str, headers: Mapping[str, str], content: bytes
) -> OutsideResponse:
    """A stranger's own request carried to the simulator, and to nothing else: where everything is
    simulated there is nothing to guard. Raises OutsideFetchError when it does not answer soundly.
    """
    started = time.monotonic()
    try:
        with (
            httpx.Client(
                base_url=settings.SIMULATOR_URL,
                timeout=httpx.Timeout(20.0, connect=3.0),
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream(
                method,
                f"{path}?{query}" if query else path,
                headers={"accept-encoding": "identity", **headers},
                content=content,
            ) as response,
        ):
            body, truncated = _read_bounded(response, MAX_SIMULATED_BODY)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise OutsideFetchError from error
    elapsed = int((time.monotonic() - started) * 1000)
    return OutsideResponse(response.status_code, dict(response.headers), body, elapsed, truncated)
