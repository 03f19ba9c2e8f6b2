"""`make demo` is run as a person would, from the command line, with its own data folder."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.architecture.source import ROOT
from tests.simulator_process import free_port

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the demo is run once, in the pass on SQLite"
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and printed text of a demo on SQLite."""
    folder = tmp_path_factory.mktemp("demo")
    log = folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env=os.environ | {"VAR_DIR": str(folder), "PORT": str(free_pair())},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        text = wait_for(log, process, seconds=300)
        found = re.search(r"Adamant runs at (\S+)", text)
        assert found, text
        yield found[1], text
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not answers(found[1]), "the server outlived the demo"


def free_pair() -> int:
    """A free port whose neighbour, the simulator's, is free too."""
    while True:
        port = free_port()
        if port < 65000 and not answers(f"http://127.0.0.1:{port + 1}"):
            return port


def answers(url: str) -> bool:
    try:
        httpx.get(f"{url}/healthz", timeout=10, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def wait_for(log: Path, process: subprocess.Popen[bytes], *, seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while "Ctrl-C stops" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    return log.read_text()


def test_demo_prints_logins_key_and_curl(demo: tuple[str, str]) -> None:
    _url, text = demo
    assert re.search(r"buyer +buyer@demo\.example +password \S+", text)
    assert re.search(r"approver +approver@demo\.example +password \S+", text)
    assert re.search(r"curl -H \"Authorization: Bearer aa_test_\w+\"", text)


def test_demo_is_ready(demo: tuple[str, str]) -> None:
    answer = httpx.get(f"{demo[0]}/readyz", timeout=60, trust_env=False)
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
