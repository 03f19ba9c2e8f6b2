"""Audit rows, verdicts and outbox events, always inside the transaction of the change they
speak of.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import CharField, PositiveBigIntegerField, UUIDField

from accounts import events
from accounts.domain import chain
from accounts.models import (
    AuditDetail,
    AuditEvent,
    AuditHead,
    OutboxEvent,
    SystemAuditEvent,
    Verdict,
)
from core.actors import Actor
from core.compiled import Compiled
from core.ids import encode, new_uuid
from core.locks import transaction_lock
from core.queue import ring
from core.statements import ahead, insert


def record_audit(
    actor: Actor,
    event_type: str,
    *,
    now: datetime,
    target_type: str = "",
    target_id: str = "",
    business_id: UUID | None = None,
    verdict_id: str = "",
    facts: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append one row to the tenant's chain; call it last in the transaction, it locks the chain's
    head.

    `facts` takes ids, enums and integers (hashed, never deleted), `detail` names, texts, before
    and after
    (salted digest in the chain, the row itself deletable).
    """
    with ahead():
        head = _locked_head(actor.tenant_id)
    data = dict(detail or {})
    salt = secrets.token_hex(16) if data else ""
    event = AuditEvent(
        id=new_uuid(),
        tenant_id=actor.tenant_id,
        chain_seq=head.seq + 1,
        prev_hash=head.hash,
        event_type=event_type,
        actor_kind=actor.kind,
        actor_id=actor.id,
        channel=actor.channel,
        request_id=actor.request_id,
        business_id=business_id,
        target_type=target_type,
        target_id=target_id,
        verdict_id=verdict_id,
        facts=dict(facts or {}),
        detail_digest=chain.detail_digest(salt, data) if data else "",
        occurred_at=now,
    )
    event.hash = chain.row_hash(hashed_row(event))
    insert(event)
    if data:
        insert(AuditDetail(tenant_id=actor.tenant_id, event=event, salt=salt, data=data))
    with ahead():
        _MOVE_HEAD.update(pk=head.pk, seq=event.chain_seq, hash=event.hash)
    return event


def _head() -> Any:
    return AuditHead.objects.select_for_update()


def _head_of(pk: Any) -> Any:
    return AuditHead.objects.filter(pk=pk)


_HEAD: Compiled[AuditHead] = Compiled(_head)
_MOVE_HEAD: Compiled[AuditHead] = Compiled(
    _head_of,
    update=("seq", "hash"),
    pk=UUIDField(),
    seq=PositiveBigIntegerField(),
    hash=CharField(),
)


def _locked_head(tenant_id: UUID) -> AuditHead:
    head = _HEAD.first()
    if head is None:
        AuditHead.objects.bulk_create([AuditHead(tenant_id=tenant_id)], ignore_conflicts=True)
        head = _head().get()
    return head


def hashed_row(event: AuditEvent) -> dict[str, Any]:
    """The row as it is hashed and exported: every value a string, integer, null or canonical
    object.
    """
    return {
        "id": str(event.id),
        "tenant_id": str(event.tenant_id),
        "chain_seq": event.chain_seq,
        "prev_hash": event.prev_hash,
        "event_type": event.event_type,
        "actor_kind": str(event.actor_kind),
        "actor_id": event.actor_id,
        "channel": str(event.channel),
        "request_id": event.request_id,
        "business_id": str(event.business_id) if event.business_id else None,
        "target_type": event.target_type,
        "target_id": event.target_id,
        "verdict_id": event.verdict_id,
        "facts": event.facts,
        "detail_digest": event.detail_digest,
        "occurred_at": event.occurred_at.astimezone(UTC).isoformat(),
    }


def record_system_audit(
    event_type: str, *, actor_id: str, now: datetime, facts: Mapping[str, Any] | None = None
) -> SystemAuditEvent:
    """Append one row to the chain of events without a tenant; `facts` as in record_audit."""
    with transaction.atomic():
        transaction_lock("audit:system")
        last = SystemAuditEvent.objects.order_by("-chain_seq").first()
        event = SystemAuditEvent(
            id=new_uuid(),
            chain_seq=last.chain_seq + 1 if last else 1,
            prev_hash=last.hash if last else chain.GENESIS,
            event_type=event_type,
            actor_id=actor_id,
            facts=dict(facts or {}),
            occurred_at=now,
        )
        event.hash = chain.row_hash(hashed_system_row(event))
        event.save(force_insert=True)
    return event


def hashed_system_row(event: SystemAuditEvent) -> dict[str, Any]:
    """The row of the system chain as it is hashed and exported."""
    return {
        "id": str(event.id),
        "chain_seq": event.chain_seq,
        "prev_hash": event.prev_hash,
        "event_type": event.event_type,
        "actor_id": event.actor_id,
        "facts": event.facts,
        "occurred_at": event.occurred_at.astimezone(UTC).isoformat(),
    }


def emit(
    event_type: str,
    payload: Mapping[str, Any],
    *,
    tenant_id: UUID,
    environment: str,
    now: datetime,
    business_id: UUID | None = None,
    target_id: str = "",
) -> OutboxEvent:
    """Write one outbox event and ring the delivery loop after commit. `payload` is JSON of the
    public API.
    """
    event = OutboxEvent(
        tenant_id=tenant_id,
        business_id=business_id,
        environment=environment,
        event_type=events.check(event_type, payload),
        target_id=target_id,
        payload=dict(payload),
        created_at=now,
    )
    insert(event)
    ring("webhooks.deliver")
    return event


def record_verdict(verdict: Verdict) -> Verdict:
    """Insert the gate's answer; every submit leaves one, denials included."""
    insert(verdict)
    return verdict


def verdict_public_id(verdict_id: UUID) -> str:
    """`ver_…` of a verdict's id; the Dispatch it allowed is `job_…` of the same."""
    return encode("ver", verdict_id)
