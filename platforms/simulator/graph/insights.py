"""Insights: rows by level, stretch of days and publisher platform; every scalar is text."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from platforms.simulator import facts, money
from platforms.simulator.errors import invalid
from platforms.simulator.graph import actions
from platforms.simulator.graph.call import Call
from platforms.simulator.graph.edges import cursor_key, paged
from platforms.simulator.graph.nodes import Family
from platforms.simulator.graph.present import unknown_field, wanted_fields
from platforms.simulator.graph.status import effective_status
from platforms.simulator.models import AD, ADSET, CAMPAIGN, AdAccount, Node
from platforms.simulator.params.common import parse
from platforms.simulator.params.insights import InsightsQuery
from platforms.simulator.params.lists import Filter

LARGEST_PAGE = 5000
SCOPE = {CAMPAIGN: "ad__campaign_key", ADSET: "ad__parent_id", AD: "ad_id"}
MEASURES = ("impressions", "clicks", "spend", "reach")


@dataclass
class Row:
    """One row before it is printed."""

    since: date
    until: date
    ad: Node
    ad_set: Node
    campaign: Node
    platform: str
    account: AdAccount
    windows: list[str]
    totals: facts.Totals = field(default_factory=facts.Totals)
    events: dict[str, facts.Totals] = field(default_factory=lambda: defaultdict(facts.Totals))

    @property
    def spend(self) -> str:
        return money.text(self.totals.spend, self.account.currency)

    def actions(self) -> list[dict[str, str]]:
        return actions.actions(self.totals, self.events, self.windows)


Printer = Callable[[Row], Any]


def _rate(top: str, bottom: str, scale: int = 1) -> Printer:
    """A quotient of two totals; money counts in major units."""

    def value(row: Row, name: str) -> Decimal:
        return Decimal(row.spend) if name == "spend" else Decimal(getattr(row.totals, name))

    return lambda row: money.ratio(value(row, top) * scale, value(row, bottom))


def _total(name: str) -> Printer:
    return lambda row: str(getattr(row.totals, name))


def _list(make: Callable[[Row], list[Any]]) -> Printer:
    """An empty list is left out."""
    return lambda row: make(row) or None


FIELDS: dict[str, Printer] = {
    "account_id": lambda row: row.account.account_id,
    "account_name": lambda row: row.account.name,
    "account_currency": lambda row: row.account.currency,
    "campaign_id": lambda row: row.campaign.graph_id,
    "campaign_name": lambda row: row.campaign.name,
    "adset_id": lambda row: row.ad_set.graph_id,
    "adset_name": lambda row: row.ad_set.name,
    "ad_id": lambda row: row.ad.graph_id,
    "ad_name": lambda row: row.ad.name,
    "objective": lambda row: row.campaign.data.get("objective"),
    "optimization_goal": lambda row: row.ad_set.data.get("optimization_goal"),
    "buying_type": lambda row: row.campaign.data.get("buying_type", "AUCTION"),
    "attribution_setting": lambda _row: "default",
    "date_start": lambda row: row.since.isoformat(),
    "date_stop": lambda row: row.until.isoformat(),
    "impressions": _total("impressions"),
    "reach": _total("reach"),
    "clicks": _total("clicks"),
    "unique_clicks": _total("clicks"),
    "inline_link_clicks": _total("link_clicks"),
    "spend": lambda row: row.spend,
    "social_spend": lambda _row: "0",
    "frequency": _rate("impressions", "reach"),
    "ctr": _rate("clicks", "impressions", 100),
    "inline_link_click_ctr": _rate("link_clicks", "impressions", 100),
    "cpc": _rate("spend", "clicks"),
    "cpm": _rate("spend", "impressions", 1000),
    "cpp": _rate("spend", "reach", 1000),
    "cost_per_inline_link_click": _rate("spend", "link_clicks"),
    "actions": _list(Row.actions),
    "action_values": _list(
        lambda row: actions.values(row.events, row.windows, row.account.currency)
    ),
    "conversions": _list(lambda row: actions.conversions(row.events, row.windows)),
    "cost_per_action_type": _list(lambda row: actions.per_action(row.actions(), row.spend)),
    "purchase_roas": _list(lambda row: actions.roas(row.events, row.totals.spend)),
    "website_purchase_roas": _list(lambda row: actions.roas(row.events, row.totals.spend)),
    "outbound_clicks": _list(
        lambda row: [{"action_type": "outbound_click", "value": str(row.totals.link_clicks)}]
    ),
    "quality_ranking": lambda _row: "UNKNOWN",
    "engagement_rate_ranking": lambda _row: "UNKNOWN",
    "conversion_rate_ranking": lambda _row: "UNKNOWN",
    "created_time": lambda row: row.since.isoformat(),
    "updated_time": lambda row: row.until.isoformat(),
}
# Names of an object that a row of a higher level does not have.
BELOW = {
    "account": ("campaign_", "adset_", "ad_", "objective", "optimization_goal"),
    "campaign": ("adset_", "ad_", "optimization_goal"),
    "adset": ("ad_",),
    "ad": (),
}


def insights(call: Call, account: AdAccount, target: Node | None) -> dict[str, Any]:
    """One page of a synchronous report."""
    return report(call, account, target, params=call.own_params())


def check(params: dict[str, Any]) -> InsightsQuery:
    """The query of a report; raises code 100."""
    query = parse(InsightsQuery, params)
    for name in wanted_fields(params):
        if name not in FIELDS and name != "id":
            raise unknown_field(name, "AdsInsights")
    return query


def report(
    call: Call, account: AdAccount, target: Node | None, *, params: dict[str, Any]
) -> dict[str, Any]:
    """One page of the rows `params` ask for."""
    query = check(params)
    query = query.model_copy(
        update={"level": query.level or (target.kind if target else "account")}
    )
    rows = [row for row in _rows(call, account, target, query=query) if _kept(row, query)]
    printed = [_printed(row, query, params) for row in _sorted(rows, query)]
    size, first = min(query.limit, LARGEST_PAGE), cursor_key(query.after) if query.after else 0
    page = printed[first : first + size]
    places = [first, first + len(page)] if page else []
    return paged({"data": page}, call, keys=places, more=first + size < len(printed))


def _rows(
    call: Call, account: AdAccount, target: Node | None, *, query: InsightsQuery
) -> list[Row]:
    today = call.now.astimezone(ZoneInfo(account.timezone)).date()
    since, until = query.days(today)
    scope = Q(ad__account=account)
    if target is not None:
        scope &= Q(**{SCOPE[target.kind]: target.pk})
    found = facts.cells(scope, since=since, until=until, seen_by=call.now)
    family = Family(Node.objects.select_related("account").filter(pk__in={key[0] for key in found}))
    ads = {ad.pk: ad for ad in family.nodes if _passes(ad, family, query=query, call=call)}
    rows: dict[tuple[Any, ...], Row] = {}
    for (key, day, platform), cell in found.items():
        if key not in ads:
            continue
        ad = ads[key]
        ad_set, campaign = family.parents(ad)
        start, stop = _stretch(day, since=since, until=until, increment=query.time_increment)
        place = platform if query.breakdowns else ""
        entity = {"account": 0, "campaign": campaign.pk, "adset": ad_set.pk, "ad": ad.pk}[
            str(query.level)
        ]
        row = rows.setdefault(
            (start, entity, place),
            Row(
                since=start,
                until=stop,
                ad=ad,
                ad_set=ad_set,
                campaign=campaign,
                platform=place,
                account=account,
                windows=list(query.action_attribution_windows),
            ),
        )
        row.totals.add(cell)
        row.events[actions.event_of(ad_set, campaign)].add(cell)
    return [rows[key] for key in sorted(rows)]


def _stretch(day: date, *, since: date, until: date, increment: str) -> tuple[date, date]:
    """The stretch of days of the report that `day` falls into."""
    if increment == "all_days":
        return since, until
    if increment == "monthly":
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return max(first, since), min(last, until)
    step = int(increment)
    start = since + timedelta(days=(day - since).days // step * step)
    return start, min(start + timedelta(days=step - 1), until)


def _passes(ad: Node, family: Family, *, query: InsightsQuery, call: Call) -> bool:
    ad_set, campaign = family.parents(ad)
    line = {"ad": ad, "adset": ad_set, "campaign": campaign}
    return all(
        _matches(line[kind], name, one=one, family=family, call=call)
        for one in query.filtering
        for kind, _, name in [one.field.partition(".")]
        if kind in line
    )


def _matches(node: Node, name: str, *, one: Filter, family: Family, call: Call) -> bool:
    values = {
        "id": lambda: node.graph_id,
        "name": lambda: node.name,
        "effective_status": lambda: effective_status(node, family.parents(node), call.now),
    }
    if name not in values:
        raise invalid(f"Filtering field {one.field} is invalid")
    own = values[name]()
    given = [str(value) for value in (one.value if isinstance(one.value, list) else [one.value])]
    tests = {
        "EQUAL": lambda: own == given[0],
        "NOT_EQUAL": lambda: own != given[0],
        "IN": lambda: own in given,
        "NOT_IN": lambda: own not in given,
        "CONTAIN": lambda: given[0].lower() in own.lower(),
        "NOT_CONTAIN": lambda: given[0].lower() not in own.lower(),
    }
    if one.operator not in tests:
        raise invalid(f"The operator {one.operator} cannot be used with the field {one.field}")
    return tests[one.operator]()


def _kept(row: Row, query: InsightsQuery) -> bool:
    """Filters on measures (`impressions` GREATER_THAN 0)."""
    for one in query.filtering:
        if "." in one.field:
            continue
        if one.field not in MEASURES:
            raise invalid(f"Filtering field {one.field} is invalid")
        own = Decimal(row.spend) if one.field == "spend" else getattr(row.totals, one.field)
        tests = {"GREATER_THAN": own > Decimal(one.value), "LESS_THAN": own < Decimal(one.value)}
        if one.operator not in tests:
            raise invalid(f"The operator {one.operator} cannot be used with {one.field}")
        if not tests[one.operator]:
            return False
    return True


def _sorted(rows: list[Row], query: InsightsQuery) -> list[Row]:
    for order in reversed(query.sort):
        name, _, direction = order.rpartition("_")
        if direction not in ("ascending", "descending") or name not in (*MEASURES, "date_start"):
            raise invalid(f"Param sort: {order} is invalid")
        rows = sorted(
            rows,
            key=lambda row: row.since if name == "date_start" else getattr(row.totals, name),
            reverse=direction == "descending",
        )
    return rows


def _printed(row: Row, query: InsightsQuery, params: dict[str, Any]) -> dict[str, Any]:
    asked = wanted_fields(params)
    names = [name for name in asked if name != "id"] or ["account_id", "impressions", "spend"]
    hidden = BELOW[str(query.level)]
    shown = {}
    for name in [*names, "date_start", "date_stop"]:
        if name.startswith(hidden):
            continue
        value = FIELDS[name](row)
        if value is not None:
            shown[name] = value
    if query.breakdowns:
        shown["publisher_platform"] = row.platform
    return shown
