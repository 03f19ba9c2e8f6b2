"""Positions in a list that pages carry in their address."""

from datetime import UTC, datetime
from uuid import UUID


def read_position(text: str) -> tuple[datetime, UUID] | None:
    """Moment and id of `<ISO time>_<hex id>`; None for what no page has written."""
    at, _sep, tail = text.rpartition("_")
    try:
        moment, last = datetime.fromisoformat(at), UUID(tail)
        return (moment.astimezone(UTC), last) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
