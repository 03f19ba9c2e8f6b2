"""Background loops record their good turns, so that one that fails each time is noticed."""

from datetime import datetime, timedelta

from accounts.models import LoopTurn

WRITE_EVERY = timedelta(seconds=15)  # a turn takes a fraction of a second; a row each would not


class Turns:
    """One loop's record; made when the loop starts."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._written: datetime | None = None

    def good(self, now: datetime) -> None:
        """A turn ended without an error."""
        if self._written is not None and now - self._written < WRITE_EVERY:
            return
        LoopTurn.objects.update_or_create(name=self._name, defaults={"turned_at": now})
        self._written = now


def last_turns() -> dict[str, datetime]:
    """Loop → its last good turn."""
    return dict(LoopTurn.objects.values_list("name", "turned_at"))
