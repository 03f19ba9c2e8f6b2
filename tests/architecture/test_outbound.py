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
    "aiohttp", "anthropic", "asyncio.streams", "ftplib", "http.client", "httpcore", "httpcore2",
    "httpx", "httpx2", "imaplib", "openai", "pycurl", "requests", "smtplib", "socket", "stripe",
    "telnetlib", "urllib.request", "urllib3", "websockets",
}  # fmt: skip
# None of these but the first goes where a tenant says.
SPEAKERS = {
    "core/http.py": "the guard itself",
    "platforms/meta/client.py": "one host, configured by the operator",
    "billing/services/provider.py": "Stripe's SDK, on core.http's one configured host",
    "creatives/providers/claude.py": "its SDK on a client of core.http",
    "creatives/providers/openai_api.py": "its SDK on a client of core.http",
    "config/doctor/findings.py": "asks what the operator configured",
    "config/demo/network.py": "speaks to the demo's own child process",
    "config/mcp/stdio.py": "runs beside an agent, speaks to the server its user named",
    "config/serving/processes.py": "waits for our own process on loopback",
}
# Every place that keeps an address of a tenant's, and which of W7's doors fetches it, if any.
FIELDS = {
    "Endpoint.url": "webhook delivery",
    "Asset.source_url": "image of an ad",
    "Creative.image_url": "image of an ad",
    "Creative.link_url": "",
    "Campaign.target_url": "",
    "Invoice.pdf_url": "",
    "Invoice.page_url": "",
    "OAuthGrant.redirect_uri": "",
}
# Kept under a name that does not say so.
UNNAMED = {"OAuthApplication.client_id": "metadata of an OAuth client"}
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


def callers(files: Iterable[tuple[str, ast.Module]], wanted: set[str]) -> set[str]:
    """`file:function` of everything that calls one of the names."""
    return {
        f"{name}:{function.name}"
        for name, code in files
        for function in ast.walk(code)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and (node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", ""))
        in wanted
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
    found = callers(product(), {"fetch_outside", "OutsideSession"})
    assert found - {"core/http.py:fetch_outside"} == {door.caller for door in DOORS.values()}


def test_another_speaker_or_fetch_is_found() -> None:
    text = (
        "import urllib.request\nfrom core import http\ndef f(u):\n    http.fetch_outside('GET', u)"
    )
    files = [("room/new.py", ast.parse(text))]
    assert speakers(files) == {"room/new.py"}
    assert callers(files, {"fetch_outside"}) == {"room/new.py:f"}
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
    assert {door for door in (FIELDS | UNNAMED).values() if door} == set(DOORS)


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
