"""When keys were last used: noted in memory, written once a minute, so that requests need not wait.

A process that dies loses at most its last minute.
"""

import threading
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import ApiKey
from core.tenancy import tenant_tx

FLUSH_EVERY = timedelta(minutes=1)


class _Notes:
    """What this process has seen since its last write."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.since: datetime | None = None
        self.seen: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)

    def add(self, tenant_id: UUID, key_id: UUID, now: datetime) -> dict[UUID, dict[UUID, datetime]]:
        """Note one use; returns what is due to be written, and forgets it."""
        with self.lock:
            self.since = self.since or now
            self.seen[tenant_id][key_id] = now
            if now - self.since < FLUSH_EVERY:
                return {}
            due, self.seen, self.since = self.seen, defaultdict(dict), now
            return due


_notes = _Notes()


def note_use(tenant_id: UUID, key_id: UUID, *, now: datetime) -> None:
    """Remember that a key was used; once a minute everything remembered is written."""
    for tenant, keys in _notes.add(tenant_id, key_id, now).items():
        with tenant_tx(tenant):
            for key, moment in keys.items():
                ApiKey.objects.filter(pk=key).update(last_used_at=moment)
