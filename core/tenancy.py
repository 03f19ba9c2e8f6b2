"""Tenant scope: tenant tables are touched only inside `tenant_tx()`; outside it the managers raise.

The first wall is the scoped manager, the second row-level security on PostgreSQL, where
`tenant_tx` makes the
transaction's first statement `set_config('adamant.tenant', …, true)`. SQLite has no second wall:
it is the
single-machine default.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self
from uuid import UUID

import psycopg
from django.db import connection, models, transaction
from psycopg.pq import ExecStatus, TransactionStatus

from core.ids import new_uuid
from core.locks import lock_number, try_transaction_lock


class TenantScopeError(RuntimeError):
    """A tenant table was touched outside `tenant_tx()`, or with another tenant's row."""


class _AllTenants:
    """Marker of the explicit all-tenants context."""


ALL_TENANTS = _AllTenants()
_scope: ContextVar[UUID | _AllTenants | None] = ContextVar("tenant_scope", default=None)


def current_tenant_id() -> UUID | None:
    """The tenant of the open scope; None outside one and in the all-tenants context."""
    scope = _scope.get()
    return scope if isinstance(scope, UUID) else None


@contextmanager
def tenant_tx(tenant_id: UUID, *, readonly: bool = False, try_lock: str = "") -> Iterator[bool]:
    """Open the tenant's scope, in one short transaction.

    A scope inside the same tenant's scope joins its transaction; inside another tenant's it raises
    TenantScopeError. `readonly` spares SQLite the writer lock; on PostgreSQL it changes nothing
    but intent. With `try_lock` the lock of that name is held until the transaction ends, and the
    scope yields False where another session holds it.
    """
    outer = _scope.get()
    if outer == tenant_id:
        with transaction.atomic(savepoint=False):
            yield not try_lock or try_transaction_lock(try_lock)
        return
    if outer is not None:
        raise TenantScopeError("a tenant scope is already open for another tenant")
    token = _scope.set(tenant_id)
    try:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                yield _set_database_tenant(str(tenant_id), try_lock)
                if len(connection.atomic_blocks) > 1:
                    _set_database_tenant("")
        elif readonly:
            yield True
        else:
            with transaction.atomic():
                yield True
    finally:
        _scope.reset(token)


@contextmanager
def all_tenants() -> Iterator[None]:
    """Explicit context of super-admin pages and maintenance commands; PostgreSQL needs the
    admin alias in it.
    """
    if _scope.get() is not None:
        raise TenantScopeError("a tenant scope is already open")
    token = _scope.set(ALL_TENANTS)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def tenant_parameter(place: Any) -> Iterator[None]:
    """Build querysets that carry `place` instead of a tenant; `core.compiled` alone runs them, with
    the open scope's tenant in it.
    """
    token = _scope.set(place)
    try:
        yield
    finally:
        _scope.reset(token)


def _set_database_tenant(value: str, lock: str = "") -> bool:
    """Tell the second wall the tenant and ask for a lock, in one trip with the transaction's BEGIN
    where that is still to come; both values are ours: a UUID and a number.
    """
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    server = connection.connection.pgconn
    parts = ["BEGIN"] if server.transaction_status == TransactionStatus.IDLE else []
    parts.append(f"SELECT set_config('adamant.tenant', '{value}', true)")
    if lock:
        parts.append(f"SELECT pg_try_advisory_xact_lock({lock_number(lock)})")
    with connection.wrap_database_errors:
        answer = server.exec_("; ".join(parts).encode())
        if answer.status != ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(answer)
    return not lock or answer.get_value(0, 0) == b"t"


class TenantQuerySet[M: models.Model](models.QuerySet[M]):
    """Queryset whose inserts carry the open scope's tenant, and no other."""

    def create(self, **kwargs: Any) -> M:
        obj = self.model(**kwargs)
        check_row(obj)
        self._for_write = True
        obj.save(force_insert=True, using=self.db)
        return obj

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        rows = list(objs)
        for row in rows:
            check_row(row)
        return super().bulk_create(rows, *args, **kwargs)


def check_row(row: models.Model) -> None:
    """Raise TenantScopeError outside a scope and for another tenant's row."""
    scope = _scope.get()
    if scope is None:
        raise TenantScopeError(f"{type(row).__name__} outside a tenant scope")
    if isinstance(scope, UUID) and getattr(row, "tenant_id", None) != scope:
        raise TenantScopeError(f"{type(row).__name__} of another tenant")


class TenantManager[M: models.Model](models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Manager that shows the open scope's rows and raises outside one."""

    def get_queryset(self) -> TenantQuerySet[M]:
        scope = _scope.get()
        if scope is None:
            raise TenantScopeError(f"{self.model.__name__} outside a tenant scope")
        queryset: TenantQuerySet[M] = super().get_queryset()
        return queryset if isinstance(scope, _AllTenants) else queryset.filter(tenant_id=scope)


class TenantModel(models.Model):
    """Base of every table that belongs to a tenant: UUIDv7 key, tenant, scoped manager."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    tenant = models.ForeignKey(
        "accounts.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Django's, with the open scope's tenant only: it goes round the scoped manager."""
        check_row(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Django's, with the open scope's tenant only."""
        check_row(self)
        return super().delete(*args, **kwargs)
