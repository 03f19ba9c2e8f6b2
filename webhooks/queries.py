"""Reads of the room `webhooks`."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup
from webhooks.models import Delivery, Endpoint

UNPUBLISHED_TENANTS = Lookup(
    "outbox_unpublished_tenants",
    sql="SELECT DISTINCT tenant_id FROM accounts_outboxevent WHERE published_at IS NULL",
    params={},
    columns={"tenant_id": "uuid"},
)
# A fair share of what is due: a few per endpoint, one for an endpoint that is failing.
DUE_DELIVERIES = Lookup(
    "webhook_deliveries_due",
    sql="""
    SELECT tenant_id, endpoint_id, id FROM (
      SELECT d.tenant_id, d.endpoint_id, d.id, d.next_attempt_at, e.consecutive_failures,
        ROW_NUMBER() OVER (PARTITION BY d.endpoint_id ORDER BY d.next_attempt_at, d.id) AS place
      FROM webhooks_delivery d JOIN webhooks_endpoint e ON e.id = d.endpoint_id
      WHERE d.state IN ('ready', 'sent') AND d.next_attempt_at <= :now
        AND (d.lease_until IS NULL OR d.lease_until <= :now)
        AND e.is_active AND e.deleted_at IS NULL
    ) AS ranked
    WHERE place = 1 OR (place <= 20 AND consecutive_failures = 0)
    ORDER BY place, next_attempt_at, id LIMIT 1000""",
    params={"now": "timestamptz"},
    columns={"tenant_id": "uuid", "endpoint_id": "uuid", "id": "uuid"},
)


def list_endpoints(actor: Actor) -> QuerySet[Endpoint]:
    """The endpoints the actor may see, newest first."""
    rows: QuerySet[Endpoint] = Endpoint.objects.filter(deleted_at=None)
    if actor.environment is not None:
        rows = rows.filter(environment=actor.environment)
    if actor.business_id is not None:
        rows = rows.filter(business_id=actor.business_id)
    elif actor.business_ids is not None:
        rows = rows.filter(business_id__in=actor.business_ids)
    return rows.order_by("-created_at", "-id")


def get_endpoint(actor: Actor, public_id: str) -> Endpoint:
    """One endpoint; missing and foreign raise the same NotFoundError."""
    found: Endpoint | None = list_endpoints(actor).filter(pk=decode("whk", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def list_deliveries(endpoint: Endpoint) -> QuerySet[Delivery]:
    """The endpoint's deliveries, newest first, without their bodies."""
    rows: QuerySet[Delivery] = Delivery.objects.filter(endpoint=endpoint)
    return rows.defer("body").order_by("-created_at", "-id")


def subscribers(*, environment: str, event_type: str, business_id: UUID | None) -> list[Endpoint]:
    """The open tenant's active endpoints that asked for this event."""
    rows = Endpoint.objects.filter(environment=environment, is_active=True, deleted_at=None)
    return [row for row in rows if event_type in row.events and _covers(row, business_id)]


def _covers(endpoint: Endpoint, business_id: UUID | None) -> bool:
    return endpoint.business_id is None or endpoint.business_id == business_id


def due_by_endpoint(now: datetime) -> dict[tuple[UUID, UUID], list[UUID]]:
    """(tenant, endpoint) → ids of deliveries to try now, oldest first."""
    due: dict[tuple[UUID, UUID], list[UUID]] = {}
    for row in DUE_DELIVERIES.rows(now=now):
        due.setdefault((row["tenant_id"], row["endpoint_id"]), []).append(row["id"])
    return due
