"""Keyed requests as they are often built: the red controls of the idempotency bars."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.services.idempotency import Answer, KeyReusedError, Slot
from core.actors import Actor


@dataclass
class NaiveKeys:
    """Look up, carry out, then remember: no lock, no common transaction; each flag is a mistake."""

    checks_body: bool = True
    scopes_by_caller: bool = True
    forgets_after: timedelta | None = None
    kept: dict = field(default_factory=dict)

    @contextmanager
    def keyed(
        self, actor: Actor, *, route: str, key: str, body_digest: str, now: datetime
    ) -> Iterator[Slot]:
        scope = (actor.id, route, key) if self.scopes_by_caller else (key,)
        found = self.kept.get(scope)
        if found and self.forgets_after and now - found[2] > self.forgets_after:
            found = None
        if found and self.checks_body and found[1] != body_digest:
            raise KeyReusedError
        time.sleep(0.02)  # what any real look-up takes
        slot = Slot(replay=Answer(*found[0]) if found else None)
        yield slot
        if slot.kept:
            self.kept[scope] = (slot.kept, body_digest, now)
