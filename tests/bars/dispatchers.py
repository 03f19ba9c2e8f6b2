"""Dispatcher processes that a harness may kill: `python -m tests.bars.dispatchers`.

One parent loads Django once and keeps WORKERS children alive; each child is what `manage.py
dispatcher` runs (MODE=loops) or the one process of the embedded mode with a Celery task that
blocks its worker (MODE=embedded). A child that dies is replaced at once; its pid is written to
PIDS, one line a start.
"""

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path


def cache_the_flag() -> None:
    """The defect M7's control plants: the switch is read once and remembered."""
    from campaigns.dispatch import recheck

    recheck.kill_reason = lambda _dispatch: ""
    recheck.refusal_at_claim = lambda _dispatch: ""


def child(mode: str) -> None:
    from config import embedded

    if os.environ.get("CONTROL") == "cached_flag":
        cache_the_flag()
    if mode == "loops":
        sys.exit(0 if embedded.run_loops() else 1)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_args: stop.set())
    embedded.start_loops(stop)
    embedded.start_celery()
    block.delay(seconds=float(os.environ["BLOCK_S"]))
    stop.wait()


def main() -> None:
    import django

    django.setup()
    from django.db import connections

    import config.embedded  # noqa: F401 - loaded once, before the children
    from config.celery import app
    from core.failpoints import reach  # noqa: F401

    global block

    @app.task(name="bars.block")
    def block(seconds: float) -> None:
        Path(os.environ["PIDS"] + ".blocked").touch()
        time.sleep(seconds)

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
