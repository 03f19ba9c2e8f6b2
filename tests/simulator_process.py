"""The simulator as a subprocess: `with running_simulator() as sim:` on a free port, fresh database.

    sim.url                      http://127.0.0.1:<port>
    person = sim.person()        access_token, ad_account, page, pixel, user_id; no consent needed
    sim.advance(hours=24); sim.now(); sim.faults(rules=[{"kind": "cut_after", "share": 0.1}])
    sim.objects(); sim.ledger(account=…); sim.edit(id, daily_budget=5000)
    sim.graph("GET", "act_1/campaigns", token=person.access_token, fields="id,name")
    sim.build_tree(person)       campaign, ad set, creative, ads through the Graph API

The process is stopped by its pid. Calls do not raise for status: look at `.status_code`.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx

ROOT = Path(__file__).resolve().parent.parent
VERSION = "v26.0"
APP_ID = "1000000000000001"
APP_SECRET = "simulated-app-secret"


@dataclass(frozen=True)
class SimPerson:
    user_id: str
    access_token: str
    ad_account: str
    page: str
    pixel: str


@dataclass
class Tree:
    campaign: str
    ad_set: str
    creative: str
    ads: list[str] = field(default_factory=list)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Simulator:
    """A running simulator and a small client for its control and Graph API."""

    def __init__(self, url: str, token: str, pid: int) -> None:
        self.url, self.token, self.pid = url, token, pid
        self.client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = self.client.request(
            method,
            f"/_sim/{path}",
            headers={"X-Sim-Token": self.token},
            **({"params": body} if method == "GET" else {"json": body}),
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def person(self, name: str = "Test person", **options: Any) -> SimPerson:
        return SimPerson(**self.control("POST", "users", name=name, **options))

    def now(self) -> datetime:
        return datetime.fromisoformat(self.control("GET", "clock")["now"])

    def advance(self, hours: float) -> datetime:
        return datetime.fromisoformat(self.control("POST", "advance", hours=hours)["now"])

    def faults(self, **profile: Any) -> Any:
        return self.control("POST", "faults", **profile)

    def fault_counts(self) -> dict[str, int]:
        return self.control("GET", "fault_counts")

    def objects(self, account: str = "", kind: str = "") -> list[dict[str, Any]]:
        found = self.control("GET", "truth/objects", account=account)["objects"]
        return [one for one in found if not kind or one["kind"] == kind]

    def ledger(self, **query: str) -> list[dict[str, Any]]:
        return self.control("GET", "truth/ledger", **query)["rows"]

    def edit(self, graph_id: str, **changes: Any) -> Any:
        """What a person would change in the platform's own screens."""
        return self.control("POST", f"objects/{graph_id}", **changes)

    def graph(self, method: str, path: str, *, token: str = "", **params: Any) -> httpx.Response:
        """One Graph call, form-encoded as Meta's clients send it."""
        sent = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in params.items()
        }
        return self.client.request(
            method,
            f"/{VERSION}/{path}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            **({"data": sent} if method == "POST" else {"params": sent}),
        )

    def create(self, person: SimPerson, edge: str, **params: Any) -> str:
        answer = self.graph(
            "POST", f"{person.ad_account}/{edge}", token=person.access_token, **params
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def build_tree(
        self, person: SimPerson, *, ads: int = 1, daily_budget: int = 5000, status: str = "ACTIVE"
    ) -> Tree:
        """A campaign with its budget, one ad set, one creative, some ads."""
        campaign = self.create(
            person,
            "campaigns",
            name="Spring",
            objective="OUTCOME_SALES",
            special_ad_categories=[],
            daily_budget=daily_budget,
            status=status,
        )
        ad_set = self.create(
            person,
            "adsets",
            name="Everyone",
            campaign_id=campaign,
            billing_event="IMPRESSIONS",
            optimization_goal="OFFSITE_CONVERSIONS",
            promoted_object={"pixel_id": person.pixel, "custom_event_type": "PURCHASE"},
            targeting={"geo_locations": {"countries": ["US"]}, "age_min": 18},
            status=status,
        )
        creative = self.create(
            person,
            "adcreatives",
            name="Shoes",
            object_story_spec={
                "page_id": person.page,
                "link_data": {
                    "link": "https://shop.example/shoes",
                    "message": "New shoes",
                    "name": "Shoes",
                    "call_to_action": {"type": "SHOP_NOW"},
                },
            },
        )
        tree = Tree(campaign, ad_set, creative)
        for number in range(ads):
            tree.ads.append(
                self.create(
                    person,
                    "ads",
                    name=f"Ad {number}",
                    adset_id=ad_set,
                    creative={"creative_id": creative},
                    status=status,
                )
            )
        return tree


@contextmanager
def running_simulator(
    *, port: int = 0, folder: Path | None = None, **env: str
) -> Iterator[Simulator]:
    """Start, wait until it answers, stop. `env` adds settings (SIM_SEED="7", …); the same
    `folder` keeps a world across two runs.
    """
    port = port or free_port()
    token = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as own:
        base = folder or Path(own)
        log = (base / "simulator.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "manage.py", "simulator", "--port", str(port)],
            cwd=ROOT,
            env=_environment(base, port, token) | env,
            stdout=log,
            stderr=log,
        )
        sim = Simulator(f"http://127.0.0.1:{port}", token, process.pid)
        try:
            _wait_ready(sim, process, base / "simulator.log")
            yield sim
        finally:
            sim.client.close()
            _stop(process)
            log.close()


def _environment(base: Path, port: int, token: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    return kept | {
        "SIM_DATABASE_URL": f"sqlite:///{base / 'simulator.sqlite3'}",
        "VAR_DIR": str(base),
        "SIMULATOR_URL": f"http://127.0.0.1:{port}",
        "SIMULATOR_TRUTH_TOKEN": token,
        "SIM_APP_SECRET": APP_SECRET,
        "PYTHONWARNINGS": "ignore",
    }


def _wait_ready(sim: Simulator, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if sim.client.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"the simulator did not start: {log.read_text()[-2000:]}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=15)
