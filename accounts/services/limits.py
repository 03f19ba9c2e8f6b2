"""Counters that hold under concurrency: fixed windows, one atomic increment a window.

With REDIS_URL all windows of a request are counted in one round trip; without it in the process's
own cache, which is right because there is one process then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache as memoize
from functools import lru_cache

import redis
import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.commands.core import Script

from core.crypto import hmac_hex
from core.errors import AppError, RateLimitedError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` hits in each window of `seconds`."""

    name: str
    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A window after a hit: whether the hit was within it, what is left, when it starts afresh."""

    limit: Limit
    allowed: bool
    remaining: int
    reset_at: int


class CountersUnavailableError(AppError):
    """The counters cannot be reached; what they protect stays closed."""

    code = "temporarily_unavailable"
    status = 503
    message = "Sign-in is not available for a moment."
    hint = "Retry in a few seconds."


LOGIN_PER_USER = Limit("login-user", 10, 300)
LOGIN_PER_ADDRESS = Limit("login-address", 10, 300)
LOGIN_GLOBAL = Limit("login-global", 1000, 300)
CODE_PER_HOUR = Limit("code-hour", 20, 3600)
CODE_PER_DAY = Limit("code-day", 50, 86_400)
CODE_PER_ADDRESS = Limit("code-address", 30, 300)
CODE_GLOBAL = Limit("code-global", 200, 300)
REGISTER_PER_ADDRESS = Limit("register-address", 5, 3600)
REGISTER_GLOBAL = Limit("register-global", 200, 3600)
FACTOR = Limit("factor", 5, 300)
RESET_PER_ADDRESS = Limit("reset-address", 30, 300)
RESET_GLOBAL = Limit("reset-global", 200, 300)
MAIL_PER_USER = Limit("mail-user", 5, 3600)
MAIL_PER_ADDRESS = Limit("mail-address", 20, 3600)


def hit(pairs: Sequence[tuple[Limit, str]], *, now: datetime) -> list[Usage]:
    """Count one hit in every window and say how each stands. Raises redis.RedisError when the
    counters are away.
    """
    keys = [_key(limit, subject, now) for limit, subject in pairs]
    counts = _increment(list(zip(keys, (limit.seconds for limit, _ in pairs), strict=True)))
    return [
        Usage(
            limit, used <= limit.count, max(limit.count - used, 0), _window_end(limit.seconds, now)
        )
        for (limit, _), used in zip(pairs, counts, strict=True)
    ]


def require(pairs: Sequence[tuple[Limit, str]], *, now: datetime) -> None:
    """Count one hit in each window, in order, and raise RateLimitedError at the first full one.

    Later windows are then not counted: name the caller's own address first and the global window
    last, so that one caller cannot use up what all share. Fails closed: raises
    CountersUnavailableError when the counters cannot be reached.
    """
    for pair in pairs:
        try:
            usage = hit([pair], now=now)[0]
        except redis.RedisError as error:
            log.warning("counters_unreachable")
            raise CountersUnavailableError from error
        if not usage.allowed:
            wait = max(usage.reset_at - int(now.timestamp()), 1)
            raise RateLimitedError(
                _("Too many attempts; wait before the next one."),
                retry_after=wait,
                details={"retry_after_seconds": wait},
            )


def give_back(pairs: Sequence[tuple[Limit, str]], *, now: datetime) -> None:
    """Take one hit back: an attempt that succeeded does not count as a failed one."""
    for limit, subject in pairs:
        try:
            cache_key = _key(limit, subject, now)
            if settings.REDIS_URL:
                _redis().decr(cache_key)
            else:
                cache.decr(cache_key)
        except (redis.RedisError, ValueError):
            log.warning("counters_unreachable")


def client_address(request: HttpRequest) -> str:
    """The caller's address; X-Forwarded-For is believed only from the configured proxy (its last
    hop).
    """
    if settings.TRUSTED_PROXY_COUNT:
        hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if hops[-1]:
            return hops[-1]
    return str(request.META.get("REMOTE_ADDR", ""))


def _window_end(seconds: int, now: datetime) -> int:
    return (int(now.timestamp()) // seconds + 1) * seconds


def _key(limit: Limit, subject: str, now: datetime) -> str:
    window = int(now.astimezone(UTC).timestamp()) // limit.seconds
    return f"limit:{limit.name}:{window}:{_hidden(settings.SECRET_KEY, subject)}"


@lru_cache(4096)
def _hidden(secret: str, subject: str) -> str:
    """Addresses and people do not stand in the counters' keys."""
    return hmac_hex(secret, subject)[:32]


@memoize
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1)


@memoize
def _count() -> Script:
    """One command for all windows of a request: four cost the client twice the time."""
    return _redis().register_script(
        "local used = {} "
        "for i, key in ipairs(KEYS) do "
        "used[i] = redis.call('INCR', key) redis.call('EXPIRE', key, ARGV[i]) end "
        "return used"
    )


def _increment(keys: list[tuple[str, int]]) -> list[int]:
    if not settings.REDIS_URL:
        return [_increment_local(key, seconds) for key, seconds in keys]
    names = [key for key, _ in keys]
    return [int(used) for used in _count()(names, [seconds + 60 for _, seconds in keys])]


def _increment_local(key: str, seconds: int) -> int:
    cache.add(key, 0, seconds + 60)
    return int(cache.incr(key))
