"""The harness of the dispatch bars: a real simulator, real dispatcher processes, kills, truth."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection

from campaigns.models import Campaign, Dispatch, DispatchStep
from core.clock import now
from core.tenancy import tenant_tx
from platforms.models import AdAccount, Connection
from platforms.queries import token_context
from tests.bars.kill_schedule import kills_of
from tests.cast import Cast
from tests.services.dispatch.world import Tree, World, intend, launch_steps, make_tree
from tests.simulator_process import ROOT, Simulator

LONG = os.environ.get("BARS") == "long"
OBJECTS = {"campaign", "ad_set", "creative", "ad"}
# At least 15 % of the calls are cut or fail after the commit; 5 % fail before it.
FAULTS = [
    {"kind": "cut_after", "share": 0.08, "methods": ["POST"]},
    {"kind": "error_after", "share": 0.05, "methods": ["POST"]},
    {"kind": "bad_request_after", "share": 0.02, "methods": ["POST"]},
    {"kind": "truncated", "share": 0.02, "methods": ["POST"]},
    {"kind": "error_in_200", "share": 0.02, "methods": ["POST"]},
    {"kind": "error_before", "share": 0.03, "methods": ["POST"]},
]
SOUND = {"kind": "slow", "seconds": 0, "methods": ["POST"]}  # last of the rules: counts the rest
AFTER_COMMIT = ("cut_after", "error_after", "bad_request_after", "truncated", "error_in_200")


def shared_redis() -> str:
    return os.environ.get("REDIS_URL", "")


def database_url() -> str:
    name = connection.settings_dict["NAME"]
    return f"postgres:///{name}" if connection.vendor == "postgresql" else f"sqlite:///{name}"


@dataclass
class Fleet:
    """The running dispatchers: kill one at random, read which points killed how often."""

    folder: Path
    parent: "subprocess.Popen[bytes]"
    kills: int = 0
    draw: random.Random = field(default_factory=lambda: random.Random(7))

    @property
    def pids(self) -> list[int]:
        file = self.folder / "pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    @property
    def points(self) -> Counter[str]:
        return kills_of(self.folder / "points")

    def is_reporting(self) -> bool:
        """Whether a living child has a task in hand: seen started, not finished."""
        file = self.folder / "tasks"
        said = Counter(file.read_text().splitlines()) if file.exists() else Counter()
        living = [pid for pid in self.pids if _is_child_of(pid, self.parent.pid)]
        return any(said[f"{pid} started"] > said[f"{pid} finished"] for pid in living)

    def wait_for_report(self) -> None:
        """Embedded only: return once a task is executing; the loops start after it."""
        _wait(self.is_reporting, 60)
        assert self.is_reporting(), self.log()[-2000:]

    @property
    def total_kills(self) -> int:
        return self.kills + sum(self.points.values())

    def kill_one(self) -> None:
        """SIGKILL to one of the living children, which we started."""
        living = [pid for pid in self.pids if _is_child_of(pid, self.parent.pid)]
        if living:
            os.kill(self.draw.choice(living), signal.SIGKILL)
            self.kills += 1

    def log(self) -> str:
        return (self.folder / "log").read_text()


def _is_child_of(pid: int, parent: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(status[1]) == parent and status[0] != "Z"


@contextmanager
def dispatchers(
    sim_url: str,
    folder: Path,
    *,
    workers: int = 2,
    mode: str = "loops",
    kills: int = 0,
    spread: int = 0,
    **env: str,
) -> Iterator[Fleet]:
    folder.mkdir(parents=True, exist_ok=True)
    log = (folder / "log").open("ab")
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.bars.dispatchers"],
        cwd=ROOT,
        stdout=log,
        stderr=log,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url(),
            "REDIS_URL": "" if mode == "embedded" else shared_redis(),
            "CELERY_BROKER_URL": "",
            "SIMULATOR_URL": sim_url,
            "VAR_DIR": str(folder),
            "WORKERS": str(workers),
            "MODE": mode,
            "PIDS": str(folder / "pids"),
            "TASKS": str(folder / "tasks"),
            "TASK_S": "600" if LONG else "60",
            "POINTS": str(folder / "points"),
            "KILLS": str(kills),
            "SPREAD": str(spread),
            "DISPATCH_LEASE_S": "3",
            "DISPATCH_CALL_TIMEOUT_S": "1",
            "RECONCILE_LAG_S": "0",
            "LOG_LEVEL": "WARNING",
            "PYTHONWARNINGS": "ignore",
        }
        | env,
    )
    fleet = Fleet(folder, parent)
    try:
        _wait(lambda: fleet.pids or parent.poll() is not None, 180)
        assert parent.poll() is None, fleet.log()[-2000:]
        assert fleet.pids, "no child started"
        if mode == "embedded":
            fleet.wait_for_report()
        yield fleet
    finally:
        parent.terminate()
        try:
            parent.wait(30)
        except subprocess.TimeoutExpired:
            for pid in fleet.pids:
                if _is_child_of(pid, parent.pid):
                    os.kill(pid, signal.SIGKILL)
            parent.kill()
            parent.wait()
        log.close()


def _wait(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


@dataclass
class Launches:
    """Planned launches over some ad accounts of the simulator."""

    world: World
    sim: Simulator
    accounts: list[AdAccount]
    jobs: list[UUID] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)

    def plan(self, count: int, *, ads: int = 2, at: datetime | None = None) -> None:
        """Commit `count` launches, by the clock or `at`; each makes 2 + 2 x `ads` objects."""
        for number in range(count):
            self.world.account = self.accounts[number % len(self.accounts)]
            self.world.cast.extra.update(self.world.cast.extra[self.world.account.external_id])
            tree = make_tree(self.world, name=f"Launch {number}", ads=ads)
            self.trees.append(tree)
            steps = launch_steps(self.world, tree)
            self.jobs.append(intend(self.world, tree, steps, now=at or now()))

    def open_jobs(self) -> int:
        with tenant_tx(self.world.tenant_id, readonly=True):
            return Dispatch.objects.filter(state__in=["ready", "sent", "unknown"]).count()

    def states(self) -> Counter[str]:
        with tenant_tx(self.world.tenant_id, readonly=True):
            return Counter(Dispatch.objects.values_list("state", flat=True))

    def count(self) -> "Count":
        """Our steps against the platform's own truth, by tag, at every level of the tree."""
        with tenant_tx(self.world.tenant_id, readonly=True):
            steps = list(DispatchStep.objects.exclude(tag=""))
            running = Campaign.objects.filter(status="ACTIVE").count()
        seen: Counter[tuple[str, str]] = Counter()
        active: set[str] = set()
        kept: dict[tuple[str, str], set[str]] = {}
        for account in self.accounts:
            for one in self.sim.objects(account.external_id):
                tag = one["name"].rpartition("[")[2].rstrip("]")
                if one["status"] in ("DELETED", "ARCHIVED"):
                    continue
                seen[one["kind"], tag] += 1
                kept.setdefault((one["kind"], tag), set()).add(str(one["id"]))
                if one["kind"] == "campaign" and one["status"] == "ACTIVE":
                    active.add(tag)
        kinds = {"ad_set": "adset"}
        keys = [(_kind(seen, step.object_type, kinds), step.tag) for step in steps]
        return Count(
            launches=len(self.jobs),
            objects=len(steps),
            duplicates=sum(seen[key] - 1 for key in keys if seen[key] > 1),
            lost=sum(1 for key in keys if not seen[key])
            + sum(
                1
                for key, step in zip(keys, steps, strict=True)
                if seen[key] and step.external_id not in kept[key]
            ),
            active=len(active),
            running=running,
        )


