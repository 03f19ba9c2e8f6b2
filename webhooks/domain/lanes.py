"""Who is sent to next: an endpoint that hangs, and a tenant of many, leave room for all others."""

from dataclasses import dataclass, field
from uuid import UUID

SENDERS = 128  # at a time; a sender that waits for an answer costs a thread and nothing else
A_TENANT = 16  # of them for one tenant
DOUBTFUL = 32  # of them for endpoints that failed or were slow the last time
DOUBTFUL_OF_A_TENANT = 4
SLOW_S = 2.0


@dataclass
class Lanes:
    """Endpoints that are being sent to, and those in doubt. Not for threads: the caller locks."""

    _busy: dict[UUID, tuple[UUID, bool]] = field(default_factory=dict)
    _slow: set[UUID] = field(default_factory=set)

    def enter(self, tenant_id: UUID, endpoint_id: UUID, *, is_failing: bool) -> bool:
        """Take a place for an endpoint; False where it has one already or none is left for it."""
        doubtful = is_failing or endpoint_id in self._slow
        theirs = [found for found in self._busy.values() if found[0] == tenant_id]
        if endpoint_id in self._busy or len(self._busy) >= SENDERS or len(theirs) >= A_TENANT:
            return False
        if doubtful:
            of_all = sum(found[1] for found in self._busy.values())
            of_theirs = sum(found[1] for found in theirs)
            if of_all >= DOUBTFUL or of_theirs >= DOUBTFUL_OF_A_TENANT:
                return False
        self._busy[endpoint_id] = (tenant_id, doubtful)
        return True

    def leave(self, endpoint_id: UUID, *, seconds_a_try: float) -> None:
        """Give the place back, and remember whether the endpoint was slow."""
        del self._busy[endpoint_id]
        if seconds_a_try >= SLOW_S:
            self._slow.add(endpoint_id)
        else:
            self._slow.discard(endpoint_id)
