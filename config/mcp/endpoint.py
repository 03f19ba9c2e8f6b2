"""`/mcp` and `/mcp/`: credentials, limits and errors as on the REST face, then one exchange."""

from dataclasses import replace
from typing import Any, override
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from mcp.server.lowlevel.server import Server
from mcp_types import PARSE_ERROR, ErrorData
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_base import actor_of
from accounts.authentication import ApiKeyAuthentication
from accounts.rendering import exception_handler
from config.mcp.exchange import ROUTING_HEADERS, Sent, exchange, refusal
from config.mcp.server import SERVER, Caller
from core.actors import Channel
from core.errors import ForbiddenError

# JSON-RPC leaves -32000 to -32019 to the server; the code that tells is in `data`.
REFUSED = -32000


class OriginError(ForbiddenError):
    code = "origin_not_allowed"
    message = "A page of another site may not call this."


class Authentication(ApiKeyAuthentication):
    """Keys as for REST; an app's token must have been made for MCP."""

    resource = "mcp"


class Endpoint(APIView):
    """POST carries one JSON-RPC message; there is no session to open, resume or delete."""

    authentication_classes = (Authentication,)
    required_scope = "any"  # each tool names its own
    unverified_ok = False
    quota_exempt = False
    http_method_names = ["post"]

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        _check_origin(request)
        super().initial(request, *args, **kwargs)

    server: Server[Any] = SERVER

    @override
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Clients ask for an event stream by GET and go on without one where that is 405; a 406
        ends their connection.
        """
        return super().perform_content_negotiation(request, force or request.method != "POST")

    def post(self, request: Request) -> HttpResponseBase:
        reply = exchange(self.server, request.data, Sent(_routing(request), self.caller(request)))
        if reply.before and "text/event-stream" in request.headers.get("Accept", ""):
            return HttpResponse(reply.as_events(), content_type="text/event-stream")
        return Response(reply.message, status=reply.status)

    def caller(self, request: Request) -> object:
        """What handlers find as `ctx.request`: who calls, and what the connection is limited to."""
        actor = replace(actor_of(request), channel=Channel.MCP)
        names = request.headers.get("X-MCP-Tools", "")
        only = frozenset(name.strip() for name in names.split(",")) if names.strip() else None
        reading = request.headers.get("X-MCP-Readonly", "").strip().lower() in ("1", "true")
        return Caller(actor, only_reading=reading, only=only)

    @override
    def get_exception_handler(self) -> Any:
        return _refused


def _routing(request: Request) -> dict[str, str]:
    found = {name: request.headers.get(name) for name in ROUTING_HEADERS}
    return {name: value for name, value in found.items() if value is not None}


def _check_origin(request: Request) -> None:
    """A browser names the page that calls: only our own may, or a name that was made to point at
    this machine would.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return
    parts = urlsplit(origin)
    ours = {urlsplit(settings.PUBLIC_URL).netloc, request.get_host()}
    if parts.scheme not in ("http", "https") or parts.netloc not in ours:
        raise OriginError


def _refused(error: Exception, context: dict[str, Any]) -> Response:
    """What REST would answer, inside a JSON-RPC error; who is not known learns where to go."""
    response = exception_handler(error, context)
    said = response.data["error"]
    code = PARSE_ERROR if said["code"] == "malformed_json" else REFUSED
    hint = f" Next: {said['hint']}" if "hint" in said else ""
    text = f"{said['code']}: {said['message']}{hint}"
    data = ErrorData(code=code, message=text, data=said)
    response.data = refusal(None, data, status=response.status_code).message
    if response.status_code == 401:
        response["WWW-Authenticate"] = f'Bearer resource_metadata="{metadata_url()}"'
    return response


def metadata_url() -> str:
    """Where clients learn which authorization server gives tokens for this resource."""
    return f"{settings.PUBLIC_URL}/.well-known/oauth-protected-resource/mcp/"
