"""Background work on connections: periodic tasks only find and enqueue."""

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task

from core import clock
from core.tasks import TenantTask
from platforms import services
from platforms.errors import PlatformError
from platforms.queries import CONNECTIONS_ALIVE

log = structlog.get_logger(__name__)


@shared_task(name="platforms.expire_due")
def expire_due(**_: Any) -> int:
    """Mark the connections whose token's lifetime is over."""
    return services.expire_due(clock.now())


@shared_task(name="platforms.refresh_all")
def refresh_all(**_: Any) -> int:
    """Enqueue a fresh read of what every living connection gives access to."""
    alive = CONNECTIONS_ALIVE.rows()
    for row in alive:
        refresh_assets.delay(tenant_id=str(row["tenant_id"]), connection_id=str(row["id"]))
    return len(alive)


@shared_task(name="platforms.refresh_assets", base=TenantTask)
def refresh_assets(*, tenant_id: UUID, connection_id: UUID, **_: Any) -> None:
    """Read one connection's ad accounts, pages and pixels; a refused token expires it."""
    now = clock.now()
    try:
        services.refresh_assets(tenant_id, connection_id, now=now)
    except PlatformError as error:
        log.warning("refresh_failed", connection=str(connection_id), kind=error.kind)
        if error.kind == "auth":
            services.mark_expired(tenant_id, connection_id, now=now, error=error)
