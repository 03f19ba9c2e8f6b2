"""How audit commands name a chain."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from accounts.models import Tenant
from core.errors import NotFoundError
from core.ids import decode

SYSTEM = "system"


def chain_argument(parser: CommandParser, **options: Any) -> None:
    """The positional argument TENANT."""
    parser.add_argument(
        "tenant", metavar="TENANT", help="id of a tenant (ten_… or UUID), or `system`", **options
    )


def chain_of(text: str | None) -> UUID | None:
    """The tenant's UUID, None for the system's chain; raises CommandError for no such tenant."""
    if text == SYSTEM:
        return None
    try:
        tenant_id = decode("ten", text or "")
    except NotFoundError:
        raise CommandError("TENANT must be a tenant's id, or `system`.") from None
    if not Tenant.objects.filter(pk=tenant_id).exists():
        raise CommandError("There is no such tenant.")
    return tenant_id
