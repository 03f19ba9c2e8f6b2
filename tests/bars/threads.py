"""Many callers at one moment, each with its own database connection."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

TOGETHER = 64


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
            connection.close()

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(run, range(count)))
