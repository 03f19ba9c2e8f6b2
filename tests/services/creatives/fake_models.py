"""The providers' HTTP faces on loopback, as far as their SDKs are used here."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

GOOD = [
    {"headline": f"Oak chairs {n}", "primary_text": f"Made by hand {n}.", "description": f"Sit {n}"}
    for n in range(2)
]


def png(size=(64, 64), color=(200, 30, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


@dataclass
class Provider:
    """`script` holds one answer a call, by path; the last one stays. An answer is a status alone,
    the variations of a text, or raw bytes.
    """

    port: int = 0
    script: dict[str, list[Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sent(self, place: int = -1) -> Any:
        """The JSON of a call."""
        return json.loads(self.calls[place][2])


def _claude(variations: Any) -> Any:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "stop_reason": "tool_use", "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
        "content": [
            {"type": "tool_use", "id": "t1", "name": "answer", "input": {"variations": variations}}
        ],
    }  # fmt: skip


def _chat(variations: Any) -> Any:
    said = json.dumps({"variations": variations})
    return {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        ],
    }  # fmt: skip


def _image(content: bytes) -> Any:
    return {"created": 1, "data": [{"b64_json": base64.b64encode(content).decode()}]}


SHAPES = {
    "/v1/messages": _claude,
    "/v1/chat/completions": _chat,
    "/grok/chat/completions": _chat,
    "/v1/images/generations": _image,
}


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve until the block ends."""
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.calls.append((self.path, headers, body))
            answers = state.script.get(self.path, [404])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            status, content, kind = 200, b"", "application/json"
            if isinstance(answer, int):
                status, content = answer, b'{"error":{"type":"x","message":"no"}}'
            elif isinstance(answer, dict):
                content = json.dumps(answer).encode()
            elif self.path in SHAPES:
                content = json.dumps(SHAPES[self.path](answer)).encode()
            else:
                content, kind = answer, "image/png"
            self.send_response(status)
            if status == 302:
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

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
