"""Named locks that last as long as the transaction."""

import hashlib

from django.db import connection


def try_transaction_lock(name: str) -> bool:
    """Take the lock `name` until this transaction ends; False where another session holds it.

    PostgreSQL answers at once. SQLite has one writer at a time, so the caller already holds every
    lock.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number(name)])
        row: tuple[bool] = cursor.fetchone()
    return row[0]


def transaction_lock(name: str) -> None:
    """Wait for the lock `name` and hold it until this transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(name)])


def lock_number(name: str) -> int:
    """The number PostgreSQL knows the lock by."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
