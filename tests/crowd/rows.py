"""How rows are added, and the moments they speak of."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Model

from tests.cast import NOW
from tests.world import World

LATER = NOW + timedelta(days=36_500)
CHAIN_START = 10_000_000  # counted down, since the product goes on from the highest


def add[M: Model](world: World, model: type[M], rows: Iterable[dict[str, Any]]) -> list[M]:
    """Insert rows of the tenant in bulk."""
    tenant_id = world.cast.tenant.id
    made = [model(tenant_id=tenant_id, **row) for row in rows]
    return list(model._default_manager.bulk_create(made))
