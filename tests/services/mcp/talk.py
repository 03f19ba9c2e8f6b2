"""Speaks MCP to the endpoint through Django's client, in either era."""

import json
from typing import Any

from django.test import Client

MODERN, HANDSHAKE = "2026-07-28", "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def post(
    token: str | None,
    body: Any,
    *,
    path: str = "/mcp/",
    client: Client | None = None,
    **headers: str,
) -> Any:
    """The HTTP answer to one body; keyword headers by name with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return (client or Client()).generic(
        "POST", path, content, content_type="application/json", headers=sent
    )


def ask(
    token: str | None,
    method: str,
    params: dict[str, Any] | None = None,
    era: str = MODERN,
    **more: Any,
) -> Any:
    """The HTTP answer to one request."""
    params = dict(params or {})
    headers = {"MCP_Protocol_Version": era}
    if era == MODERN:
        params["_meta"] = META
        headers["Mcp_Method"] = method
        if method in NAMED:
            headers["Mcp_Name"] = str(params[NAMED[method]])
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return post(token, body, **(headers | more))


def result(token: str, method: str, params: dict[str, Any] | None = None, **more: Any) -> Any:
    """The result of a request that must succeed."""
    answer = ask(token, method, params, **more)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert "result" in body, body
    return body["result"]


def call(token: str, tool: str, arguments: dict[str, Any] | None = None, **more: Any) -> Any:
    """The result of a tool."""
    return result(token, "tools/call", {"name": tool, "arguments": arguments or {}}, **more)


def data(token: str, tool: str, arguments: dict[str, Any] | None = None, **more: Any) -> Any:
    """The data of a tool that must succeed."""
    answer = call(token, tool, arguments, **more)
    assert not answer.get("isError"), answer
    return answer["structuredContent"]


def refused(token: str, tool: str, arguments: dict[str, Any] | None = None, **more: Any) -> str:
    """The text of a tool that must refuse."""
    answer = call(token, tool, arguments, **more)
    assert answer["isError"] is True, answer
    return str(answer["content"][0]["text"])
