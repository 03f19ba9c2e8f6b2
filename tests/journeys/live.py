"""The whole product as a subprocess on the test database, beside a simulator of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import httpx2 as httpx
from django.conf import settings

from tests.architecture.source import ROOT
from tests.simulator_process import Simulator, free_port, running_simulator


@dataclass
class Live:
    """Where the running product answers, its mail and its simulator."""

    url: str
    sim: Simulator
    mail: Path

    def mailed(self, to: str, pattern: str, *, seconds: float = 90) -> str:
        """First group of `pattern` in a mail to `to`, as soon as it is there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for path in sorted(self.mail.glob("*.log")) if self.mail.exists() else []:
                for text in _mails(path, to):
                    found = re.search(pattern, text)
                    if found:
                        return found[1]
            time.sleep(0.1)
        raise AssertionError(f"no mail to {to} has {pattern}")


def _mails(path: Path, to: str) -> Iterator[str]:
    for raw in path.read_bytes().split(b"-" * 79):
        message = message_from_bytes(raw.strip(), policy=policy.default)
        if to in str(message["To"]):
            part = message.get_body(("plain",))
            yield str(message["Subject"]) + "\n" + (part.get_content() if part else "")


def database_url() -> str:
    """The test database's URL for another process."""
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        return f"sqlite:///{database['NAME']}"
    base = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
    return f"{base}/{database['NAME']}"


@contextlib.contextmanager
def running_product(folder: Path, **environment: str) -> Iterator[Live]:
    """Start simulator and product; both are stopped by their own pid."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running_simulator() as sim:
        settings.SIMULATOR_URL = sim.url
        settings.PUBLIC_URL = url
        child = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=os.environ
            | {
                "DATABASE_URL": database_url(),
                "DEMO": "1",
                "PORT": str(port),
                "PUBLIC_URL": url,
                "VAR_DIR": str(folder),
                "AUTO_MIGRATE": "0",
                "SIMULATOR_URL": sim.url,
                "UNDO_WINDOW_S": "0",
                "LOG_LEVEL": "WARNING",
                "REDIS_URL": "",
                "CELERY_BROKER_URL": "",
            }
            | environment,
        )
        try:
            _wait(url, child)
            yield Live(url, sim, folder / "mail")
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(60)


def _wait(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while True:
        assert child.poll() is None, "the product did not start"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200:
                return
        assert time.monotonic() < deadline, "the product is not ready"
        time.sleep(0.2)


def until(check, *, seconds: float = 60):  # type: ignore[no-untyped-def]
    """The first true value of `check()`, asked until `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"{check} stayed {value!r}"
        time.sleep(0.2)
