"""What was delivered and what of it can be seen by now: the one source of insights and ledger."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q, Sum

from platforms.simulator.account_run import epoch_hour
from platforms.simulator.models import Arrival, Delivery

Key = tuple[int, date, str]


@dataclass(slots=True)
class Totals:
    """Sums of cells; `windows` maps a click window in days to [conversions, value]."""

    impressions: int = 0
    reach: int = 0
    clicks: int = 0
    link_clicks: int = 0
    spend: int = 0
    windows: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add(self, other: "Totals") -> None:
        """Add another's sums."""
        self.impressions += other.impressions
        self.reach += other.reach
        self.clicks += other.clicks
        self.link_clicks += other.link_clicks
        self.spend += other.spend
        for window, (count, value) in other.windows.items():
            self.windows[window][0] += count
            self.windows[window][1] += value

    def converted(self, within_days: int = 30) -> tuple[int, int]:
        """(conversions, value in minor units) whose click lies at most so many days before."""
        held = [pair for window, pair in self.windows.items() if window <= within_days]
        return sum(pair[0] for pair in held), sum(pair[1] for pair in held)


def cells(
    scope: Q, *, since: date | None, until: date | None, seen_by: datetime | None
) -> dict[Key, Totals]:
    """Totals by (ad row id, day, platform). `scope` filters on `ad…`; conversions are those
    reported by `seen_by`, all that will ever be where it is None.
    """
    if since is not None:
        scope &= Q(day__gte=since)
    if until is not None:
        scope &= Q(day__lte=until)
    found: dict[Key, Totals] = {}
    columns = ("impressions", "reach", "clicks", "link_clicks", "spend")
    rows = Delivery.objects.filter(scope).order_by("day", "ad", "platform")
    for ad, day, platform, *numbers in rows.values_list("ad", "day", "platform", *columns):
        found[ad, day, platform] = Totals(*numbers)
    late = Arrival.objects.filter(scope)
    if seen_by is not None:
        late = late.filter(lands__lte=epoch_hour(seen_by))
    sums = late.values("ad", "day", "platform", "window").annotate(
        count=Sum("conversions"), worth=Sum("value")
    )
    for row in sums:
        cell = found[row["ad"], row["day"], row["platform"]]
        cell.windows[row["window"]] = [row["count"], row["worth"]]
    return found
