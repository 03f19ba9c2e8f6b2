"""Background work of accounts: what is kept for a time only, and the heads of the audit chains."""

from typing import Any

import structlog
from celery import shared_task

from accounts.models import Tenant
from accounts.services import app_tokens, idempotency, loops
from accounts.services.audit_export import signed_head
from core import clock

log = structlog.get_logger(__name__)


@shared_task(name="accounts.worker_turn")
def worker_turn(**_: Any) -> None:
    """Show readiness that beat publishes and a worker answers."""
    loops.Turns("worker").good(clock.now())


@shared_task(name="accounts.prune_keys")
def prune_keys(**_: Any) -> int:
    """Forget the answers of keyed requests, and tokens of apps, after their time; returns the rows
    touched.
    """
    return idempotency.prune(clock.now()) + app_tokens.prune(clock.now())


@shared_task(name="accounts.sign_heads")
def sign_heads(**_: Any) -> int:
    """Log the signed head of every audit chain. Where logs are shipped elsewhere, a line proves
    later that nothing it covers was cut off (`tools/verify_audit.py --head`).
    """
    heads = 0
    for tenant_id in [None, *Tenant.objects.values_list("id", flat=True)]:
        head = signed_head(tenant_id, now=clock.now())
        if head["seq"]:
            log.info("audit_head", head=head)
            heads += 1
    return heads
