"""Sums as they are read, and how far they can be relied upon."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from analytics.domain.forecast import Forecast
from analytics.domain.metrics import NOTHING, Sums
from analytics.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Where:
    """Whose facts were summed up: of one business or of all in an environment."""

    environment: str
    business_id: UUID | None
    time_zones: list[str]


@dataclass(frozen=True, slots=True)
class Freshness:
    """When the ad account that waits longest was read, the last day whose numbers no longer move,
    and the last day that was read after it had ended; None where there is none.
    """

    as_of: datetime | None = None
    final_until: date | None = None
    complete_until: date | None = None

    def is_final(self, day: date) -> bool:
        return self.final_until is not None and day <= self.final_until

    def counting_from(self, since: date, until: date) -> date | None:
        """The first day of a range that still counts, None where all are final."""
        if self.is_final(until):
            return None
        if self.final_until is None:
            return since
        return max(since, self.final_until + timedelta(days=1))


@dataclass(slots=True)
class Summary:
    """One currency's sums of a range; `accounts` are those that delivered in it, `before` the sums
    of the range it is compared with.
    """

    currency: str
    sums: Sums = field(default_factory=lambda: dict(NOTHING))
    by_platform: dict[str, Sums] = field(default_factory=dict)
    accounts: set[UUID] = field(default_factory=set)
    freshness: Freshness = field(default_factory=Freshness)
    before: Sums | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The sums of one ad set or ad; `parent` is an ad's ad set."""

    id: UUID
    name: str
    sums: Sums
    parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The first parts by spend, and how many there are."""

    rows: list[Part]
    total: int


@dataclass(frozen=True, slots=True)
class Point:
    """The sums of one day or week of a series."""

    period: Period
    sums: Sums


@dataclass(frozen=True, slots=True)
class Series:
    """One line through time in one currency; `key` is what it is broken down by (a row's key, or
    the publisher platform), None where it is the whole.
    """

    currency: str
    key: UUID | str | None
    name: str | None
    sums: Sums
    freshness: Freshness
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One metric over one horizon. `needed` and `known` are days of history."""

    metric: str
    found: Forecast
    needed: int
    known: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """One currency's predictions for the days of `period`."""

    currency: str
    period: Period
    freshness: Freshness
    metrics: list[Prediction]
