"""Kills at the protocol's named points in turn, so that no run depends on the luck of a draw."""

import os
import random
import signal
from collections import Counter
from pathlib import Path

# Those of recovery come last: each death there leaves the doubt that leads to the next.
POINTS = [
    "dispatch.after_claim",
    "dispatch.after_recheck",
    "dispatch.before_call",
    "dispatch.after_call",
    "dispatch.before_result",
    "dispatch.after_result",
    "dispatch.before_activate",
    "outbox.before_commit",
    "audit.before_commit",
    "reconcile.after_claim",
    "reconcile.before_adopt",
    "reconcile.after_adopt",
]


def kills_of(log: Path) -> Counter[str]:
    return Counter(log.read_text().split()) if log.exists() else Counter()


class Schedule:
    """The k-th of `kills` deaths waits for point k mod 12; a process passes up to `spread` points
    before it takes its turn. Stands in the place of `core.failpoints._act`.
    """

    def __init__(self, log: Path, *, kills: int, spread: int) -> None:
        self.log, self.kills = log, kills
        self.wait = random.randint(0, spread)

    def __call__(self, name: str, _action: str) -> None:
        self.wait -= 1
        if self.wait >= 0:
            return
        dead = kills_of(self.log).total()
        if dead < self.kills and name == POINTS[dead % len(POINTS)]:
            with self.log.open("a") as log:
                log.write(f"{name}\n")
            os.kill(os.getpid(), signal.SIGKILL)
