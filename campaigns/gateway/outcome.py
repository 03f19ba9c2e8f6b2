"""What the gate answers to one command."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import orjson

APPLIED, DISPATCHING = "applied", "dispatching"
PENDING, DENIED = "pending_approval", "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer every face prints in its own shape. Ids are public; `before` and `after` name the
    changed fields, money in micros. `duplicate` marks an answer that an earlier, still open
    proposal of the same change had got.
    """

    status: str
    action: str
    target_type: str
    target_id: str
    target_name: str = ""
    campaign_id: str = ""
    created_id: str = ""
    reason: str = ""
    detail: str = ""
    verdict_id: str = ""
    pending_action_id: str = ""
    job_id: str = ""
    axes: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    currency: str = ""
    risk: str = ""
    expires_at: str = ""
    duplicate: bool = False
    replayed: bool = False

    @property
    def is_denied(self) -> bool:
        return self.status == DENIED

    def as_bytes(self) -> bytes:
        """The stored answer of a keyed request."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Outcome":
        """The kept answer, marked as replayed."""
        return cls(**{**orjson.loads(raw), "replayed": True})


def iso(moment: datetime) -> str:
    """UTC time with Z, to the second."""
    return moment.isoformat()[:19] + "Z"
