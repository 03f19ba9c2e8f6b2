"""Sums of a range: by currency, by publisher platform, by ad set and ad of one campaign."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from analytics.domain.metrics import NOTHING, SUMS, Sums, add
from analytics.domain.periods import Period
from analytics.domain.sums import Part, Parts, Summary
from analytics.queries.reach import Reach
from campaigns.models import Ad, AdSet, Campaign
from platforms.metrics.queries import sums_of

_KEYS = ("currency", "ad_account_id", "publisher_platform")


def summaries(
    reach: Reach, period: Period, *, compared: Period | None = None, **narrower: Any
) -> dict[str, Summary]:
    """Currency → its sums in `period` and, as `before`, in `compared`; a currency of either is
    there, sorted.
    """
    found: dict[str, Summary] = {}
    for row in sums_of(reach.facts(period.since, period.until, **narrower).rows(), *_KEYS):
        one = found.setdefault(row["currency"], Summary(row["currency"]))
        one.sums = add(one.sums, row)
        platform = row["publisher_platform"]
        one.by_platform[platform] = add(one.by_platform.get(platform, NOTHING), row)
        one.accounts.add(row["ad_account_id"])
    if compared is not None:
        earlier = _by_currency(reach, compared, **narrower)
        for currency in earlier.keys() | found.keys():
            one = found.setdefault(currency, Summary(currency))
            one.before = earlier.get(currency, NOTHING)
    for one in found.values():
        one.freshness = reach.freshness(one.accounts)
    return dict(sorted(found.items()))


def _by_currency(reach: Reach, period: Period, **narrower: Any) -> dict[str, Sums]:
    rows = sums_of(reach.facts(period.since, period.until, **narrower).rows(), "currency")
    return {row["currency"]: only_sums(row) for row in rows}


def only_sums(row: Mapping[str, Any]) -> Sums:
    """The sums of a row without its keys."""
    return {name: row[name] for name in SUMS}


def parts(reach: Reach, campaign: Campaign, period: Period, *, key: str, limit: int) -> Parts:
    """The campaign's ad sets (`ad_set_id`) or ads (`ad_id`) that delivered in its currency, the
    dearest first.
    """
    rows = reach.facts(period.since, period.until, campaign_id=campaign.pk).rows()
    keys = ("ad_set_id",) if key == "ad_set_id" else ("ad_set_id", "ad_id")
    grouped = sums_of(rows.filter(currency=campaign.currency), *keys)
    shown = list(grouped.order_by("-spend_micros", *keys)[:limit])
    names = names_of(AdSet if key == "ad_set_id" else Ad, [row[key] for row in shown])
    made = [
        Part(
            row[key],
            names.get(row[key], ""),
            only_sums(row),
            None if key == "ad_set_id" else row["ad_set_id"],
        )
        for row in shown
    ]
    return Parts(made, grouped.count())


def names_of(model: Any, keys: Iterable[UUID]) -> dict[UUID, str]:
    """Key → name; what is gone has none."""
    return dict(model.objects.filter(pk__in=list(keys)).values_list("pk", "name"))
