"""Where a tenant wants its events."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.events import EVENT_TYPES
from accounts.models import Membership
from accounts.queries import get_business
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from core.actors import Actor, Role, system_actor
from core.errors import ConflictError, ForbiddenError, InvalidError
from core.http import OutsideFetchError, check_outside_url, is_dev_host
from core.ids import encode, new_uuid
from core.queue import ring
from core.tenancy import tenant_tx
from webhooks.domain import slack
from webhooks.domain.signing import new_secret
from webhooks.domain.states import SLACK, WEBHOOK
from webhooks.models import Endpoint
from webhooks.presenters import iso
from webhooks.queries import get_endpoint

MAX_ENDPOINTS = 50
OVERLAP = timedelta(hours=24)


def secret_context(endpoint: Endpoint) -> str:
    """What the sealed secret is bound to: it opens in its own row only."""
    return f"webhook:{endpoint.tenant_id}:{endpoint.id}"


def open_secrets(endpoint: Endpoint, now: datetime) -> tuple[str, str]:
    """The plain secret, and the one before it or "" once their overlap has ended."""
    context = secret_context(endpoint)
    secret = settings.KEY_RING.decrypt(endpoint.sealed_secret, context=context)
    if not _overlaps(endpoint, now):
        return secret, ""
    return secret, settings.KEY_RING.decrypt(endpoint.sealed_old_secret, context=context)


def _overlaps(endpoint: Endpoint, now: datetime) -> bool:
    until = endpoint.old_secret_until
    return until is not None and now < until


def create_endpoint(
    actor: Actor,
    *,
    environment: str,
    url: str,
    events: Iterable[str],
    now: datetime,
    business_id: str = "",
    kind: str = WEBHOOK,
) -> tuple[Endpoint, str]:
    """Insert an endpoint and return it with its plain secret, which is never shown again: "" for
    one of Slack, whose address is the secret.

    `business_id` is a public id, or empty for the actor's own business or for all of them. Raises
    InvalidError for a URL that is not public https, an unknown event, or one too many.
    """
    if not business_id and actor.business_id is None and actor.business_ids is not None:
        raise ForbiddenError(
            _("This person is limited to some businesses."),
            code="business_bound",
            hint=_("Choose one business, or use a key that is bound to one."),
        )
    _check_url(url, kind)
    chosen = _check_events(events)
    secret = "" if kind == SLACK else new_secret()
    with tenant_tx(actor.tenant_id):
        if Endpoint.objects.filter(deleted_at=None).count() >= MAX_ENDPOINTS:
            raise InvalidError(
                _("A tenant has at most {count} webhooks.").format(count=MAX_ENDPOINTS),
                code="webhook_limit_reached",
            )
        endpoint = Endpoint(
            id=new_uuid(),
            tenant_id=actor.tenant_id,
            business_id=_bound_business(actor, business_id, environment),
            environment=environment,
            kind=kind,
            events=chosen,
            created_at=now,
        )
        _set_url(endpoint, url)
        if secret:
            _seal(endpoint, secret)
        Endpoint.objects.bulk_create([endpoint])
        audit(actor, "webhook.created", endpoint, now=now)
    return endpoint, secret


def _set_url(endpoint: Endpoint, url: str) -> None:
    endpoint.url = url
    if endpoint.kind == SLACK:
        endpoint.url = slack.masked(url)
        _seal(endpoint, url)


def _seal(endpoint: Endpoint, secret: str) -> None:
    endpoint.sealed_secret = settings.KEY_RING.encrypt(secret, context=secret_context(endpoint))


def _bound_business(actor: Actor, public_id: str, environment: str) -> UUID | None:
    if not public_id:
        return actor.business_id
    business = get_business(actor, public_id)
    if business.environment != environment:
        raise InvalidError(
            _("The business is of the other environment."),
            field="business_id",
            code="environment_mismatch",
            hint=_("Choose a business of the webhook's environment."),
        )
    return business.pk


def rotate_secret(
    actor: Actor, public_id: str, *, now: datetime, grace: timedelta = OVERLAP
) -> tuple[Endpoint, str]:
    """Make a new secret and return it, never to be shown again; the old one signs too for `grace`.

    Raises InvalidError for more than 24 hours, ConflictError while an earlier rotation's overlap
    runs; without grace every older secret ends at once.
    """
    if not timedelta(0) <= grace <= OVERLAP:
        raise InvalidError(
            _("The grace is 0 to 86400 seconds."),
            field="grace_seconds",
            hint=_("Leave it out for 24 hours; 0 ends the old secret at once."),
        )
    secret = new_secret()
    with tenant_tx(actor.tenant_id):
        endpoint = get_endpoint(actor, public_id, lock=True)
        if endpoint.kind == SLACK:
            raise ConflictError(
                _("Slack's deliveries are not signed, so there is no secret to rotate."),
                code="webhook_without_secret",
                hint=_("Make a new address in Slack and change url to it."),
            )
        if grace and _overlaps(endpoint, now):
            raise ConflictError(
                _("The last rotation's old secret still signs."),
                code="rotation_in_progress",
                details={"old_secret_until": iso(endpoint.old_secret_until)},
                hint=_("Wait until then, or end all old secrets at once with grace_seconds 0."),
            )
        endpoint.sealed_old_secret = endpoint.sealed_secret if grace else ""
        endpoint.old_secret_until = now + grace if grace else None
        _seal(endpoint, secret)
        endpoint.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
        seconds = int(grace.total_seconds())
        audit(actor, "webhook.rotated", endpoint, now=now, grace_seconds=seconds)
    return endpoint, secret


def pause_endpoint(actor: Actor, public_id: str, *, now: datetime) -> Endpoint:
    """Stop deliveries; what happens meanwhile is missed, until it is replayed. Nothing to do for
    one that is off.
    """
    with tenant_tx(actor.tenant_id):
        endpoint = get_endpoint(actor, public_id, lock=True)
        if endpoint.is_active:
            _switch(endpoint, is_active=False)
            audit(actor, "webhook.paused", endpoint, now=now)
    return endpoint


def resume_endpoint(actor: Actor, public_id: str, *, now: datetime) -> Endpoint:
    """Deliver again, past failures forgotten. Nothing to do for one that is on."""
    with tenant_tx(actor.tenant_id):
        endpoint = get_endpoint(actor, public_id, lock=True)
        if not endpoint.is_active:
            _switch(endpoint, is_active=True)
            ring("webhooks.deliver")
            audit(actor, "webhook.resumed", endpoint, now=now)
    return endpoint


def _switch(endpoint: Endpoint, *, is_active: bool) -> None:
    endpoint.is_active, endpoint.disabled_reason = is_active, ""
    endpoint.failing_since, endpoint.consecutive_failures = None, 0
    endpoint.save(
        update_fields=["is_active", "disabled_reason", "failing_since", "consecutive_failures"]
    )


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
    chosen = None if events is None else _check_events(events)
    with tenant_tx(actor.tenant_id):
        endpoint = get_endpoint(actor, public_id, lock=True)
        if url is not None:
            _check_url(url, endpoint.kind)
            _set_url(endpoint, url)
        endpoint.events = endpoint.events if chosen is None else chosen
        endpoint.save(update_fields=["url", "events", "sealed_secret"])
        if is_active is not None:
            _switch(endpoint, is_active=is_active)
        audit(actor, "webhook.updated", endpoint, now=now)
    return endpoint


def delete_endpoint(actor: Actor, public_id: str, *, now: datetime) -> None:
    """Stop all deliveries and destroy the secret; the history of deliveries stays."""
    with tenant_tx(actor.tenant_id):
        endpoint = get_endpoint(actor, public_id, lock=True)
        endpoint.is_active = False
        endpoint.deleted_at = now
        endpoint.sealed_secret = endpoint.sealed_old_secret = ""
        endpoint.save(
            update_fields=["is_active", "deleted_at", "sealed_secret", "sealed_old_secret"]
        )
        audit(actor, "webhook.deleted", endpoint, now=now)


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
    audit(actor, "webhook.disabled", endpoint, now=now)


def audit(
    actor: Actor, event_type: str, endpoint: Endpoint, *, now: datetime, **facts: int
) -> None:
    """Record what was done to an endpoint; call it last in the transaction."""
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
            **facts,
        },
        detail={"url": endpoint.url},
    )


def _check_url(url: str, kind: str) -> None:
    if kind == SLACK and not (slack.is_slack_address(url) or is_dev_host(url)):
        raise InvalidError(
            _("url must be an incoming webhook of Slack."),
            field="url",
            hint=_("Copy it from Slack: https://hooks.slack.com/services/…"),
        )
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
