"""The platform's time: the simulator's for test accounts, the wall clock's for live ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import platform_now

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Account:
    environment: str
    clock_offset_s: int


def test_only_a_test_account_has_a_time_of_its_own():
    ahead = int(timedelta(days=10).total_seconds())
    assert platform_now(Account("test", ahead), at=AT) == AT + timedelta(days=10)
    assert platform_now(Account("live", ahead), at=AT) == AT
