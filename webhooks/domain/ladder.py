"""When a delivery is tried again, and when an endpoint is given up."""

from datetime import datetime, timedelta

LADDER = tuple(
    timedelta(seconds=seconds) for seconds in (0, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)
)
JITTER = 0.2
DISABLE_AFTER = timedelta(hours=120)
LONGEST_WISH = timedelta(hours=24)
GONE = 410
_RETRIED = frozenset({408, 425, 429})


def is_success(status: int) -> bool:
    """Only 2xx counts as received."""
    return 200 <= status < 300


def is_retried(status: int) -> bool:
    """Whether an answer is worth another try; 0 stands for no answer at all."""
    return status == 0 or status in _RETRIED or status >= 500


def is_refused(status: int) -> bool:
    """Whether the receiver itself turned the delivery down, as it does with a wrong signature."""
    return 400 <= status < 500 and status != GONE and not is_retried(status)


def next_attempt(
    attempts: int, *, now: datetime, draw: float, wish: timedelta | None = None
) -> datetime | None:
    """When to try after `attempts` failed ones; None after the last rung.

    `draw` from 0 to 1 places the try within the jitter of 20 % around the rung; `wish` is the
    receiver's Retry-After, honoured up to a day.
    """
    if attempts >= len(LADDER):
        return None
    wait = LADDER[attempts] * (1 - JITTER + 2 * JITTER * draw)
    return now + max(wait, min(wish or timedelta(), LONGEST_WISH))


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint has failed for so long that it is disabled."""
    return failing_since is not None and now - failing_since >= DISABLE_AFTER
