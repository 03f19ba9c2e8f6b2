"""Public ids: TypeID (prefix, underscore, 26 base32 characters of a UUIDv7)."""

from uuid import UUID

import uuid_utils.compat

from core.errors import NotFoundError

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DECODE = {char: value for value, char in enumerate(ALPHABET)}
_PAIRS = [a + b for a in ALPHABET for b in ALPHABET]
_THREES = [pair + char for pair in _PAIRS for char in ALPHABET]  # 2 MB; lists print three ids a row
_LOW = (1 << 60) - 1


def new_uuid() -> UUID:
    """A fresh UUIDv7: sorts by time of creation."""
    return uuid_utils.compat.uuid7()


def encode(prefix: str, value: UUID) -> str:
    """`camp_01j…` of a UUID."""
    return encode_number(prefix, value.int)


def encode_number(prefix: str, number: int) -> str:
    """`camp_01j…` of a UUID's number."""
    high, low, three = number >> 60, number & _LOW, _THREES
    return (
        f"{prefix}_{_PAIRS[high >> 60]}{three[high >> 45 & 32767]}{three[high >> 30 & 32767]}"
        f"{three[high >> 15 & 32767]}{three[high & 32767]}{three[low >> 45]}"
        f"{three[low >> 30 & 32767]}{three[low >> 15 & 32767]}{three[low & 32767]}"
    )


def decode(prefix: str, text: str, *, aliases: tuple[str, ...] = ()) -> UUID:
    """UUID of a public id, of prefix + UUID or of a bare UUID; raises NotFoundError for
    anything else.
    """
    head, _, tail = text.rpartition("_")
    if head and head != prefix and head not in aliases:
        raise NotFoundError
    try:
        if len(tail) == 26:
            return _decode_base32(tail.lower())
        if len(tail) in (32, 36):
            return UUID(tail)
    except (KeyError, ValueError):
        pass
    raise NotFoundError


def _decode_base32(text: str) -> UUID:
    number = 0
    for char in text:
        number = number << 5 | _DECODE[char]
    return UUID(int=number)
