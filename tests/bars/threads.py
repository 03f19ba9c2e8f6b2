"""Many callers at one moment, each with its own database connection."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connections

TOGETHER = 64


@contextmanager
def alone() -> Iterator[None]:
    """One crowd at a time among the test processes: two need more connections than a server has."""
    with (settings.VAR_DIR / "crowd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def race(count: int, call: Callable[[int], Any]) -> list[Any]:
    """`call(0) … call(count - 1)`, each in a thread, released together; results or exceptions."""
    gate = threading.Barrier(count)

    def run(number: int) -> Any:
        try:
            gate.wait(timeout=60)
            return call(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with alone(), ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(run, range(count)))
