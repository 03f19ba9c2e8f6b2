"""Reads of proposals: one, the inbox, counts that stay cheap however many there are."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from campaigns.models import PendingAction
from campaigns.queries.tree import visible
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup

COUNT_CAP = 1000
STATUSES = (
    "pending",
    "approved",
    "dispatched",
    "dispatch_failed",
    "conflict",
    "rejected",
    "expired",
    "superseded",
    "cancelled",
)
TENANTS_WITH_DUE_APPROVALS = Lookup(
    "tenants_with_due_approvals",
    sql="""
    SELECT DISTINCT p.tenant_id FROM campaigns_pendingaction p
    WHERE p.status = 'pending' AND p.expires_at <= :until""",
    params={"until": "timestamptz"},
    columns={"tenant_id": "uuid"},
)


def list_pending(
    actor: Actor,
    filters: Mapping[str, str] | None = None,
    *,
    business_id: UUID | None = None,
    now: datetime | None = None,
) -> QuerySet[PendingAction]:
    """Proposals newest first, with their business; `pending` ones unless `status` says otherwise.

    `filters` takes status (or `all`), axis, risk, kind, proposer, campaign_id; unknown names and
    empty values are ignored. With `now`, rows snoozed beyond it are left out. An agent without
    `ads:write:pending` sees its own proposals only.
    """
    wanted = {name: value for name, value in (filters or {}).items() if value}
    rows = visible(PendingAction.objects.select_related("business"), actor)
    if not actor.is_person and "ads:write:pending" not in actor.scopes:
        rows = rows.filter(proposer_id__in=actor.roots or (actor.id,))
    if business_id is not None:
        rows = rows.filter(business_id=business_id)
    status = wanted.get("status", "pending")
    if status != "all":
        rows = rows.filter(status=status)
    if now is not None:
        rows = rows.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))
    return _narrowed(rows, wanted).order_by("-created_at", "-id")


def _narrowed(rows: QuerySet[PendingAction], wanted: Mapping[str, str]) -> QuerySet[PendingAction]:
    axis = wanted.get("axis")
    if axis:
        rows = rows.filter(Q(axes__0=axis) | Q(axes__1=axis) | Q(axes__2=axis))
    columns = {"risk": "risk", "kind": "command_kind", "proposer": "proposer_id"}
    for name, column in columns.items():
        if name in wanted:
            rows = rows.filter(**{column: wanted[name]})
    if "campaign_id" in wanted:
        rows = rows.filter(campaign_id=decode("camp", wanted["campaign_id"]))
    return rows


def get_pending(actor: Actor, public_id: str | UUID) -> PendingAction:
    """One proposal in whatever state; raises NotFoundError for missing and invisible ones."""
    key = public_id if isinstance(public_id, UUID) else decode("pa", public_id)
    found = list_pending(actor, {"status": "all"}).filter(pk=key).first()
    if found is None:
        raise NotFoundError
    return found


def count_capped(rows: QuerySet[PendingAction], *, cap: int = COUNT_CAP) -> tuple[int, bool]:
    """How many rows there are, up to `cap`, and whether there are more."""
    found = len(rows.order_by().values_list("pk")[: cap + 1])
    return min(found, cap), found > cap


def open_of_campaign(campaign_id: UUID) -> QuerySet[PendingAction]:
    """What waits for a person about one campaign."""
    rows: QuerySet[PendingAction] = PendingAction.objects.filter(
        campaign_id=campaign_id, status="pending"
    )
    return rows.order_by("-created_at", "-id")
