"""The inbox as pages: filters, one page by keyset, who has proposals waiting."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from campaigns.models import PendingAction
from campaigns.queries.pending import list_pending
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from platforms.models import Connection

OPEN, SNOOZED, ALL = "pending", "snoozed", "all"
NOBODY = UUID(int=0)
COLUMNS = (
    "id", "status", "command_kind", "target_name", "before", "after", "risk", "currency",
    "exposure_delta_micros", "proposer_label", "proposer_kind", "created_at", "expires_at",
    "environment",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxFilters:
    """What the inbox shows: a status (or snoozed, or all) and what narrows it; ids are public."""

    status: str = OPEN
    risk: str = ""
    axis: str = ""
    business: str = ""
    proposer: str = ""
    after: str = ""


def inbox_page(
    actor: Actor, filters: InboxFilters, *, size: int, now: datetime
) -> tuple[list[dict[str, Any]], str]:
    """At most `size` proposals as dicts of COLUMNS, newest first, and the cursor of the next page
    (empty on the last). Needs the tenant's scope; one statement.
    """
    rows = _beyond(matching(actor, filters, now=now), filters.after)
    found = list(rows.values_list(*COLUMNS)[: size + 1])
    page = [dict(zip(COLUMNS, values, strict=True)) for values in found[:size]]
    if len(found) <= size:
        return page, ""
    return page, f"{page[-1]['created_at'].isoformat()}_{page[-1]['id'].hex}"


def matching(actor: Actor, filters: InboxFilters, *, now: datetime) -> QuerySet[PendingAction]:
    """The proposals that the filters let through, newest first."""
    wanted = {
        "status": OPEN if filters.status == SNOOZED else filters.status,
        "risk": filters.risk,
        "axis": filters.axis,
        "proposer": filters.proposer,
    }
    awake = now if filters.status == OPEN else None
    try:
        business_id = decode("biz", filters.business) if filters.business else None
    except NotFoundError:
        business_id = NOBODY
    rows = list_pending(actor, wanted, business_id=business_id, now=awake)
    if filters.status != SNOOZED:
        return rows
    snoozed: QuerySet[PendingAction] = rows.filter(snoozed_until__gt=now)
    return snoozed


def proposers(actor: Actor, *, among: int = 200) -> list[tuple[str, str]]:
    """Who proposed the newest waiting changes: (id, label) by label; reads at most `among` rows."""
    rows = list_pending(actor).values_list("proposer_id", "proposer_label")[:among]
    return sorted(set(rows), key=lambda one: (one[1], one[0]))


def _beyond(rows: QuerySet[PendingAction], cursor: str) -> QuerySet[PendingAction]:
    at, _sep, tail = cursor.rpartition("_")
    try:
        moment, last = datetime.fromisoformat(at), UUID(tail)
    except ValueError:
        return rows
    if moment.tzinfo is None:
        return rows
    return rows.filter(
        Q(created_at__lt=moment) | Q(created_at=moment, id__lt=last), created_at__lte=moment
    )


def has_connection() -> bool:
    """Whether any platform is connected in this tenant."""
    found: bool = Connection.objects.filter(status="connected").exists()
    return found
