"""GET on list edges: filters, labels, read lag, cursor pages."""

import base64
import binascii
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.db.models import Q, QuerySet

from platforms.simulator.errors import invalid
from platforms.simulator.graph.call import Call
from platforms.simulator.graph.nodes import Family
from platforms.simulator.graph.present import Scene, check_fields, show, wanted_fields
from platforms.simulator.graph.status import effective_status
from platforms.simulator.models import ARCHIVED, DELETED, LABEL, NODE_BASE, Node
from platforms.simulator.params.common import parse
from platforms.simulator.params.lists import BY_KIND, Filter, LabelQuery, ListQuery

LARGEST_PAGE = 500
TEXT_FILTERS = {
    "EQUAL": "",
    "IN": "__in",
    "CONTAIN": "__icontains",
    "NOT_CONTAIN": "__icontains",
    "NOT_EQUAL": "",
    "NOT_IN": "__in",
}
TIME_FILTERS = {
    "GREATER_THAN": "__gt",
    "LESS_THAN": "__lt",
    "GREATER_THAN_OR_EQUAL": "__gte",
    "LESS_THAN_OR_EQUAL": "__lte",
}
TIME_FIELDS = {"created_time": "created_at", "updated_time": "updated_at"}
ID_FIELDS = {"id": "pk", "campaign.id": "campaign_key", "adset.id": "parent_id"}


def cursor(key: int) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def cursor_key(text: str) -> int:
    """The row id of a cursor."""
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise invalid("Invalid cursors values") from error


def list_nodes(
    call: Call, rows: "QuerySet[Node]", *, kind: str, model: type[ListQuery] | None = None
) -> dict[str, Any]:
    """One page of objects of `kind`, newest first."""
    query = parse(model or BY_KIND.get(kind, ListQuery), call.own_params())
    wanted = wanted_fields(call.params)
    check_fields(kind, wanted)
    rows = rows.filter(kind=kind, shown_at__lte=time.time()).exclude(status=DELETED)
    if isinstance(query, LabelQuery):
        rows = _labelled(rows, query)
    since = getattr(query, "updated_since", None)
    if since is not None:
        rows = rows.filter(updated_at__gte=datetime.fromtimestamp(since, UTC))
    statuses = query.statuses()
    for one in query.filtering:
        if one.field.rpartition(".")[2] == "effective_status":
            statuses |= {str(value) for value in _values(one)}
        else:
            rows = _filtered(rows, one, kind)
    page, more = _page(call, rows, query, statuses=statuses)
    scene = Scene(now=call.now, family=Family(page))
    answer: dict[str, Any] = {"data": [show(scene, node, wanted) for node in page]}
    return paged(answer, call, keys=[node.pk for node in page], more=more)


def _page(
    call: Call, rows: "QuerySet[Node]", query: ListQuery, *, statuses: set[str]
) -> tuple[list[Node], bool]:
    """At most a page of rows with a wanted status, and whether more follow."""
    size = min(query.limit, LARGEST_PAGE)
    below = cursor_key(query.after) if query.after else None
    ordered = rows.order_by("-pk")
    if not statuses:
        ordered = ordered.exclude(status=ARCHIVED)
    found: list[Node] = []
    while len(found) <= size:
        chunk = list((ordered.filter(pk__lt=below) if below else ordered)[: size + 1])
        if not chunk:
            break
        below = chunk[-1].pk
        for node in chunk:
            node.account = call.accounts[node.account_id]
        found += _of_status(chunk, statuses, call.now)
    return found[:size], len(found) > size


def _of_status(chunk: list[Node], statuses: set[str], now: datetime) -> list[Node]:
    if chunk[0].kind == LABEL:
        return chunk
    family = Family(chunk)
    states = [effective_status(node, family.parents(node), now) for node in chunk]
    shown = statuses or None
    return [
        node
        for node, state in zip(chunk, states, strict=True)
        if (state in shown if shown else state not in (ARCHIVED, DELETED))
    ]


def _labelled(rows: "QuerySet[Node]", query: LabelQuery) -> "QuerySet[Node]":
    keys = [_row_key(text) for text in query.ad_label_ids]
    if query.operator == "ANY":
        return rows.filter(label_links__label_id__in=keys).distinct()
    for key in keys:
        rows = rows.filter(label_links__label_id=key)
    return rows


def _row_key(value: Any) -> int:
    text = str(value)
    if not text.isdigit():
        raise invalid(f"{text} is not an id")
    return int(text) - NODE_BASE


def _values(one: Filter) -> list[Any]:
    return one.value if isinstance(one.value, list) else [one.value]


def _filtered(rows: "QuerySet[Node]", one: Filter, kind: str) -> "QuerySet[Node]":
    """Apply one filter; a prefix naming the edge's own kind (`campaign.name`) may be given."""
    name = one.field.removeprefix(f"{kind}.")
    if name in TIME_FIELDS and one.operator in TIME_FILTERS:
        moment = datetime.fromtimestamp(int(one.value), tz=UTC)
        return rows.filter(**{TIME_FIELDS[name] + TIME_FILTERS[one.operator]: moment})
    if one.operator not in TEXT_FILTERS:
        raise invalid(f"The operator {one.operator} cannot be used with the field {one.field}")
    if name in ID_FIELDS:
        column, values = ID_FIELDS[name], [_row_key(value) for value in _values(one)]
    elif name in ("name", "status", "configured_status"):
        column, values = ("name" if name == "name" else "status"), _values(one)
    else:
        raise invalid(f"Filtering field {one.field} is invalid")
    suffix = TEXT_FILTERS[one.operator]
    test = Q(**{column + suffix: values if suffix == "__in" else values[0]})
    return rows.exclude(test) if one.operator.startswith("NOT_") else rows.filter(test)


def paged(answer: dict[str, Any], call: Call, *, keys: list[int], more: bool) -> dict[str, Any]:
    """Add `paging` for the row ids of a page; the last page has no `next`."""
    if not keys:
        return answer
    answer["paging"] = {"cursors": {"before": cursor(keys[0]), "after": cursor(keys[-1])}}
    if more:
        parts = urlsplit(call.url)
        kept = [
            (key, value)
            for key, value in parse_qsl(parts.query)
            if key not in ("after", "before", "access_token", "appsecret_proof")
        ]
        query = urlencode([*kept, ("after", cursor(keys[-1]))])
        answer["paging"]["next"] = urlunsplit(parts._replace(query=query))
    return answer
