"""Who opens connections, and what becomes of every address that a tenant may write down."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from django.apps import apps
from django.db import models

from tests.architecture.source import ROOMS, name_of, python_files, tree
from tests.bars.test_w7_ssrf import DOORS

NETWORK = {
    "aiohttp", "asyncio.streams", "ftplib", "http.client", "httpcore", "httpcore2", "httpx",
    "httpx2", "imaplib", "pycurl", "requests", "smtplib", "socket", "telnetlib", "urllib.request",
    "urllib3", "websockets",
}  # fmt: skip
# None of these but the first goes where a tenant says.
SPEAKERS = {
    "core/http.py": "the guard itself",
    "platforms/meta/client.py": "one host, configured by the operator",
    "config/doctor/findings.py": "asks what the operator configured",
    "config/demo/network.py": "speaks to the demo's own child process",
    "config/serving/processes.py": "waits for our own process on loopback",
}
# Every place that keeps an address of a tenant's, and which of W7's doors fetches it, if any.
FIELDS = {
    "Endpoint.url": "webhook delivery",
    "Asset.source_url": "image of an ad",
    "Creative.image_url": "image of an ad",
    "Creative.link_url": "",
    "Campaign.target_url": "",
}
ADDRESS = re.compile(r"(^|_)(url|uri|href|link|webhook|callback)$")


def imported(code: ast.Module) -> set[str]:
    """Full names of the modules a module imports."""
    names: set[str] = set()
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return names


def speakers(files: Iterable[tuple[str, ast.Module]]) -> set[str]:
    """Files that import something which opens connections."""
    return {
        name
        for name, code in files
        if any(one in NETWORK or one.partition(".")[0] in NETWORK for one in imported(code))
    }


def users(files: Iterable[tuple[str, ast.Module]], wanted: str) -> set[str]:
    """`file:function` of everything that mentions a name outside an import."""
    return {
        f"{name}:{function.name}"
        for name, code in files
        for function in ast.walk(code)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if (isinstance(node, ast.Name) and node.id == wanted)
        or (isinstance(node, ast.Attribute) and node.attr == wanted)
    }


def product() -> list[tuple[str, ast.Module]]:
    return [
        (name_of(path), tree(path))
        for path in python_files(*ROOMS, "config")
        if "simulator" not in path.parts
    ]


def test_only_listed_modules_can_open_a_connection() -> None:
    assert speakers(product()) == set(SPEAKERS)


def test_every_fetch_of_an_outside_address_is_a_door_of_w7() -> None:
    found = users(product(), "fetch_outside") - {"core/http.py:fetch_outside"}
    assert found == {door.caller for door in DOORS.values()}


def test_another_speaker_or_fetch_is_found() -> None:
    text = (
        "import urllib.request\nfrom core import http\ndef f(u):\n    http.fetch_outside('GET', u)"
    )
    files = [("room/new.py", ast.parse(text))]
    assert speakers(files) == {"room/new.py"}
    assert users(files, "fetch_outside") == {"room/new.py:f"}
    assert speakers([("x.py", ast.parse("from http import client"))]) == {"x.py"}


def address_fields() -> set[str]:
    return {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label != "simulator"
        for field in model._meta.fields
        if isinstance(field, models.CharField | models.TextField) and ADDRESS.search(field.name)
    }


def test_every_kept_address_says_who_fetches_it() -> None:
    assert address_fields() == set(FIELDS)
    assert {door for door in FIELDS.values() if door} == set(DOORS)


def test_commands_carry_no_address_but_the_kept_ones() -> None:
    fields = {
        node.target.id
        for path in python_files("campaigns")
        if path.parent == Path(path.parents[1] / "commands")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and ADDRESS.search(node.target.id)
    }
    assert fields == {"target_url", "image_url", "link_url"}
