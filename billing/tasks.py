"""Background work of billing."""

from typing import Any

from celery import shared_task

from billing import services
from billing.credits import release_stale
from core import clock


@shared_task(name="billing.release_credits")
def release_credits(**_: Any) -> int:
    """Give back credits that work held when its process died; returns the reservations."""
    return release_stale(clock.now())


@shared_task(name="billing.refresh_stale")
def refresh_stale(**_: Any) -> int:
    """Fetch what a lost webhook may have kept from us; returns the customers."""
    return services.refresh_stale(clock.now()) if services.is_configured() else 0


@shared_task(name="billing.end_grace")
def end_grace(**_: Any) -> int:
    """Put plans whose payment is missing too long on Free's limits; returns the tenants."""
    return services.end_grace(clock.now())
