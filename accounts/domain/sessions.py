"""Where a person is logged in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class PersonSession:
    """One place where a person is logged in; `row` is the key of its own table's row."""

    id: UUID
    kind: str  # browser, key
    row: Any
    name: str
    address: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    is_current: bool