def _kind(seen: Counter[tuple[str, str]], ours: str, names: dict[str, str]) -> str:
    known = {kind for kind, _tag in seen}
    return ours if ours in known else names.get(ours, ours)


@dataclass(frozen=True)
class Count:
    launches: int
    objects: int
    duplicates: int
    lost: int
    active: int
    running: int


def prepare(
    cast: Cast, sim: Simulator, *, accounts: int, timezone: str = "America/New_York"
) -> Launches:
    """Connect the cast's test business to `accounts` ad accounts of the simulator."""
    rows = []
    business = cast.test_business
    for number in range(accounts):
        person = sim.person(f"Person {number}", currency="USD", timezone=timezone)
        with tenant_tx(cast.tenant.id):
            grant = Connection(
                tenant_id=cast.tenant.id,
                business=business,
                platform="meta",
                environment="test",
                status="connected",
                created_at=now(),
                disconnected_at=None if number == 0 else now(),
            )
            grant.sealed_token = settings.KEY_RING.encrypt(
                person.access_token, context=token_context(grant)
            )
            grant.save(force_insert=True)
            rows.append(
                AdAccount.objects.create(
                    tenant_id=cast.tenant.id,
                    connection=grant,
                    business=business,
                    platform="meta",
                    environment="test",
                    external_id=person.ad_account,
                    name=person.user_id,
                    currency="USD",
                    timezone=timezone,
                    status="active",
                    created_at=now(),
                )
            )
        cast.extra[person.ad_account] = {"page": person.page, "pixel": person.pixel}
    return Launches(World(cast, rows[0]), sim, rows)


def run_until_done(
    launches: Launches, fleet: Fleet, *, seconds: float, kills: int = 0, pause: float = 0.3
) -> float:
    """Kill at random moments of the whole run until nothing is open; returns how long it took."""
    started = time.monotonic()
    open_jobs = launches.open_jobs()
    marks = sorted(fleet.draw.uniform(0.1, 1.0) * open_jobs for _ in range(kills))
    while open_jobs and time.monotonic() - started < seconds:
        time.sleep(fleet.draw.uniform(0.12, 0.45) if kills else pause)
        if marks and open_jobs <= marks[-1]:
            marks.pop()
            fleet.kill_one()
        open_jobs = launches.open_jobs()
    return time.monotonic() - started
