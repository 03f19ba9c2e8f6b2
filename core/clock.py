"""The wall clock, read at the edges only. Inner code takes `now` as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """Aware UTC time of the wall clock."""
    return datetime.now(UTC)
