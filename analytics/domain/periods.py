"""Ranges of days, both bounds included, and the ranges they are compared with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DEFAULT_DAYS = 30
MOST_DAYS = 731
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)


class PeriodError(ValueError):
    """A range that cannot be asked for; `field` is the parameter to correct."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `since` to `until`."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def monday(self) -> date:
        """The first day of the week its first day is in."""
        return self.since - timedelta(days=self.since.weekday())

    @property
    def week_end(self) -> date:
        """The Sunday of that week."""
        return self.monday + timedelta(days=6)

    def previous(self) -> "Period":
        """As many days, ending the day before."""
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))

    def year_before(self) -> "Period":
        """The same dates a year earlier; 29 February becomes the 28th."""
        return Period(_year_before(self.since), _year_before(self.until))

    def pieces(self, interval: str) -> Iterator["Period"]:
        """Its days, or its weeks from Monday to Sunday, of which the first and the last are cut."""
        start = self.since
        while start <= self.until:
            last = start if interval == "daily" else Period(start, start).week_end
            yield Period(start, min(last, self.until))
            start = last + timedelta(days=1)


def _year_before(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        day -= timedelta(days=1)
    return day.replace(year=day.year - 1)


def period_of(
    since: date | None, until: date | None, *, today: date, names: tuple[str, str]
) -> Period:
    """The asked range; the last 30 days up to `today` where nothing is said. `names` are the
    caller's parameters. Raises PeriodError.
    """
    last = until or max(today, since or today)
    first = since or last - timedelta(days=DEFAULT_DAYS - 1)
    for name, day in zip(names, (first, last), strict=True):
        if not EARLIEST <= day <= LATEST:
            raise PeriodError(name, f"lies outside {EARLIEST} to {LATEST}")
    if first > last:
        raise PeriodError(names[0], f"{first} is after {last}")
    if (last - first).days >= MOST_DAYS:
        raise PeriodError(names[0], f"the range has more than {MOST_DAYS} days")
    return Period(first, last)
