"""Reads of the room `webhooks`."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.events import EVENT_TYPES
from accounts.models import OutboxEvent
from core.actors import Actor
from core.errors import InvalidError, NotFoundError
from core.ids import decode
from core.lookups import Lookup
from webhooks.domain.states import ERASED, PING, STATES
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
    SELECT tenant_id, endpoint_id, id, consecutive_failures > 0 AS is_failing FROM (
      SELECT d.tenant_id, d.endpoint_id, d.id, d.next_attempt_at, e.consecutive_failures,
        ROW_NUMBER() OVER (PARTITION BY d.endpoint_id ORDER BY d.next_attempt_at, d.id) AS place
      FROM webhooks_delivery d JOIN webhooks_endpoint e ON e.id = d.endpoint_id
      WHERE d.state IN ('ready', 'sent') AND d.next_attempt_at <= :now
        AND (d.lease_until IS NULL OR d.lease_until <= :now)
        AND e.is_active AND e.deleted_at IS NULL
    ) AS ranked
    WHERE place = 1 OR (place <= 50 AND consecutive_failures = 0)
    ORDER BY place, next_attempt_at, id LIMIT 2000""",
    params={"now": "timestamptz"},
    columns={"tenant_id": "uuid", "endpoint_id": "uuid", "id": "uuid", "is_failing": "boolean"},
)


@dataclass(frozen=True)
class Due:
    """An endpoint and the ids of what to send it now, oldest first."""

    tenant_id: UUID
    endpoint_id: UUID
    is_failing: bool
    ids: list[UUID] = field(default_factory=list)


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


def get_endpoint(actor: Actor, public_id: str, *, lock: bool = False) -> Endpoint:
    """One endpoint; missing and foreign raise the same NotFoundError. `lock` holds its row until
    the transaction ends.
    """
    rows = list_endpoints(actor).select_for_update() if lock else list_endpoints(actor)
    found: Endpoint | None = rows.filter(pk=decode("whk", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def list_deliveries(
    endpoint: Endpoint, *, state: str | None = None, event_type: str = ""
) -> QuerySet[Delivery]:
    """The endpoint's deliveries, newest first, without their bodies; `state` is a key of STATES.

    Raises InvalidError for a state or an event that does not exist.
    """
    rows: QuerySet[Delivery] = Delivery.objects.filter(endpoint=endpoint)
    if state is not None:
        rows = rows.filter(state__in=STATES[_known("state", state, STATES)])
    if event_type:
        known = {*EVENT_TYPES, PING}
        rows = rows.filter(event_type=_known("event", event_type, known))
    return rows.defer("body").order_by("-created_at", "-id")


def _known(field: str, value: str, allowed: Collection[str]) -> str:
    if value not in allowed:
        raise InvalidError(
            _("Unknown %(field)s.") % {"field": field},
            field=field,
            details={"allowed": sorted(allowed)},
            hint=_("Use one of details.allowed, or leave the filter out."),
        )
    return value


def get_delivery(endpoint: Endpoint, public_id: str) -> Delivery:
    """One delivery of the endpoint with its body; any other raises NotFoundError."""
    rows = Delivery.objects.filter(endpoint=endpoint, pk=decode("dlv", public_id))
    found: Delivery | None = rows.first()
    if found is None:
        raise NotFoundError
    return found


def waiting(endpoint: Endpoint) -> QuerySet[Delivery]:
    """The deliveries that are still on their way to the endpoint."""
    rows: QuerySet[Delivery] = Delivery.objects.filter(
        endpoint=endpoint, state__in=STATES["pending"]
    )
    return rows


def replayable(endpoint: Endpoint, since: datetime, *, failed_only: bool) -> QuerySet[Delivery]:
    """What happened at or after `since` and is not on its way, oldest first: each event once, none
    whose body was erased.
    """
    rows = Delivery.objects.filter(endpoint=endpoint, created_at__gte=since, is_replay=False)
    rows = rows.exclude(body=ERASED).exclude(event_type=PING)
    rows = rows.exclude(Exists(waiting(endpoint).filter(event_id=OuterRef("event_id"))))
    if failed_only:
        arrived = Delivery.objects.filter(endpoint=endpoint, state="delivered")
        rows = rows.exclude(Exists(arrived.filter(event_id=OuterRef("event_id"))))
    found: QuerySet[Delivery] = rows.order_by("created_at", "id")
    return found


def open_endpoints() -> list[Endpoint]:
    """Every endpoint of the open tenant, those that are switched off among them."""
    return list(Endpoint.objects.filter(deleted_at=None).order_by("created_at", "id"))


def subscribers(event: OutboxEvent, endpoints: Collection[Endpoint]) -> list[Endpoint]:
    """Those of the endpoints that asked for the event."""
    return [
        one
        for one in endpoints
        if one.environment == event.environment
        and event.event_type in one.events
        and one.business_id in (None, event.business_id)
    ]


def due_by_endpoint(now: datetime) -> list[Due]:
    """Every endpoint with something to try now, the longest waiting first."""
    due: dict[UUID, Due] = {}
    for row in DUE_DELIVERIES.rows(now=now):
        key = row["endpoint_id"]
        if key not in due:
            due[key] = Due(row["tenant_id"], key, row["is_failing"])
        due[key].ids.append(row["id"])
    return list(due.values())
