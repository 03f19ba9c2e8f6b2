"""Positions in a list: those that the API hands out, and those in the address of a page."""

import base64
import binascii
import json
from datetime import UTC, datetime
from uuid import UUID

from core.errors import InvalidError


def read_position(text: str) -> tuple[datetime, UUID] | None:
    """Moment and id of `<ISO time>_<hex id>`; None for what no page has written."""
    at, _sep, tail = text.rpartition("_")
    try:
        moment, last = datetime.fromisoformat(at), UUID(tail)
        return (moment.astimezone(UTC), last) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def make_cursor(moment: datetime, key: UUID) -> str:
    """Opaque position behind a row in `-created_at, -id` order."""
    raw = json.dumps([moment.isoformat(), str(key)]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The row a cursor stands behind; raises InvalidError for one that this API did not make."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        moment_text, key_text = json.loads(raw)
        moment, key = datetime.fromisoformat(moment_text).astimezone(UTC), UUID(key_text)
    except (
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        binascii.Error,
    ) as error:
        raise InvalidError("cursor is not one that this API returned.", field="cursor") from error
    return moment, key
