"""Every outbound HTTP call: `fetch_outside` for addresses tenants supply, `platform_client` for
configured hosts.

`fetch_outside`, and `OutsideSession` for several requests to one address, resolve the name once per
connection, refuse every address that is not public, connect to exactly the address they checked,
follow no redirect and read a bounded body. `platform_client`
talks to operator-configured hosts and refuses any method but GET unless the dispatch loop has
opened `platform_writes()`.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, Self, override

import httpcore2
import httpx2 as httpx
from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import AppError

MAX_BODY = 1024 * 1024
MAX_SIMULATED_BODY = 8 * MAX_BODY  # a page of insights
MAX_OPERATOR_BODY = 32 * MAX_BODY  # an image as base64 in JSON
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
    """A connection whose every wait ends at its backend's deadline, however slowly the peer
    drips.
    """

    def __init__(self, stream: httpcore2.NetworkStream, backend: "_PinnedBackend") -> None:
        self._stream, self._backend = stream, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._backend.left(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _PinnedBackend(httpcore2.NetworkBackend):
    """Connects to an address it has checked itself; the URL, the Host header and the name in the
    TLS handshake stay as the caller wrote them. `deadline` is set anew before each request.
    """

    def __init__(self, *, is_trusted: bool) -> None:
        self._is_trusted = is_trusted
        self.deadline = 0.0

    def left(self, timeout: float | None) -> float:
        """Seconds until the deadline, at most `timeout`; raises ReadTimeout where none are left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("deadline")
        return left if timeout is None else min(left, timeout)

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
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    address, port, self.left(timeout), None, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = httpcore2.ConnectError(str(error))
            else:
                return _Stream(stream, self)
        raise failure


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
    if _origin(parsed) in settings.DEV_WEBHOOK_HOSTS:
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


def _origin(url: httpx.URL) -> str:
    host = url.host.rstrip(".")
    port = url.port or (443 if url.scheme == "https" else 80)
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_dev_host(url: str) -> bool:
    """Whether the operator lets tests receive at the URL's origin."""
    try:
        return _origin(httpx.URL(url)) in settings.DEV_WEBHOOK_HOSTS
    except (httpx.InvalidURL, ValueError):
        return False


def check_outside_url(url: str, *, https_only: bool = False) -> None:
    """Raise OutsideFetchError for an address that no later `fetch_outside` could reach: wrong
    scheme, user name, number that is not public, local name. Names are resolved at each fetch only.
    """
    _checked_url(url, https_only=https_only)


@dataclass(frozen=True, slots=True)
class _Sent:
    method: str
    headers: list[tuple[bytes, bytes]]
    content: bytes | None
    max_body: int


class OutsideSession:
    """Requests to one address a tenant supplied, over one connection that is kept between them: the
    name is resolved and checked whenever it connects. For one thread; raises OutsideFetchError for
    an address that its form alone condemns.
    """

    def __init__(self, url: str) -> None:
        parsed, is_trusted = _checked_url(url, https_only=False)
        self._url = httpcore2.URL(
            scheme=parsed.raw_scheme,
            host=parsed.raw_host,
            port=parsed.port,
            target=parsed.raw_path,
        )
        self._host = parsed.netloc
        self._backend = _PinnedBackend(is_trusted=is_trusted)
        self._connection: httpcore2.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the next request makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(
        self,
        method: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        deadline_s: float = 15.0,
        max_body: int = MAX_BODY,
    ) -> OutsideResponse:
        """One request; raises OutsideFetchError as `fetch_outside` does. A peer that ends a kept
        connection meanwhile is asked once more over a new one, so it may see a request twice.
        """
        started = time.monotonic()
        self._backend.deadline = started + deadline_s
        sent = {"accept": "*/*", "accept-encoding": "identity", **(headers or {})}
        if content is not None:
            sent["content-length"] = str(len(content))
        try:
            lines = [(b"host", self._host)]
            lines += [(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()]
            answer = self._exchange(_Sent(method, lines, content, max_body))
        except (*_FAILURES, OSError, ValueError) as error:
            self.close()
            raise OutsideFetchError from error
        if 300 <= answer.status < 400:
            raise OutsideFetchError(
                _("The address answered with a redirect, which is not followed."),
                answered=answer.status,
            )
        return replace(answer, elapsed_ms=int((time.monotonic() - started) * 1000))

    def _exchange(self, sent: _Sent) -> OutsideResponse:
        if self._is_kept():
            try:
                return self._send(sent)
            except (httpcore2.NetworkError, httpcore2.RemoteProtocolError):
                self.close()
        return self._send(sent)

    def _is_kept(self) -> bool:
        kept = self._connection
        if kept is not None and (kept.is_closed() or kept.has_expired()):
            self.close()
        return self._connection is not None

    def _send(self, sent: _Sent) -> OutsideResponse:
        if self._connection is None:
            self._connection = httpcore2.HTTPConnection(
                origin=self._url.origin,
                ssl_context=tls_context(),
                network_backend=self._backend,
            )
        with self._connection.stream(
            sent.method,
            self._url,
            headers=sent.headers,
            content=sent.content,
            extensions={"timeout": {"connect": 5.0, "read": 10.0, "write": 10.0}},
        ) as response:
            body, truncated = _bounded(response.iter_stream(), sent.max_body)
        return OutsideResponse(response.status, _joined(response.headers), body, 0, truncated)


_FAILURES = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    httpcore2.ConnectionNotAvailable,
)


