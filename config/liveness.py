"""What must keep working behind the requests: the threads this process promised to run, and every
loop's last good turn, whichever process runs it.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from core.clock import now

_promised: set[str] = set()
_since = now()
# A turn longer than this is a fault. A claim of the dispatcher may be a dozen slow platform calls,
# and the embedded worker has one slot, which a long read-back keeps.
LOOPS = {
    "billing": timedelta(minutes=5),
    "dispatch": timedelta(minutes=5),
    "generate": timedelta(minutes=5),
    "kill": timedelta(minutes=2),
    "kill-sweep": timedelta(minutes=2),
    "mail": timedelta(minutes=2),
    "webhooks": timedelta(minutes=2),
    "worker": timedelta(minutes=5),
}


def promise(names: Iterable[str]) -> None:
    """Remember the names of the threads that must stay alive in this process."""
    _promised.update(names)


def missing() -> list[str] | None:
    """Promised threads that are not alive, sorted; None where none was ever promised."""
    if not _promised:
        return None
    alive = {thread.name for thread in threading.enumerate() if thread.is_alive()}
    return sorted(_promised - alive)


def standing(turned: Mapping[str, datetime], moment: datetime, *, lenient: bool) -> list[str]:
    """Loops without a good turn for too long. `lenient` counts from this process's start, as a
    loop that starts beside it needs a moment.
    """
    since = _since if lenient else datetime.min.replace(tzinfo=moment.tzinfo)
    return [
        name
        for name, within in LOOPS.items()
        if moment - max(turned.get(name, since), since) > within
    ]
