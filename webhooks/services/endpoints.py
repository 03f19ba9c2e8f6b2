"""Where a tenant wants its events."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.events import EVENT_TYPES
from accounts.models import Membership
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from core.actors import Actor, Role, system_actor
from core.errors import ForbiddenError, InvalidError
from core.http import OutsideFetchError, check_outside_url
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from webhooks.domain.signing import new_secret
from webhooks.models import Endpoint
from webhooks.queries import get_endpoint

MAX_ENDPOINTS = 50


def secret_context(endpoint: Endpoint) -> str:
    """What the sealed secret is bound to: it opens in its own row only."""
    return f"webhook:{endpoint.tenant_id}:{endpoint.id}"


def create_endpoint(
    actor: Actor, *, environment: str, url: str, events: Iterable[str], now: datetime
) -> tuple[Endpoint, str]:
    """Insert an endpoint and return it with its plain secret, which is never shown again.

    Raises InvalidError for a URL that is not public https, an unknown event, or one too many.
    """
    if actor.business_id is None and actor.business_ids is not None:
        raise ForbiddenError(
            _("This person is limited to some businesses."),
            code="business_bound",
            hint=_("Use a key that is bound to one business."),
        )
    _check_url(url)
    chosen = _check_events(events)
    secret = new_secret()
    with tenant_tx(actor.tenant_id):
        if Endpoint.objects.filter(deleted_at=None).count() >= MAX_ENDPOINTS:
            raise InvalidError(
                _("A tenant has at most {count} webhooks.").format(count=MAX_ENDPOINTS),
                code="webhook_limit_reached",
            )
        endpoint = Endpoint(
            id=new_uuid(),
            tenant_id=actor.tenant_id,
            business_id=actor.business_id,
            environment=environment,
            url=url,
            events=chosen,
            created_at=now,
        )
        endpoint.sealed_secret = settings.KEY_RING.encrypt(secret, context=secret_context(endpoint))
        Endpoint.objects.bulk_create([endpoint])
        _audit(actor, "webhook.created", endpoint, now=now)
    return endpoint, secret


def update_endpoint(
    actor: Actor,
    public_id: str,
    *,
    now: datetime,
    url: str | None = None,
    events: Iterable[str] | None = None,
    is_active: bool | None = None,
) -> Endpoint:
    """Change what is given; switching on again forgets past failures. Raises as creation does."""
    if url is not None:
        _check_url(url)
    chosen = None if events is None else _check_events(events)
    with tenant_tx(actor.tenant_id):
        endpoint = get_endpoint(actor, public_id)
        endpoint.url = endpoint.url if url is None else url
        endpoint.events = endpoint.events if chosen is None else chosen
        if is_active is not None:
            endpoint.is_active = is_active
            endpoint.disabled_reason = ""
            endpoint.failing_since = None
            endpoint.consecutive_failures = 0
        endpoint.save()
        _audit(actor, "webhook.updated", endpoint, now=now)
    return endpoint


def delete_endpoint(actor: Actor, public_id: str, *, now: datetime) -> None:
    """Stop all deliveries and destroy the secret; the history of deliveries stays."""
    with tenant_tx(actor.tenant_id):
        endpoint = get_endpoint(actor, public_id)
        endpoint.is_active = False
        endpoint.deleted_at = now
        endpoint.sealed_secret = ""
        endpoint.save(update_fields=["is_active", "deleted_at", "sealed_secret"])
        _audit(actor, "webhook.deleted", endpoint, now=now)


def disable_endpoint(endpoint: Endpoint, *, reason: str, now: datetime) -> None:
    """Switch a dead endpoint off, inside its tenant's transaction, and tell owners and admins once.

    `reason` is `gone` (it answered 410) or `failing` (nothing arrived for 120 hours).
    """
    if not endpoint.is_active:
        return
    endpoint.is_active, endpoint.disabled_reason = False, reason
    endpoint.save(update_fields=["is_active", "disabled_reason"])
    people = Membership.objects.filter(role__in=[Role.OWNER, Role.ADMIN], user__is_active=True)
    for email in people.values_list("user__email", flat=True):
        queue_mail("webhook_disabled", email, {"url": endpoint.url, "reason": reason}, now=now)
    actor = system_actor(endpoint.tenant_id, name="webhooks")
    _audit(actor, "webhook.disabled", endpoint, now=now)


def _audit(actor: Actor, event_type: str, endpoint: Endpoint, *, now: datetime) -> None:
    record_audit(
        actor,
        event_type,
        now=now,
        target_type="webhook",
        target_id=encode("whk", endpoint.id),
        business_id=endpoint.business_id,
        facts={
            "events": endpoint.events,
            "active": endpoint.is_active,
            "reason": endpoint.disabled_reason,
        },
        detail={"url": endpoint.url},
    )


def _check_url(url: str) -> None:
    try:
        check_outside_url(url, https_only=True)
    except OutsideFetchError as error:
        raise InvalidError(
            _("url must be a public https address."),
            field="url",
            hint=_("Use https and a host name that resolves to a public address."),
        ) from error


def _check_events(events: Iterable[str]) -> list[str]:
    chosen = list(dict.fromkeys(events))
    unknown = [name for name in chosen if name not in EVENT_TYPES]
    if unknown or not chosen:
        raise InvalidError(
            _("Unknown event: {name}.").format(name=unknown[0][:60])
            if unknown
            else _("events must name at least one event."),
            field="events",
            details={"allowed": sorted(EVENT_TYPES)},
        )
    return chosen
