"""Which threads this process promised to run; readiness compares them with those alive."""

import threading
from collections.abc import Iterable

_promised: set[str] = set()


def promise(names: Iterable[str]) -> None:
    """Remember the names of the threads that must stay alive in this process."""
    _promised.update(names)


def missing() -> list[str] | None:
    """Promised threads that are not alive, sorted; None where none was ever promised."""
    if not _promised:
        return None
    alive = {thread.name for thread in threading.enumerate() if thread.is_alive()}
    return sorted(_promised - alive)
