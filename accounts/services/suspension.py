"""Suspending a tenant: its agents are refused, its people may still stop things."""

from datetime import datetime

from accounts.models import Tenant
from accounts.services.evidence import record_audit
from core.actors import Actor
from core.ids import encode
from core.tenancy import tenant_tx


def set_suspended(actor: Actor, *, suspended: bool, now: datetime) -> bool:
    """Suspend the actor's tenant or let it back in; False where it already was so."""
    with tenant_tx(actor.tenant_id):
        changed = Tenant.objects.filter(pk=actor.tenant_id, is_suspended=not suspended).update(
            is_suspended=suspended
        )
        if changed:
            record_audit(
                actor,
                "tenant.suspended" if suspended else "tenant.let_back_in",
                now=now,
                target_type="tenant",
                target_id=encode("ten", actor.tenant_id),
            )
    return bool(changed)
