"""`ads-agents-mcp`: the remote MCP server for clients that start a command and speak over pipes.

Runs beside the agent and knows nothing of the product: each line of standard input is one JSON-RPC
message, posted to `<base>/mcp/` with the key of ADS_AGENTS_API_KEY; each answer is one line of
standard output.
"""

import base64
import http.client
import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TextIO
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_S = 120.0
PARALLEL = 4
MOST_BYTES = 4 * 1024 * 1024
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
# What an error of this command itself is called; the server's own errors pass unchanged.
UNREACHABLE, PARSE_ERROR = -32000, -32700
Json = dict[str, Any]


class UsageError(ValueError):
    """The command cannot start as it was called."""


@dataclass
class Remote:
    """Where messages go: `url` may be the product's, its REST API's or its MCP server's. `version`
    is what the handshake settled, for requests that name none.
    """

    url: str
    key: str
    version: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{self.url!r} is not an http or https address.")
        self._kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._address = (parts.hostname, parts.port)
        path = parts.path.rstrip("/").removesuffix("/mcp").removesuffix("/v1").removesuffix("/api")
        self._path = f"{path}/mcp/"

    def send(self, message: Json) -> Json | None:
        """The answer to one message, None where there is none. Raises OSError, HTTPException or
        ValueError where the server cannot be understood.
        """
        connection = self._kind(*self._address, timeout=TIMEOUT_S)
        try:
            connection.request("POST", self._path, json.dumps(message), self._headers(message))
            response = connection.getresponse()
            body = response.read(MOST_BYTES)
        finally:
            connection.close()
        if not body:
            return None
        answer: Json = json.loads(body)
        if message.get("method") == "initialize":
            self.version = str(answer.get("result", {}).get("protocolVersion", ""))
        if answer.get("id") is None and "id" in message:
            answer["id"] = message["id"]  # refused before the message was read
        return answer

    def _headers(self, message: Json) -> dict[str, str]:
        params = message.get("params")
        named: Json = params if isinstance(params, dict) else {}
        meta = named.get("_meta")
        version = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        if self.version and not version:
            headers["MCP-Protocol-Version"] = self.version
        if version:
            method = str(message.get("method", ""))
            headers |= {"MCP-Protocol-Version": str(version), "Mcp-Method": method}
            if method in NAMED:
                headers["Mcp-Name"] = _header_value(str(named.get(NAMED[method], "")))
        return headers


def _header_value(text: str) -> str:
    """The text as a header may carry it: the specification wraps what is not plain ASCII."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def answer(remote: Remote, line: str) -> Json | None:
    """The message to write for one line that was read; None for none."""
    try:
        message = json.loads(line)
    except ValueError:
        return _error(None, PARSE_ERROR, "A line of standard input is not JSON.")
    if not isinstance(message, dict):
        return _error(None, PARSE_ERROR, "A line of standard input is no JSON-RPC message.")
    try:
        return remote.send(message)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if "id" not in message:
            return None
        text = (
            f"{remote.url} gave no answer ({type(error).__name__}). "
            "Next: check ADS_AGENTS_BASE_URL and that the server runs."
        )
        return _error(message["id"], UNREACHABLE, text)


def _error(request_id: Any, code: int, message: str) -> Json:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def serve(remote: Remote, lines: Iterable[str], output: TextIO) -> None:
    """Answer every line until there are no more; a slow call does not hold up the next. The
    handshake is finished before anything else is sent.
    """
    lock = threading.Lock()

    def one(line: str) -> None:
        message = answer(remote, line)
        if message is not None:
            with lock:
                output.write(json.dumps(message) + "\n")
                output.flush()

    with ThreadPoolExecutor(PARALLEL) as pool:
        for line in lines:
            if '"initialize"' in line:
                one(line)
            elif line.strip():
                pool.submit(one, line)


def remote_of(environment: Mapping[str, str]) -> Remote:
    """The server that the environment names; raises UsageError."""
    key = environment.get("ADS_AGENTS_API_KEY", "").strip()
    if not key:
        raise UsageError("ADS_AGENTS_API_KEY is not set: put the agent's key there.")
    return Remote(environment.get("ADS_AGENTS_BASE_URL", DEFAULT_URL), key)


def main() -> int:
    """Exit code: 2 where the environment lacks what is needed."""
    try:
        remote = remote_of(os.environ)
    except UsageError as error:
        sys.stderr.write(f"ads-agents-mcp: {error}\n")
        return 2
    serve(remote, sys.stdin, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
