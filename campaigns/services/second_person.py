"""A loosening that waits: kept as a row until another owner or admin confirms it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.domain.roles import MANAGERS
from accounts.models import Business, Membership
from accounts.services.evidence import emit, record_audit
from accounts.services.mail import queue_mail
from campaigns.models import BusinessPolicy, PolicyChange
from core.actors import Actor, system_actor
from core.canonical import digest
from core.errors import ConflictError, InvalidError
from core.ids import encode, new_uuid


def asked_by(business: Business, *, whole_tenant: bool = False) -> Business | None:
    """The business whose rules ask for a second person: this one, or for what binds the whole
    tenant any other of its environment.
    """
    rows = BusinessPolicy.objects.filter(
        is_current=True, second_person=True, business__environment=business.environment
    )
    if not whole_tenant:
        rows = rows.filter(business=business)
    found = [row.business for row in rows.select_related("business").order_by("business_id")]
    return next((one for one in found if one.pk == business.pk), found[0] if found else None)


def require_two(business: Business) -> None:
    """Raise InvalidError where nobody could ever confirm."""
    if len(governors(business)) < 2:
        raise InvalidError(
            _("There is no second owner or admin who could confirm."),
            field="second_person",
            code="second_person_missing",
            hint=_("Invite one first."),
        )


def governors(business: Business) -> list[Membership]:
    """Who may govern the business, oldest membership first."""
    rows = Membership.objects.filter(role__in=sorted(MANAGERS), user__is_active=True)
    return [
        row
        for row in rows.select_related("user").order_by("created_at", "id")
        if not row.business_ids or str(business.pk) in row.business_ids
    ]


def hold(
    business: Business,
    *,
    kind: str,
    target_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> PolicyChange:
    """Keep a loosening for a second person and mail those who may confirm it.

    Runs in the caller's transaction; nothing of the policy changes. Raises ConflictError
    `already_proposed`.
    """
    value = {"kind": kind, "target_id": target_id, "after": dict(after)}
    policy = BusinessPolicy.objects.filter(business=business, is_current=True).first()
    hours = policy.approval_expiry_h if policy else settings.APPROVAL_EXPIRY_H
    row = PolicyChange(
        id=new_uuid(),
        tenant_id=actor.tenant_id,
        business=business,
        environment=business.environment,
        kind=kind,
        target_id=target_id,
        before=dict(before),
        after=dict(after),
        digest=digest(value),
        proposer_id=actor.id,
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    _make_way(row, now=now)
    PolicyChange.objects.bulk_create([row])
    _mail(row, actor, now=now)
    tell(actor, row, "policy.proposed", now=now)
    return row


def _make_way(row: PolicyChange, *, now: datetime) -> None:
    """The same wish waits once; one whose time is over makes way."""
    rows = PolicyChange.objects.filter(
        business=row.business, digest=row.digest, status="pending"
    ).select_related("business")
    for same in rows.select_for_update(of=("self",)):
        if same.expires_at > now:
            raise ConflictError(
                _("This change already waits for a second person."), code="already_proposed"
            )
        close(system_actor(row.tenant_id, name="expiry"), same, "expired", now=now)


def close(actor: Actor, row: PolicyChange, status: str, *, now: datetime) -> None:
    """End the locked, waiting change; call it last in the transaction."""
    row.status, row.decided_by, row.decided_at = status, actor.id, now
    row.save(update_fields=["status", "decided_by", "decided_at"])
    tell(actor, row, f"policy.{status}", now=now)


def tell(actor: Actor, row: PolicyChange, event_type: str, *, now: datetime) -> None:
    """The outbox event and the audit row; call it last in the transaction."""
    facts = {
        "policy_change_id": encode("pch", row.pk),
        "kind": row.kind,
        "before": row.before,
        "after": row.after,
        "proposed_by": row.proposer_id,
    }
    emit(
        event_type,
        {"business_id": encode("biz", row.business_id), "target_id": row.target_id, **facts},
        tenant_id=row.tenant_id,
        environment=row.environment,
        now=now,
        business_id=row.business_id,
        target_id=row.target_id,
    )
    record_audit(
        actor,
        event_type,
        now=now,
        target_type=_TARGETS[row.target_id.partition("_")[0]],
        target_id=row.target_id,
        business_id=row.business_id,
        facts=facts,
    )


_TARGETS = {"biz": "business", "camp": "campaign", "ten": "tenant"}


def _mail(row: PolicyChange, actor: Actor, *, now: datetime) -> None:
    context = {
        "business": row.business.name,
        "business_id": encode("biz", row.business_id),
        "is_test": row.environment == "test",
        "proposer": actor.label,
        "kind": row.kind,
        "expires": f"{row.expires_at:%Y-%m-%d %H:%M} UTC",
        "link": f"{settings.PUBLIC_URL}/policy/?business={encode('biz', row.business_id)}",
    }
    for member in governors(row.business):
        verified = member.user.email_verified_at is not None
        if verified and encode("user", member.user_id) != row.proposer_id:
            queue_mail("policy_proposed", member.user.email, context, now=now)
