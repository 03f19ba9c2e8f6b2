"""Ground truth: every object, whoever owns it, and the ledger of what was delivered."""

from datetime import date
from typing import Any

from django.db.models import Q
from pydantic import BaseModel, ConfigDict

from platforms.simulator import facts, money
from platforms.simulator.errors import not_found
from platforms.simulator.graph.nodes import Family
from platforms.simulator.graph.status import effective_status
from platforms.simulator.models import (
    ACCOUNT_BASE,
    LABEL,
    NODE_BASE,
    AdAccount,
    Image,
    Node,
    World,
)


class LedgerQuery(BaseModel):
    """Days are days of the ad account's zone, both included; empty means everything."""

    model_config = ConfigDict(extra="forbid")
    account: str = ""
    since: date | None = None
    until: date | None = None


def find(account: str) -> AdAccount:
    """Any ad account by `act_…`; raises 100/33."""
    digits = account.removeprefix("act_")
    key = int(digits) - ACCOUNT_BASE if digits.isdigit() else 0
    row = AdAccount.objects.filter(pk=key).first()
    if row is None:
        raise not_found(account)
    return row


def objects(account: str, world: World) -> dict[str, Any]:
    """Everything that exists, deleted objects included, regardless of read lag."""
    rows = Node.objects.select_related("account").order_by("pk")
    images = Image.objects.select_related("account").order_by("pk")
    if account:
        owner = find(account)
        rows, images = rows.filter(account=owner), images.filter(account=owner)
    family = Family(rows)
    return {
        "objects": [_object(node, family, world) for node in family.nodes],
        "images": [
            {"hash": row.hash, "name": row.name, "account": row.account.graph_id} for row in images
        ],
    }


def ledger(query: LedgerQuery, world: World) -> dict[str, Any]:
    """Delivery per ad, day and publisher platform. `conversions` are those reported by now, as
    insights show them; `conversions_eventual` all that the clicks of the day will ever bring.
    """
    scope = Q(ad__account=find(query.account)) if query.account else Q()
    days = {"since": query.since, "until": query.until}
    now = facts.cells(scope, seen_by=world.now, **days)
    ever = facts.cells(scope, seen_by=None, **days)
    currency = {
        row.pk: row.account.currency
        for row in Node.objects.select_related("account").filter(pk__in={key[0] for key in now})
    }
    return {
        "rows": [
            _ledger_row(key, cell, ever=ever[key], currency=currency[key[0]])
            for key, cell in now.items()
        ]
    }


def _ledger_row(
    key: facts.Key, cell: facts.Totals, *, ever: facts.Totals, currency: str
) -> dict[str, Any]:
    count, value = cell.converted()
    total, worth = ever.converted()
    return {
        "ad": str(NODE_BASE + key[0]),
        "day": key[1].isoformat(),
        "publisher_platform": key[2],
        "impressions": cell.impressions,
        "clicks": cell.clicks,
        "link_clicks": cell.link_clicks,
        "spend": money.text(cell.spend, currency),
        "conversions": count,
        "conversion_value": money.text(value, currency),
        "conversions_eventual": total,
        "conversion_value_eventual": money.text(worth, currency),
    }


def _object(node: Node, family: Family, world: World) -> dict[str, Any]:
    parent = node.parent_id
    state = node.status
    if node.kind != LABEL:
        state = effective_status(node, family.parents(node), world.now)
    return {
        "id": node.graph_id,
        "kind": node.kind,
        "account": node.account.graph_id,
        "parent": str(NODE_BASE + parent) if parent else "",
        "name": node.name,
        "status": node.status,
        "effective_status": state,
        "creative": str(NODE_BASE + node.creative_key) if node.creative_key else "",
        "labels": [name for _graph_id, name in family.labels(node)],
        "data": node.data,
    }
