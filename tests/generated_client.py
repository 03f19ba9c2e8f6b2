"""A client that openapi-python-client makes of our document, and calls played through its classes:

with generated(folder) as package: …    the package, without one warning of the generator
Generated(package, url).send(call)      as an HTTP client would send it
"""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.journeys.guide import Call
from tests.openapi import validated

GENERATE = """
from openapi_python_client.cli import app
app()
"""


def generate(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the generator on `openapi.json` of the folder."""
    return subprocess.run(
        [
            sys.executable, "-c", GENERATE, "generate", "--path", "openapi.json", "--meta", "none",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip


@contextmanager
def generated(folder: Path) -> Iterator[Any]:
    """The made package; its imports are undone afterwards."""
    (folder / "openapi.json").write_text(json.dumps(validated()))
    (folder / "config.yml").write_text("post_hooks: []\n")
    made = generate(
        folder, "--config", "config.yml", "--output-path", "our_client", "--fail-on-warning"
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module("our_client")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == "our_client"]:
            del sys.modules[name]


def model(kind: str, /, **values: Any) -> Any:
    """A body of the made package from plain JSON."""
    return getattr(importlib.import_module("our_client.models"), kind).from_dict(values)


@dataclass(frozen=True)
class Answered:
    """What the made client read, in the form of a response."""

    status_code: int
    text: str
    parsed: Any

    def json(self) -> Any:
        """The parsed answer as JSON again."""
        return self.parsed.to_dict()


class Generated:
    """Sends calls by the operation that the document has at their place."""

    def __init__(self, package: Any, url: str) -> None:
        self.package, self.url = package, url
        self.used: set[str] = set()

    def send(self, call: Call) -> Answered:
        """The answer, read by the classes that the operation promises."""
        operation, ids = operation_at(call)
        tag = operation["tags"][0].lower().replace(" ", "_")
        module = importlib.import_module(f"our_client.api.{tag}.{operation['operationId']}")
        given: dict[str, Any] = {}
        if call.body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            given["body"] = model(schema["$ref"].rpartition("/")[2], **call.body)
            assert given["body"].to_dict() == call.body
        # Who is asking is the call's own affair: one without a key is sent without one.
        key = call.headers.get("Authorization", "")
        with httpx.Client(
            base_url=self.url,
            headers={"Authorization": key} if key else {},
            timeout=30,
            trust_env=False,
        ) as http:
            client = self.package.Client(base_url=self.url).set_httpx_client(http)
            answer = module.sync_detailed(*ids, client=client, **given)
        assert answer.parsed is not None, answer.content
        read = Answered(int(answer.status_code), answer.content.decode(), answer.parsed)
        assert json.loads(read.text).keys() == read.json().keys()
        self.used.add(operation["operationId"])
        return read


def operation_at(call: Call) -> tuple[dict[str, Any], list[str]]:
    """The document's operation for a call, and the values of its path."""
    path = call.path.removeprefix("/v1")
    for template, item in sorted(validated()["paths"].items(), key=lambda one: one[0].count("{")):
        found = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", template), path)
        if found and call.method.lower() in item:
            return item[call.method.lower()], list(found.groups())
    raise AssertionError(f"the document has no {call.method} {path}")
