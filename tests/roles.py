"""The database roles that tests take."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection


@contextmanager
def admin_role() -> Iterator[None]:
    """The admin's role, where there are roles. On PostgreSQL the rows of a test are seen by its own
    connection alone, so that connection takes it.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        before = cursor.fetchone()[0]
        cursor.execute(f'SET ROLE "{settings.ADMIN_DB_ROLE}"')
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{before}"')
