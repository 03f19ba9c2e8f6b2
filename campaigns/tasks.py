"""Background work of campaigns: periodic tasks only find and enqueue."""

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task

from campaigns import approvals, sync
from campaigns.services.policy_changes import expire_changes
from core import clock
from core.tasks import TenantTask
from platforms.errors import PlatformError

log = structlog.get_logger(__name__)


@shared_task(name="campaigns.sync_due")
def sync_due(**_: Any) -> int:
    """Enqueue a read-back of every connection that is due."""
    due = sync.due_connections(clock.now())
    for tenant_id, connection_id in due:
        sync_connection.delay(tenant_id=str(tenant_id), connection_id=str(connection_id))
    return len(due)


@shared_task(name="campaigns.sync_connection", base=TenantTask)
def sync_connection(*, tenant_id: UUID, connection_id: UUID, **_: Any) -> None:
    """Read back one connection, unless an earlier message has done so since."""
    now = clock.now()
    if (tenant_id, connection_id) not in sync.due_connections(now):
        return
    try:
        result = sync.sync_connection(connection_id, now=now)
    except PlatformError as error:
        log.warning("sync_failed", connection=str(connection_id), kind=error.kind)
    else:
        log.info("synced", connection=str(connection_id), result=str(result))


@shared_task(name="campaigns.expire_due")
def expire_due(**_: Any) -> int:
    """End proposals whose time is over, and loosenings that no second person confirmed."""
    return approvals.expire_due(clock.now()) + expire_changes(clock.now())


@shared_task(name="campaigns.announce_due")
def announce_due(**_: Any) -> int:
    """Mail new proposals to those who may decide them."""
    return approvals.announce_due(clock.now())


@shared_task(name="campaigns.remind_due")
def remind_due(**_: Any) -> int:
    """Announce proposals that are close to their expiry."""
    return approvals.remind_due(clock.now())
