"""Dispatcher processes that a harness may kill: `python -m tests.bars.dispatchers`.

One parent loads Django once and keeps WORKERS children alive; each child is what `manage.py
dispatcher` runs (MODE=loops) or the one process of the embedded mode (MODE=embedded), whose loops
start once a task of TASK_S seconds is executing; the next of its kind follows it without a pause.
A child that dies is replaced at once; its pid is written to PIDS, one line a start. KILLS deaths
are spread over the named points of the protocol (`tests.bars.kill_schedule`).
"""

import os
import random
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

from tests.bars.kill_schedule import Schedule

TASKS = 100
executing = threading.Event()


def cache_the_flag() -> None:
    """The defect M7's control plants: the switch is read once and remembered."""
    from campaigns.dispatch import recheck

    recheck.kill_reason = lambda _dispatch: ""
    recheck.refusal_at_claim = lambda _dispatch: ""


def resend() -> None:
    """The defect D1's control plants: what may have been made is made again unseen."""
    from campaigns.dispatch import reconcile

    reconcile.resolve = lambda _work, step: reconcile._again(step, reconcile.RESENT)


def messages_only() -> None:
    """The defect D5's control plants: one message starts one piece of work, nothing else does."""
    import redis

    from campaigns.dispatch import loop
    from core import queue

    heard = threading.local()

    def wait(name: str, _seconds: float) -> None:
        try:
            while queue._redis().blpop([f"bell:{name}"], timeout=5) is None:
                pass
        except redis.RedisError:
            threading.Event().wait()
        heard.name = name

    def run_once(moment: datetime, *, stops_only: bool = False) -> int:
        if heard.__dict__.pop("name", "") != "campaigns.dispatch":
            return 0
        rows = loop.DISPATCH_DUE.rows(moment=moment, stops_only=stops_only, most=1)
        ticker = loop.Ticker(moment)
        return sum(loop._work_one(row["tenant_id"], row["dispatch_id"], ticker) for row in rows)

    queue.wait, loop.run_once = wait, run_once


CONTROLS = {"cached_flag": cache_the_flag, "resend": resend, "messages_only": messages_only}


def schedule_kills() -> None:
    """A fresh schedule for this child; before Django is set up nothing may be imported."""
    from core import failpoints

    if os.environ["KILLS"] != "0":
        failpoints._ACTIONS = {"*": "scheduled"}
        failpoints._act = Schedule(
            Path(os.environ["POINTS"]),
            kills=int(os.environ["KILLS"]),
            spread=int(os.environ["SPREAD"]),
        )


def child(mode: str) -> None:
    from config import embedded

    schedule_kills()

    if "CONTROL" in os.environ:
        CONTROLS[os.environ["CONTROL"]]()
    if mode == "loops":
        sys.exit(0 if embedded.run_loops() else 1)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_args: stop.set())
    embedded.start_celery()
    for _ in range(TASKS):
        report.delay(seconds=float(os.environ["TASK_S"]))
    executing.wait()
    embedded.start_loops(stop)
    stop.wait()


def main() -> None:
    import django

    django.setup()
    from django.db import connections

    import config.embedded  # noqa: F401 - loaded once, before the children
    from config.celery import app

    global report

    @app.task(name="bars.report")
    def report(seconds: float) -> None:
        with Path(os.environ["TASKS"]).open("a") as log:
            log.write(f"{os.getpid()} started\n")
            log.flush()
            executing.set()
            time.sleep(seconds)
            log.write(f"{os.getpid()} finished\n")

    app.finalize()
    connections.close_all()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_args: stopping.set())
    mode, workers = os.environ["MODE"], int(os.environ["WORKERS"])
    alive: set[int] = set()
    while not stopping.is_set():
        while len(alive) < workers:
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                random.seed()
                try:
                    child(mode)
                finally:
                    os._exit(0)
            alive.add(pid)
            with Path(os.environ["PIDS"]).open("a") as log:
                log.write(f"{pid}\n")
        dead, _status = os.waitpid(-1, os.WNOHANG)
        alive.discard(dead)
        if not dead:
            time.sleep(0.02)
    for pid in alive:
        os.kill(pid, signal.SIGTERM)
    for pid in alive:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
