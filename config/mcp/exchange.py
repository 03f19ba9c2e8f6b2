"""One JSON-RPC message in, one answer out, through the kernel of the MCP SDK and without a loop.

The SDK serves HTTP from an ASGI application with sessions and streams. We have neither: every
message stands alone, and every handler is plain code that never waits. So its kernel is driven
to the end in the request's own thread, where the ORM works as everywhere, and one Django view
serves MCP under WSGI and ASGI alike. See docs/adr/0013.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import orjson
import structlog
from mcp.server.connection import Connection
from mcp.server.lowlevel.server import Server
from mcp.server.runner import ServerRunner
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.inbound import (
    ERROR_CODE_HTTP_STATUS,
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    InboundLadderRejection,
    classify_inbound_request,
    unsupported_protocol_version_rejection,
)
from mcp.shared.jsonrpc_dispatcher import (
    handler_exception_to_error_data,
    progress_token_from_params,
)
from mcp.shared.message import ServerMessageMetadata
from mcp.shared.transport_context import TransportContext
from mcp_types import (
    DEFAULT_NEGOTIATED_VERSION,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    ErrorData,
    JSONRPCNotification,
    JSONRPCRequest,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError

log = structlog.get_logger(__name__)
ROUTING_HEADERS: Final = (MCP_PROTOCOL_VERSION_HEADER, MCP_METHOD_HEADER, MCP_NAME_HEADER)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP status and the JSON-RPC message of its body; None is an empty body. `before` are
    notifications of the request, in order, which a client reads that takes an event stream.
    """

    status: int
    message: Json | None = None
    before: tuple[Json, ...] = ()

    def as_events(self) -> bytes:
        """The notifications and the message as one event stream."""
        messages = [*self.before, self.message]
        return b"".join(b"event: message\ndata: %b\n\n" % orjson.dumps(one) for one in messages)


@dataclass
class _Context:
    """What the kernel may ask of the transport: notifications are gathered, nothing is asked."""

    request_id: Any
    message_metadata: ServerMessageMetadata
    progress_token: str | int | None = None
    sent: list[Json] = field(default_factory=list)
    transport: TransportContext = field(
        default_factory=lambda: TransportContext(kind="streamable-http", can_send_request=False)
    )
    cancel_requested: anyio.Event = field(default_factory=anyio.Event)
    can_send_request: bool = False

    async def send_raw_request(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> Json:
        raise NoBackChannelError(method)

    async def notify(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> None:
        self.sent.append({"jsonrpc": "2.0", "method": method, "params": dict(params or {})})

    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        if self.progress_token is None:
            return
        said = {"progressToken": self.progress_token, "progress": progress}
        said |= {} if total is None else {"total": total}
        said |= {} if message is None else {"message": message}
        await self.notify("notifications/progress", said)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with a body: ROUTING_HEADERS by lower-case name, those that were there, and the
    caller, whom handlers find as `ctx.request`.
    """

    headers: Mapping[str, str]
    caller: object = None

    @property
    def version(self) -> str:
        return self.headers.get(MCP_PROTOCOL_VERSION_HEADER, DEFAULT_NEGOTIATED_VERSION)

    @property
    def is_modern(self) -> bool:
        """Whether the message is of a revision without handshake, known here or not."""
        return self.version not in HANDSHAKE_PROTOCOL_VERSIONS


def exchange(server: Server[Any], body: Any, sent: Sent) -> Reply:
    """Answer one POST. The handshake era's errors have status 200, those of 2026-07-28 the status
    its specification names.
    """
    if isinstance(body, dict) and "id" not in body:
        return _acknowledge(body, sent)
    try:
        request = JSONRPCRequest.model_validate(body)
    except ValidationError:
        return _NO_MESSAGE
    if not sent.is_modern:
        connection = Connection.from_envelope(sent.version, None, None)
        return _run(server, request, connection=connection, sent=sent)
    found = classify_inbound_request(body, headers=sent.headers)
    if isinstance(found, InboundLadderRejection):
        return _rejected(request.id, found)
    connection = Connection.from_envelope(
        found.protocol_version, found.client_info, found.client_capabilities
    )
    return _run(server, request, connection=connection, sent=sent)


def refusal(request_id: Any, error: ErrorData, *, status: int) -> Reply:
    """A JSON-RPC error with its HTTP status."""
    shown = error.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Reply(status, {"jsonrpc": "2.0", "id": request_id, "error": shown})


_NO_MESSAGE = refusal(
    None,
    ErrorData(code=INVALID_REQUEST, message="Send one JSON-RPC request or notification."),
    status=400,
)


def _acknowledge(body: Json, sent: Sent) -> Reply:
    """A notification changes nothing here; one of an unknown revision is told so."""
    try:
        JSONRPCNotification.model_validate(body)
    except ValidationError:
        return _NO_MESSAGE
    unknown = unsupported_protocol_version_rejection(sent.version) if sent.is_modern else None
    return _rejected(None, unknown) if unknown else Reply(202)


def _rejected(request_id: Any, why: InboundLadderRejection) -> Reply:
    error = ErrorData(code=why.code, message=why.message, data=why.data)
    return refusal(request_id, error, status=ERROR_CODE_HTTP_STATUS.get(why.code, 400))


def _run(
    server: Server[Any], request: JSONRPCRequest, *, connection: Connection, sent: Sent
) -> Reply:
    context = _Context(
        request.id,
        ServerMessageMetadata(request_context=sent.caller),
        progress_token_from_params(request.params),
    )
    runner = ServerRunner(server, connection, {})
    try:
        result = _finish(runner.on_request(context, request.method, request.params))
    except Exception as error:
        data = handler_exception_to_error_data(error)
        if data is None:
            log.exception("mcp_handler_failed", method=request.method)
            data = ErrorData(code=INTERNAL_ERROR, message="Something failed on our side.")
        status = ERROR_CODE_HTTP_STATUS.get(data.code, 200) if sent.is_modern else 200
        return refusal(request.id, data, status=status)
    message = {"jsonrpc": "2.0", "id": request.id, "result": result}
    return Reply(200, message, tuple(context.sent))


def _finish(work: Awaitable[Json]) -> Json:
    """The result of a coroutine that never waits; raises RuntimeError for one that does."""
    try:
        next(work.__await__())
    except StopIteration as done:
        result: Json = done.value
        return result
    raise RuntimeError("an MCP handler waited for something")
