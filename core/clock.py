"""The wall clock, read at the edges only. Inner code takes `now` as an argument."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


def now() -> datetime:
    """Aware UTC time of the wall clock."""
    return datetime.now(UTC)


class AccountClock(Protocol):
    """What an ad account knows of its platform's time."""

    environment: str
    clock_offset_s: int


def platform_now(account: AccountClock, *, at: datetime) -> datetime:
    """The time at the account's platform when the wall clock shows `at`.

    A test account lives in the simulator's time, as the last sync read it; a live one in ours.
    """
    if account.environment != "test":
        return at
    return at + timedelta(seconds=account.clock_offset_s)