def _joined(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name, repeated ones joined by commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


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
    with OutsideSession(url) as session:
        return session.request(
            method, headers=headers, content=content, deadline_s=deadline_s, max_body=max_body
        )


def _bounded(chunks: Iterable[bytes], max_body: int) -> tuple[bytes, bool]:
    body = bytearray()
    for chunk in chunks:
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


class _BoundedStream(httpx.SyncByteStream):
    """A body that ends with an error once it is larger than an operator's host may send."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    @override
    def __iter__(self) -> Iterator[bytes]:
        left = MAX_OPERATOR_BODY
        for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise httpx.ReadError("the body is too large")
            yield chunk

    @override
    def close(self) -> None:
        self._stream.close()


class _OneOrigin(httpx.HTTPTransport):
    """Reaches one origin and no other, and reads bounded bodies."""

    def __init__(self, base_url: str) -> None:
        super().__init__(verify=tls_context(), trust_env=False)
        self._origin = _origin(httpx.URL(base_url))

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != self._origin:
            raise httpx.ConnectError("not the configured host")
        response = super().handle_request(request)
        stream = response.stream
        if not isinstance(stream, httpx.SyncByteStream):
            raise TypeError("a synchronous answer was expected")
        response.stream = _BoundedStream(stream)
        return response


def operator_client(base_url: str, *, timeout_s: float) -> httpx.Client:
    """A client for one service that the operator configured: its origin only, no redirect, bodies
    up to `MAX_OPERATOR_BODY`. A client an SDK takes; the caller closes it.
    """
    return httpx.Client(
        transport=_OneOrigin(base_url),
        timeout=httpx.Timeout(timeout_s, connect=5.0),
        follow_redirects=False,
        trust_env=False,
    )


def call_operator_host(
    method: str,
    url: str,
    *,
    origin: str,
    headers: Mapping[str, str],
    content: bytes | None = None,
    files: Mapping[str, tuple[None, str]] | None = None,
    deadline_s: float = 20.0,
    max_body: int = 4 * MAX_BODY,
) -> OutsideResponse:
    """One request to a service that the operator configured, and to no other: an address outside
    `origin` (scheme, host, port), a redirect and an answer beyond `max_body` are failures.

    Raises OutsideFetchError.
    """
    client = operator_client(origin, timeout_s=deadline_s)
    sent = partial(client.build_request, headers=dict(headers), content=content, files=files)
    answer = _answer(client, partial(sent, method, url), max_body)
    if answer.truncated or 300 <= answer.status < 400:
        raise OutsideFetchError(answered=answer.status)
    return answer


def pass_to_simulator(
    method: str, path: str, *, query: str, headers: Mapping[str, str], content: bytes
) -> OutsideResponse:
    """A stranger's own request carried to the simulator, and to nothing else: where everything is
    simulated there is nothing to guard. Raises OutsideFetchError when it does not answer soundly.
    """
    client = httpx.Client(
        base_url=settings.SIMULATOR_URL,
        timeout=httpx.Timeout(20.0, connect=3.0),
        follow_redirects=False,
        trust_env=False,
    )
    sent = {"accept-encoding": "identity", **headers}
    target = f"{path}?{query}" if query else path
    request = partial(client.build_request, method, target, headers=sent, content=content)
    return _answer(client, request, MAX_SIMULATED_BODY, is_raw=True)


def _answer(
    client: httpx.Client,
    request: Callable[[], httpx.Request],
    max_body: int,
    *,
    is_raw: bool = False,
) -> OutsideResponse:
    """The answer to one request, as it came over the wire where `is_raw`; the client is closed."""
    started = time.monotonic()
    try:
        with client:
            response = client.send(request(), stream=True)
            chunks = response.iter_raw() if is_raw else response.iter_bytes()
            body, truncated = _bounded(chunks, max_body)
            response.close()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise OutsideFetchError from error
    elapsed = int((time.monotonic() - started) * 1000)
    return OutsideResponse(response.status_code, dict(response.headers), body, elapsed, truncated)
