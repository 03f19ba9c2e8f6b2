"""The world row, and the one write lock: writers of this process queue here, not in SQLite."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from core.clock import now as wall_now
from platforms.simulator.models import World

_lock = threading.RLock()


_world: list[World] = []


def world() -> World:
    """The clock, kept in memory (one process serves this world); do not change it, `move()` it."""
    if not _world:
        _world.append(_loaded())
    return _world[0]


def move(*, now: datetime, delivered_until: datetime) -> World:
    """Set the clock; the caller is `writing()`."""
    old = world()
    moved = World(pk=1, seed=old.seed, now=now, delivered_until=delivered_until)
    moved.save(force_update=True)
    _world[:] = [moved]
    return moved


def _loaded() -> World:
    """The clock row; made at the first call, at SIM_START or at the present hour."""
    found = World.objects.filter(pk=1).first()
    if found is not None:
        return found
    start = wall_now().replace(minute=0, second=0, microsecond=0)
    if settings.SIM_START:
        start = datetime.fromisoformat(settings.SIM_START).astimezone(UTC)
    hour = start.replace(minute=0, second=0, microsecond=0)
    made, _ = World.objects.get_or_create(
        pk=1, defaults={"seed": settings.SIM_SEED, "now": start, "delivered_until": hour}
    )
    return made


@contextmanager
def writing() -> Iterator[None]:
    """One transaction, one writer at a time."""
    with _lock, transaction.atomic(using="sim"):
        yield
