"""One ad account over a stretch of hours: its ads and budgets out of the database, its hours
through the market, its days back.
"""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Sum

from platforms.simulator import review
from platforms.simulator.budgets import Budgets
from platforms.simulator.graph.rules import has_budget
from platforms.simulator.market import delays, engine
from platforms.simulator.market.families import DEFAULT, PER_CENT, Family, traits
from platforms.simulator.models import ACTIVE, AD, AdAccount, Arrival, Delivery, Node

FOREVER = 2**40
PEOPLE_PER_COUNTRY = 2_000_000
NARROWED = 0.2
VIEWS_A_DAY = 1.18  # impressions per person reached on one day
COLUMNS = ("impressions", "clicks", "link_clicks", "spend")


def epoch_hour(moment: datetime) -> int:
    """Whole hours since 1970."""
    return int(moment.timestamp() // 3600)


@dataclass(slots=True)
class Line:
    """An ad that may deliver, with its relatives."""

    ad: Node
    ad_set: Node
    campaign: Node
    creative: Node

    def budget_owner(self) -> Node:
        return self.campaign if has_budget(self.campaign.data) else self.ad_set

    def live_from(self) -> int:
        starts = [one.data.get("start_time") for one in (self.ad_set, self.campaign)]
        moments = [datetime.fromisoformat(text) for text in starts if text]
        if self.ad.reviewed_at:
            moments.append(self.ad.reviewed_at)
        return max((math.ceil(moment.timestamp() / 3600) for moment in moments), default=0)

    def live_until(self) -> int:
        ends = [self.ad_set.data.get("end_time"), self.campaign.data.get("stop_time")]
        # An end in the last second of an hour includes that hour.
        hours = [
            math.floor((datetime.fromisoformat(text).timestamp() + 1) / 3600)
            for text in ends
            if text
        ]
        return min(hours, default=FOREVER)

    def audience(self) -> float:
        targeting = self.ad_set.data.get("targeting") or {}
        countries = (targeting.get("geo_locations") or {}).get("countries") or ["US"]
        ages = (targeting.get("age_max") or 65) - (targeting.get("age_min") or 18) + 1
        people = PEOPLE_PER_COUNTRY * len(countries) * ages / 48
        return people * (NARROWED if targeting.get("flexible_spec") else 1.0)

    def facebook_share(self, family: Family) -> float:
        chosen = (self.ad_set.data.get("targeting") or {}).get("publisher_platforms") or []
        if "facebook" in chosen and "instagram" not in chosen:
            return 1.0
        return 0.0 if chosen and "facebook" not in chosen else family.facebook_share

    def content(self) -> str:
        targeting = json.dumps(self.ad_set.data.get("targeting") or {}, sort_keys=True)
        return review.creative_text(self.creative) + targeting


def lines_of(account: AdAccount) -> list[Line]:
    """Ads whose own status and parents let them deliver, by age."""
    ads = list(
        Node.objects.filter(
            account=account, kind=AD, status=ACTIVE, parent__status=ACTIVE, review_reason=""
        ).order_by("pk")
    )
    keys = {key for ad in ads for key in (ad.parent_id, ad.campaign_key, ad.creative_key) if key}
    found = Node.objects.in_bulk(keys)
    return [
        Line(ad, found[ad.parent_id], found[ad.campaign_key], found[ad.creative_key])
        for ad in ads
        if ad.parent_id and found[ad.campaign_key].status == ACTIVE
    ]


@dataclass(slots=True)
class AccountRun:
    """The work of one `advance` for one account."""

    account: AdAccount
    seed: int
    since: int
    until: int
    family: Family
    lines: list[Line]
    ads: engine.Ads
    budgets: Budgets
    seen: engine.Floats
    live_from: engine.Ints
    live_until: engine.Ints
    days: dict[date, engine.Ints] = field(default_factory=dict)
    late: list[tuple[date, int, delays.Late]] = field(default_factory=list)

    @classmethod
    def load(
        cls, account: AdAccount, *, seed: int, since: datetime, until: datetime
    ) -> "AccountRun | None":
        """None where nothing can deliver."""
        lines = lines_of(account)
        if not lines:
            return None
        owners = list({line.budget_owner().pk: line.budget_owner() for line in lines}.values())
        place = {owner.pk: index for index, owner in enumerate(owners)}
        group = [place[line.budget_owner().pk] for line in lines]
        family = DEFAULT
        return cls(
            account=account,
            seed=seed,
            since=epoch_hour(since),
            until=epoch_hour(until),
            family=family,
            lines=lines,
            ads=_market_ads(lines, group, family=family, seed=seed, currency=account.currency),
            budgets=Budgets.load(owners, zone=ZoneInfo(account.timezone)),
            seen=_seen(lines),
            live_from=np.array([line.live_from() for line in lines], dtype=np.int64),
            live_until=np.array([line.live_until() for line in lines], dtype=np.int64),
        )

    def deliver(self) -> None:
        """Run every hour in which an ad is live."""
        zone = ZoneInfo(self.account.timezone)
        for hour in range(self.since, self.until):
            live = (self.live_from <= hour) & (hour < self.live_until)
            if live.any():
                local = datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone)
                self._hour(hour, local, live)

    def _hour(self, hour: int, local: datetime, live: engine.Mask) -> None:
        day = local.date()
        if self.budgets.day != day:
            rng = engine.generator(self.seed, self.account.pk, -day.toordinal())
            factors = engine.day_factors(self.family, rng, len(self.budgets.owners))
            self.budgets.open_day(day, factors)
        rng = engine.generator(self.seed, self.account.pk, hour)
        limit = self.budgets.limit()
        plan = engine.planned(
            self.budgets.target,
            limit,
            factors=self.budgets.factors,
            hour=local.hour,
            weekday=local.weekday(),
        )
        done = engine.deliver(
            self.family, self.ads, rng, live=live, plan=plan, limit=limit, seen=self.seen
        )
        self.budgets.spent(np.bincount(self.ads.group, done.spend.sum(axis=1), len(limit)))
        self.seen += done.impressions.sum(axis=1)
        if day not in self.days:
            self.days[day] = np.zeros((len(self.lines), 2, len(COLUMNS)), dtype=np.int64)
        self.days[day] += np.stack([getattr(done, name) for name in COLUMNS], axis=2)
        if done.conversions.any():
            spread = delays.spread(self.family, done.conversions, self.ads.order, rng=rng)
            self.late.append((day, hour, spread))

    def store(self) -> None:
        """Write days, late conversions and budgets back."""
        self._store_days()
        self._store_late()
        self.budgets.store()

    def _store_days(self) -> None:
        if not self.days:
            return
        totals = {
            (row.ad_id, row.day, row.platform): row
            for row in Delivery.objects.filter(
                ad__in=[line.ad.pk for line in self.lines], day=min(self.days)
            )
        }
        rows = []
        for day, cells in self.days.items():
            for index, platform in zip(*np.nonzero(cells[:, :, 0]), strict=True):
                key = (self.lines[index].ad.pk, day, engine.PLATFORMS[platform])
                row = totals.get(key) or Delivery(ad_id=key[0], day=day, platform=key[2])
                for name, value in zip(COLUMNS, cells[index, platform], strict=True):
                    setattr(row, name, getattr(row, name) + int(value))
                row.reach = round(row.impressions / VIEWS_A_DAY)
                rows.append(row)
        Delivery.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["ad", "day", "platform"],
            update_fields=[*COLUMNS, "reach"],
        )

    def _store_late(self) -> None:
        sums: dict[tuple[Any, ...], list[int]] = {}
        for day, hour, late in self.late:
            lands = late.hours + hour
            for ad, platform, at, window, value in zip(
                late.ad.tolist(),
                late.platform.tolist(),
                lands.tolist(),
                late.window.tolist(),
                late.value.tolist(),
                strict=True,
            ):
                total = sums.setdefault((ad, day, platform, at, window), [0, 0])
                total[0] += 1
                total[1] += value
        Arrival.objects.bulk_create(
            Arrival(
                ad_id=self.lines[ad].ad.pk,
                day=day,
                platform=engine.PLATFORMS[platform],
                lands=at,
                window=window,
                conversions=count,
                value=value,
            )
            for (ad, day, platform, at, window), (count, value) in sums.items()
        )


def _market_ads(
    lines: list[Line], group: list[int], *, family: Family, seed: int, currency: str
) -> engine.Ads:
    worth = [traits(family, seed=seed, content=line.content(), currency=currency) for line in lines]
    rate = PER_CENT.get(currency, 1.0)
    return engine.Ads(
        group=np.array(group, dtype=np.int64),
        ctr=np.array([one.ctr for one in worth]),
        cvr=np.array([one.cvr for one in worth]),
        order=np.array([one.order for one in worth]),
        cpm=np.full(len(lines), family.cpm * rate),
        audience=np.array([line.audience() for line in lines]),
        facebook=np.array([line.facebook_share(family) for line in lines]),
    )


def _seen(lines: list[Line]) -> engine.Floats:
    totals = dict(
        Delivery.objects.filter(ad__in=[line.ad.pk for line in lines])
        .values("ad")
        .annotate(total=Sum("impressions"))
        .values_list("ad", "total")
    )
    return np.array([float(totals.get(line.ad.pk, 0)) for line in lines])
