"""Bells: rows are the truth, a ring only saves the wait for the next beat.

Embedded, a bell is an event in this process; with REDIS_URL it is a Redis list, so that any web
process wakes the dispatcher's. A lost ring costs at most one beat.
"""

import contextlib
import threading
from collections import defaultdict
from functools import cache

import redis
import structlog
from django.conf import settings
from django.db import transaction
from redis.commands.core import Script

log = structlog.get_logger(__name__)
_bells: dict[str, threading.Event] = defaultdict(threading.Event)
NAMES = frozenset(
    {
        "billing.inbound",
        "campaigns.dispatch",
        "campaigns.kill",
        "campaigns.reconcile",
        "creatives.generate",
        "mail.send",
        "webhooks.deliver",
    }
)


class UnknownBellError(LookupError):
    """The bell's name is not in `NAMES`."""


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=1)


@cache
def _strike() -> Script:
    """One command: a bell that has rung already stays as it is."""
    return _redis().register_script(
        "if redis.call('LLEN', KEYS[1]) == 0 then redis.call('LPUSH', KEYS[1], '1') end"
    )


def _check(name: str) -> None:
    if name not in NAMES:
        raise UnknownBellError(name)


def ring(name: str) -> None:
    """Wake the loop `name` once this transaction has committed; never raises for a broker that
    is away.
    """
    _check(name)
    transaction.on_commit(lambda: _ring_now(name), robust=True)


def _ring_now(name: str) -> None:
    _bells[name].set()
    if settings.REDIS_URL:
        with contextlib.suppress(redis.RedisError):
            _strike()([f"bell:{name}"])


def wait(name: str, seconds: float) -> None:
    """Return when the bell rang or `seconds` have passed."""
    _check(name)
    if not settings.REDIS_URL:
        _bells[name].wait(seconds)
        _bells[name].clear()
        return
    try:
        _redis().blpop([f"bell:{name}"], timeout=seconds)
    except redis.RedisError:
        log.warning("bell_unreachable", bell=name)
        _bells[name].wait(seconds)
        _bells[name].clear()
