"""Reads of loosenings that wait for a second person."""

from uuid import UUID

from campaigns.models import PolicyChange
from campaigns.queries.tree import visible
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup

TENANTS_WITH_DUE_POLICY_CHANGES = Lookup(
    "tenants_with_due_policy_changes",
    sql="""
    SELECT DISTINCT p.tenant_id FROM campaigns_policychange p
    WHERE p.status = 'pending' AND p.expires_at <= :until""",
    params={"until": "timestamptz"},
    columns={"tenant_id": "uuid"},
)


def waiting_changes(business_id: UUID, *, most: int) -> list[PolicyChange]:
    """The changes of a business's policy that wait, newest first."""
    rows = PolicyChange.objects.filter(business_id=business_id, status="pending")
    return list(rows.order_by("-created_at", "-id")[:most])


def get_policy_change(actor: Actor, public_id: str, *, lock: bool = False) -> PolicyChange:
    """One change by `pch_…`; raises NotFoundError for missing and invisible ones."""
    rows = visible(PolicyChange.objects.select_related("business"), actor)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row: PolicyChange | None = rows.filter(pk=decode("pch", public_id)).first()
    if row is None:
        raise NotFoundError
    return row
