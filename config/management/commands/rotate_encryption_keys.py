"""`manage.py rotate_encryption_keys`: bring every stored secret under the first key of the ring.

Put the new key in front of ENCRYPTION_KEYS, restart, run this, and take the old key away a day
later: kept replies of keyed requests stay under it for their 24 hours. Reads and writes go on
meanwhile.
"""

from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Tenant
from core.sealed import SHARED_COLUMNS, TENANT_COLUMNS, Scope, SealedColumn
from core.tenancy import tenant_tx


class Command(BaseCommand):
    help = "Re-encrypt stored secrets under the first key of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        changed: dict[str, int] = {}
        unreadable = 0
        for column in SHARED_COLUMNS:
            unreadable += _walk(column, transaction.atomic, changed)
        for tenant_id in Tenant.objects.order_by("id").values_list("id", flat=True):
            for column in TENANT_COLUMNS:
                unreadable += _walk(column, partial(tenant_tx, tenant_id), changed)
        for name, count in changed.items():
            self.stdout.write(f"{name}: {count} re-encrypted")
        if unreadable:
            raise CommandError(
                f"{unreadable} values could not be opened with any key of the ring; "
                "keep the old keys until they are renewed."
            )
        self.stdout.write(f"everything is under the key {settings.KEY_RING.primary_id}")


def _walk(column: SealedColumn, scope: Scope, changed: dict[str, int]) -> int:
    done, unreadable = column.reseal(settings.KEY_RING, scope)
    name = f"{column.model._meta.db_table}.{column.column}"
    changed[name] = changed.get(name, 0) + done
    return unreadable
