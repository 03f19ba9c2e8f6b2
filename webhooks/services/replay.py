"""Sending again what an endpoint has had or missed, and sending it a test."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from core.actors import Actor
from core.cursors import make_cursor, read_cursor
from core.errors import ConflictError, InvalidError
from core.queue import ring
from core.tenancy import tenant_tx
from webhooks.domain.states import ERASED, PING
from webhooks.models import Delivery, Endpoint
from webhooks.presenters import body_for, iso, ping_event
from webhooks.queries import get_delivery, get_endpoint, replayable, waiting
from webhooks.services.endpoints import audit

MEMORY = timedelta(days=30)
BATCH = 500


def ping(actor: Actor, public_id: str, *, now: datetime) -> Delivery:
    """Queue a test delivery. Raises ConflictError for an endpoint that is off, or while another
    test is on its way.
    """
    with tenant_tx(actor.tenant_id):
        endpoint = _active(actor, public_id)
        if waiting(endpoint).filter(event_type=PING).exists():
            raise ConflictError(
                _("A test delivery is still on its way."),
                code="delivery_pending",
                hint=_("Look at the deliveries; send another when it has ended."),
            )
        event = ping_event(endpoint, now)
        made = Delivery(
            tenant_id=endpoint.tenant_id,
            endpoint=endpoint,
            event_id=event.id,
            event_type=PING,
            body=body_for(endpoint, event),
            state="ready",
            next_attempt_at=now,
            created_at=now,
        )
        _queue([made])
        audit(actor, "webhook.pinged", endpoint, now=now)
    return made


def replay_one(actor: Actor, public_id: str, delivery_id: str, *, now: datetime) -> Delivery:
    """Queue the delivery's event again. Raises ConflictError while it is on its way, when it is
    older than 30 days, when its body was erased, and for an endpoint that is off.
    """
    with tenant_tx(actor.tenant_id):
        endpoint = _active(actor, public_id)
        old = get_delivery(endpoint, delivery_id)
        _check_replayable(endpoint, old, now)
        made = _again(old, now)
        _queue([made])
        audit(actor, "webhook.replayed", endpoint, now=now, deliveries=1)
    return made


def replay_since(
    actor: Actor,
    public_id: str,
    since: datetime,
    *,
    now: datetime,
    failed_only: bool = False,
    cursor: str = "",
) -> tuple[int, str]:
    """Queue again what happened from `since` on, oldest first, at most 500 a call; returns how many
    and the cursor of the next call or "". What is still on its way is left out.

    Raises InvalidError for a time that is not within the last 30 days.
    """
    if not now - MEMORY <= since <= now:
        raise InvalidError(
            _("since must lie within the last 30 days."),
            field="since",
            details={"earliest": iso(now - MEMORY), "latest": iso(now)},
            hint=_("Send a time between details.earliest and details.latest."),
        )
    with tenant_tx(actor.tenant_id):
        endpoint = _active(actor, public_id)
        rows = replayable(endpoint, since, failed_only=failed_only)
        if cursor:
            moment, key = read_cursor(cursor)
            rows = rows.filter(Q(created_at__gt=moment) | Q(created_at=moment, pk__gt=key))
        found = list(rows[: BATCH + 1])
        chosen = found[:BATCH]
        _queue([_again(old, now) for old in chosen])
        audit(actor, "webhook.replayed", endpoint, now=now, deliveries=len(chosen))
    more = len(found) > BATCH
    return len(chosen), make_cursor(chosen[-1].created_at, chosen[-1].pk) if more else ""


def _active(actor: Actor, public_id: str) -> Endpoint:
    endpoint = get_endpoint(actor, public_id, lock=True)
    if not endpoint.is_active:
        raise ConflictError(
            _("The webhook is switched off."),
            code="webhook_not_active",
            hint=_("Resume it first."),
        )
    return endpoint


def _check_replayable(endpoint: Endpoint, old: Delivery, now: datetime) -> None:
    if waiting(endpoint).filter(event_id=old.event_id).exists():
        raise ConflictError(
            _("This event is still on its way."),
            code="delivery_pending",
            hint=_("Wait until its delivery has ended."),
        )
    if old.created_at < now - MEMORY:
        raise ConflictError(
            _("Deliveries are replayed for 30 days."),
            code="delivery_too_old",
            hint=_("Read the object itself instead."),
        )
    if bytes(old.body) == ERASED:
        raise ConflictError(
            _("The body of this delivery was erased."),
            code="delivery_erased",
            hint=_("Read the object itself instead."),
        )


def _again(old: Delivery, now: datetime) -> Delivery:
    return Delivery(
        tenant_id=old.tenant_id,
        endpoint_id=old.endpoint_id,
        event_id=old.event_id,
        event_type=old.event_type,
        body=old.body,
        is_replay=True,
        state="ready",
        next_attempt_at=now,
        created_at=now,
    )


def _queue(made: list[Delivery]) -> None:
    Delivery.objects.bulk_create(made)
    ring("webhooks.deliver")
