"""A running product of its own for browser tests: server, simulator, seeded database."""

import email
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx

from core.ids import decode
from tests.simulator_process import APP_SECRET, ROOT, Simulator, free_port, running_simulator

UNDO_S = 12
ANSWERS_WITHIN_S = 30


@dataclass
class Site:
    """The product at `url`; `data` is what the seed printed."""

    url: str
    folder: Path
    sim: Simulator
    data: dict[str, Any]

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """One call of the API without a credential, as an agent's own client makes it."""
        return httpx.post(f"{self.url}{path}", json=body, timeout=ANSWERS_WITHIN_S, trust_env=False)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the product's own database."""
        connection = sqlite3.connect(self.folder / "adamant.sqlite3", timeout=20)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def pending_status(self, name: str) -> str:
        key = decode("pa", self.data["journeys"][name]["pending"]).hex
        return str(self.rows("SELECT status FROM campaigns_pendingaction WHERE id = ?", key)[0][0])

    def remote_id(self, name: str) -> str:
        key = decode("camp", self.data["journeys"][name]["campaign"]).hex
        return str(self.rows("SELECT external_id FROM campaigns_campaign WHERE id = ?", key)[0][0])

    def remote(self, name: str) -> dict[str, Any]:
        """The journey's campaign as the simulator has it."""
        wanted = self.remote_id(name)
        found = next(one for one in self.sim.objects(kind="campaign") if one["id"] == wanted)
        return {**found["data"], **found}

    def mails(self, address: str) -> list[str]:
        """Texts of the mails to an address, oldest first."""
        paths = sorted((self.folder / "mail").glob("*.log"), key=lambda path: path.stat().st_mtime)
        found = []
        for path in paths:
            for part in path.read_text().split("\n" + "-" * 79 + "\n"):
                mail = email.message_from_string(part)
                if address in str(mail["To"]):
                    body = mail.get_payload(0) if mail.is_multipart() else mail
                    found.append(body.get_payload(decode=True).decode())
        return found


def until[T](check: Callable[[], T], *, seconds: float = 90) -> T:
    """The first true answer of `check`; fails after the deadline with the last one."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(0.2)


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Start everything, seed, stop everything by process id."""
    with running_simulator(folder=folder) as sim:
        port = free_port()
        env = _environment(folder, port, sim)
        log = (folder / "server.log").open("ab")
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=env, stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: _answers(url, server, folder / "server.log"), seconds=300)
            seeded = subprocess.run(
                [sys.executable, "-m", "tests.browser.seed"],
                cwd=ROOT, env=env, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert seeded.returncode == 0, seeded.stderr
            yield Site(url, folder, sim, json.loads(seeded.stdout))
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(60)
            finally:
                server.kill()
                log.close()


def _environment(folder: Path, port: int, sim: Simulator) -> dict[str, str]:
    dropped = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEMO": "1",
        "ROLE": "all_in_one",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": "browser-tests-only-" + "0123456789" * 5,
        "SIMULATOR_URL": sim.url,
        "SIMULATOR_TRUTH_TOKEN": sim.token,
        "SIM_APP_SECRET": APP_SECRET,
        "UNDO_WINDOW_S": str(UNDO_S),
        "RECONCILE_LAG_S": "0",
        "VAR_DIR": str(folder),
        "PYTHONWARNINGS": "ignore",
    }


def _answers(url: str, server: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert server.poll() is None, log.read_text()[-3000:]
    try:
        return httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
