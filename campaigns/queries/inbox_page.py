"""The inbox as pages: filters, one page by keyset, who has proposals waiting."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from campaigns.queries.pending import list_pending
from core.actors import Actor, ActorKind, Channel
from core.compiled import Text, compiled
from core.cursors import read_position
from core.errors import NotFoundError
from core.ids import decode
from platforms.models import Connection

OPEN, SNOOZED, ALL = "pending", "snoozed", "all"
NOBODY = UUID(int=0)
Limits = tuple[UUID, ...] | None
# A person as far as `list_pending` looks at one; what limits a membership is applied here.
PERSON = Actor(
    kind=ActorKind.USER, id="", tenant_id=NOBODY, channel=Channel.DASHBOARD, request_id=""
)
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
    """At most `size` proposals that a person may see, as dicts of COLUMNS, newest first, and the
    cursor of the next page (empty on the last). Needs the tenant's scope; one statement.
    """
    try:
        business = decode("biz", filters.business) if filters.business else None
    except NotFoundError:
        business = NOBODY
    moment, last = _position(filters.after)
    found = _matching(
        limits=_limits(actor),
        status=filters.status,
        risk=filters.risk,
        axis=filters.axis,
        proposer=Text(filters.proposer) if filters.proposer else None,
        business=business,
        now=now if filters.status in (OPEN, SNOOZED) else None,
        moment=moment,
        last=last,
        most=size + 1,
    )
    page = [dict(zip(COLUMNS, values, strict=True)) for values in found[:size]]
    if len(found) <= size:
        return page, ""
    return page, f"{page[-1]['created_at'].isoformat()}_{page[-1]['id'].hex}"


@compiled
def _matching(
    *,
    limits: Limits,
    status: str,
    risk: str,
    axis: str,
    proposer: str | None,
    business: UUID | None,
    now: datetime | None,
    moment: datetime | None,
    last: UUID | None,
    most: int,
) -> QuerySet[Any, Any]:
    is_snoozed = status == SNOOZED
    wanted = {"status": OPEN if is_snoozed else status, "risk": risk, "axis": axis}
    rows = list_pending(
        PERSON,
        wanted | {"proposer": proposer or ""},
        business_id=business,
        now=None if is_snoozed else now,
    )
    rows = _within(rows, limits)
    if is_snoozed:
        rows = rows.filter(snoozed_until__gt=now)
    if moment is not None:
        older = Q(created_at__lt=moment) | Q(created_at=moment, id__lt=last)
        rows = rows.filter(older, created_at__lte=moment)
    return rows.values_list(*COLUMNS)[:most]


def proposers(actor: Actor, *, among: int = 200) -> list[tuple[str, str]]:
    """Who proposed the newest waiting changes: (id, label) by label; reads at most `among` rows."""
    rows = _proposers(limits=_limits(actor), among=among)
    return sorted(set(rows), key=lambda one: (one[1], one[0]))


@compiled
def _proposers(*, limits: Limits, among: int) -> QuerySet[Any, Any]:
    rows = _within(list_pending(PERSON), limits)
    return rows.values_list("proposer_id", "proposer_label")[:among]


def _limits(actor: Actor) -> Limits:
    return None if actor.business_ids is None else tuple(sorted(actor.business_ids))


def _within(rows: QuerySet[Any], limits: Limits) -> QuerySet[Any]:
    return rows if limits is None else rows.filter(business__id__in=limits)


def _position(cursor: str) -> tuple[datetime | None, UUID | None]:
    """Where the page begins; from the start for a cursor that was not made here."""
    return read_position(cursor) or (None, None)


def has_connection() -> bool:
    """Whether any platform is connected in this tenant."""
    found: bool = Connection.objects.filter(status="connected").exists()
    return found
