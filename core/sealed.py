"""Secrets at rest and how they come under a new key: each room registers its own here at start."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import structlog
from django.db.models import Model, QuerySet

from core.crypto import DecryptionError, KeyRing

log = structlog.get_logger(__name__)
BATCH = 500
Scope = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of ciphertexts, or with `key` that entry of a JSON column. `context` is what a row's
    value is bound to.
    """

    model: type[Model]
    column: str
    context: Callable[[Any], str]
    key: str = ""

    def reseal(self, ring: KeyRing, scope: Scope) -> tuple[int, int]:
        """(values brought under the ring's first key, values that no key opens).

        `scope` opens one transaction; a batch of rows is read and written in each. A row that
        somebody else wrote meanwhile is left as they wrote it.
        """
        changed = unreadable = 0
        last: Any = None
        while True:
            with scope():
                rows = list(self._behind(ring, last))
                for row in rows:
                    try:
                        changed += self._renew(row, ring)
                    except DecryptionError:
                        unreadable += 1
                        table = self.model._meta.db_table
                        log.warning("sealed_value_unreadable", table=table, row=str(row.pk))
            if not rows:
                return changed, unreadable
            last = rows[-1].pk

    def _behind(self, ring: KeyRing, last: Any) -> QuerySet[Any]:
        """The next rows whose value is not yet under the first key."""
        rows: QuerySet[Any] = self.model._default_manager.all()
        if self.key:
            rows = rows.filter(**{f"{self.column}__has_key": self.key})
        path = f"{self.column}__{self.key}" if self.key else self.column
        rows = rows.exclude(**{path: ""}).exclude(**{f"{path}__startswith": f"{ring.primary_id}:"})
        return (rows if last is None else rows.filter(pk__gt=last)).order_by("pk")[:BATCH]

    def _renew(self, row: Any, ring: KeyRing) -> int:
        held, context = getattr(row, self.column), self.context(row)
        old = held[self.key] if self.key else held
        text = ring.encrypt(ring.decrypt(old, context=context), context=context)
        fresh = {**held, self.key: text} if self.key else text
        same = self.model._default_manager.filter(**{"pk": row.pk, self.column: held})
        return same.update(**{self.column: fresh})


TENANT_COLUMNS: list[SealedColumn] = []
SHARED_COLUMNS: list[SealedColumn] = []


def register_sealed(column: SealedColumn, *, per_tenant: bool) -> None:
    """Make a column part of every key rotation; tenant tables are walked tenant by tenant."""
    columns = TENANT_COLUMNS if per_tenant else SHARED_COLUMNS
    if column not in columns:
        columns.append(column)
