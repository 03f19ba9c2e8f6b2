"""Meta's usage headers, and the pause they ask for, shared by every process through the cache.

A cache that is away means no known pause: Meta itself refuses what is too much.
"""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import redis
from django.core.cache import cache

USAGE_HEADERS = ("x-business-use-case-usage", "x-ad-account-usage", "x-app-usage")
FULL = 100
DEFAULT_PAUSE_S = 60


def wait_of(headers: Mapping[str, str]) -> int:
    """Seconds to stay away from an account, by the usage headers of an answer; 0 when none.

    `estimated_time_to_regain_access` is in minutes, `reset_time_duration` in seconds; a share of
    100 % without either asks for a minute.
    """
    waits = [0]
    for usage in _usages(headers):
        minutes = _number(usage.get("estimated_time_to_regain_access"))
        shares = (
            "call_count",
            "total_cputime",
            "total_time",
            "acc_id_util_pct",
            "app_id_util_pct",
        )
        full = any(_number(usage.get(name)) >= FULL for name in shares)
        if minutes:
            waits.append(minutes * 60)
        elif full:
            waits.append(_number(usage.get("reset_time_duration")) or DEFAULT_PAUSE_S)
    return max(waits)


def _usages(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Flat usage objects of the three headers; unreadable headers are no limit."""
    for name in USAGE_HEADERS:
        try:
            parsed = json.loads(headers.get(name) or "{}")
        except ValueError:
            continue
        groups = parsed.values() if isinstance(parsed, dict) else ()
        nested = [item for group in groups if isinstance(group, list) for item in group]
        for usage in nested or [parsed]:
            if isinstance(usage, dict):
                yield usage


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def pause(key: str, seconds: int) -> None:
    """Keep everybody away from `key` for `seconds` (at most an hour at a time)."""
    seconds = min(seconds, 3600)
    with contextlib.suppress(redis.RedisError):
        cache.set(f"meta-pause:{key}", time.time() + seconds, timeout=seconds)


def paused_for(key: str) -> int:
    """Whole seconds that `key` is still paused, 0 when it is free."""
    until = None
    with contextlib.suppress(redis.RedisError):
        until = cache.get(f"meta-pause:{key}")
    return max(1, int(until - time.time())) if until and until > time.time() else 0
