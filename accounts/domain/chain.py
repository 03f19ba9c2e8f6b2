"""The hash chain of audit rows: what is hashed, and how."""

import hashlib
from collections.abc import Mapping
from typing import Any

from core.canonical import canonical_json

GENESIS = "0" * 64


def row_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of all of a row but its own hash; ids, enums, integers,
    digests and times as text only.
    """
    return hashlib.sha256(canonical_json(row)).hexdigest()


def is_next(row: Mapping[str, Any], *, seq: int, previous_hash: str) -> bool:
    """Whether a row follows the row at `seq` with `previous_hash`."""
    return bool(row["chain_seq"] == seq + 1 and row["prev_hash"] == previous_hash)


def detail_digest(salt: str, data: Any) -> str:
    """Salted digest of a detail row: deletable without breaking the chain, not guessable
    afterwards.
    """
    return hashlib.sha256(salt.encode() + canonical_json(data)).hexdigest()
