"""What billing tells: events to the webhook endpoints of both environments, and the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.services.evidence import emit, record_audit
from billing.models import Subscription
from core.actors import Actor, Environment
from core.ids import encode


def announce(event_type: str, payload: Mapping[str, Any], actor: Actor, *, now: datetime) -> None:
    """Write the event once for each environment, and one audit row."""
    for environment in Environment:
        emit(
            event_type,
            payload,
            tenant_id=actor.tenant_id,
            environment=environment,
            now=now,
            target_id=str(payload["invoice_id"] or ""),
        )
    record_audit(
        actor,
        event_type,
        now=now,
        target_type="invoice",
        target_id=str(payload["invoice_id"] or ""),
    )


def audit(actor: Actor, event_type: str, subscription: Subscription, *, now: datetime) -> None:
    """An audit row about a subscription."""
    record_audit(
        actor,
        event_type,
        now=now,
        target_type="subscription",
        target_id=encode("sub", subscription.pk),
        facts={"plan": subscription.plan_id},
    )
