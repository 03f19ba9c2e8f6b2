"""People, ad accounts, pages, pixels, images: rows that callers only read."""

from collections.abc import Callable
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet, Sum

from platforms.simulator.errors import invalid
from platforms.simulator.graph.call import Call
from platforms.simulator.graph.create import image_url
from platforms.simulator.graph.edges import cursor_key, paged
from platforms.simulator.graph.present import stamp, unknown_field, wanted_fields
from platforms.simulator.graph.rules import minimum_daily
from platforms.simulator.models import AdAccount, Delivery, Image, Page, Person, Pixel
from platforms.simulator.params.common import Params, parse
from platforms.simulator.params.creatives import ImageList
from platforms.simulator.params.lists import PlainPage

Printers = dict[str, Callable[[Any], Any]]


def _spent(account: AdAccount) -> str:
    total = Delivery.objects.filter(ad__account=account).aggregate(total=Sum("spend"))["total"]
    return str(total or 0)


def _offset_hours(account: AdAccount) -> float:
    offset = account.created_at.astimezone(ZoneInfo(account.timezone)).utcoffset()
    return offset.total_seconds() / 3600 if offset else 0.0


ACCOUNT: Printers = {
    "id": lambda row: row.graph_id,
    "account_id": lambda row: row.account_id,
    "name": lambda row: row.name,
    "account_status": lambda row: row.status,
    "currency": lambda row: row.currency,
    "timezone_name": lambda row: row.timezone,
    "timezone_id": lambda _row: 1,
    "timezone_offset_hours_utc": _offset_hours,
    "amount_spent": _spent,
    "balance": lambda _row: "0",
    "spend_cap": lambda _row: "0",
    "min_daily_budget": lambda row: minimum_daily(row.currency),
    "created_time": lambda row: stamp(row.created_at, row.timezone),
    "disable_reason": lambda row: 0 if row.status == 1 else 1,
    "owner": lambda row: row.person.graph_id,
    "business": lambda _row: None,
    "business_name": lambda row: row.person.name,
    "capabilities": lambda _row: ["CAN_USE_CONVERSION_LIFT"],
    "is_personal": lambda _row: 0,
    "funding_source": lambda _row: None,
    "user_tasks": lambda _row: ["DRAFT", "ANALYZE", "ADVERTISE", "MANAGE"],
}
PERSON: Printers = {"id": lambda row: row.graph_id, "name": lambda row: row.name}
PAGE: Printers = {
    "id": lambda row: row.graph_id,
    "name": lambda row: row.name,
    "category": lambda _row: "Shopping & Retail",
    "access_token": lambda _row: None,
    "is_published": lambda _row: True,
    "instagram_business_account": lambda _row: None,
}
PIXEL: Printers = {
    "id": lambda row: row.graph_id,
    "name": lambda row: row.name,
    "owner_ad_account": lambda row: {"id": row.account.graph_id},
    "is_unavailable": lambda _row: False,
    "last_fired_time": lambda _row: None,
    "creation_time": lambda row: stamp(row.account.created_at, row.account.timezone),
}
IMAGE: Printers = {
    "id": lambda row: f"{row.account.account_id}:{row.hash}",
    "account_id": lambda row: row.account.account_id,
    "hash": lambda row: row.hash,
    "name": lambda row: row.name,
    "url": image_url,
    "permalink_url": image_url,
    "status": lambda _row: "ACTIVE",
    "created_time": lambda row: row.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S%z"),
    "width": lambda _row: None,
    "height": lambda _row: None,
}
TYPES: dict[type[Model], tuple[str, Printers]] = {
    AdAccount: ("AdAccount", ACCOUNT),
    Person: ("User", PERSON),
    Page: ("Page", PAGE),
    Pixel: ("AdsPixel", PIXEL),
    Image: ("AdImage", IMAGE),
}


class NodeQuery(Params):
    """A read of one object."""

    fields: Any = None
    metadata: str | None = None


def show_row(call: Call, row: Model, *, default: str = "id") -> dict[str, Any]:
    """One row with the wanted fields."""
    type_name, printers = TYPES[type(row)]
    wanted = wanted_fields(call.params) if call.params.get("fields") else {default: {}, "id": {}}
    for name in wanted:
        if name not in printers:
            raise unknown_field(name, type_name)
    shown = {name: printers[name](row) for name in wanted}
    return {name: value for name, value in shown.items() if value is not None}


def list_rows(call: Call, rows: "QuerySet[Any]", *, default: str = "id") -> dict[str, Any]:
    """One page of a plain edge, oldest first."""
    query = parse(PlainPage, call.own_params())
    if query.after:
        rows = rows.filter(pk__gt=cursor_key(query.after))
    found = list(rows.order_by("pk")[: query.limit + 1])
    page = found[: query.limit]
    answer = {"data": [show_row(call, row, default=default) for row in page]}
    return paged(answer, call, keys=[row.pk for row in page], more=len(found) > len(page))


def list_images(call: Call, account: AdAccount) -> dict[str, Any]:
    """Images of an account, by hash where asked."""
    query = parse(ImageList, call.own_params("fields", "limit", "after", "before"))
    rows = Image.objects.select_related("account").filter(account=account)
    if query.hashes is not None:
        rows = rows.filter(hash__in=query.hashes)
    if query.name is not None:
        rows = rows.filter(name__icontains=query.name)
    if query.filtering:
        raise invalid("Filtering is not available on adimages")
    own: dict[str, Any] = {
        key: call.params[key] for key in ("fields", "limit", "after") if key in call.params
    }
    call.params = own
    return list_rows(call, rows, default="hash")
