"""Database connections: each drops to the runtime role; one just used is not examined again."""

import sys
import time
from typing import Any

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

OWNER_COMMANDS = frozenset(
    {"migrate", "makemigrations", "sqlmigrate", "showmigrations", "flush", "dbshell"}
)
TRUSTED_S = 1


def is_owner_process() -> bool:
    """True for the management commands that change the schema and so run as the owner."""
    return len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS


def assume_role(*, connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Drop to the role named by the alias, where the connecting user is another one."""
    role = connection.settings_dict.get("ASSUME_ROLE")
    if role and connection.vendor == "postgresql" and settings.ASSUME_ROLES:
        with connection.cursor() as cursor:
            cursor.execute(f'SET ROLE "{role}"')


def note_use(**_kwargs: Any) -> None:
    """A request ends: remember when its connections were last in use."""
    for connection in connections.all(initialized_only=True):
        vars(connection)["used_at"] = time.monotonic()


def trust_recent(**_kwargs: Any) -> None:
    """A request begins: Django's health check, a statement of its own, is for connections that have
    been idle. One that broke since fails this request, and Django then examines it.
    """
    found: Any = connections.all(initialized_only=True)
    for connection in found:
        idle_s = time.monotonic() - vars(connection).get("used_at", 0)
        if connection.connection is not None and idle_s < TRUSTED_S:
            connection.health_check_done = True


def connect() -> None:
    """Register the receivers once, at start; Django's own of a request come before."""
    connection_created.connect(assume_role, dispatch_uid="config.database")
    request_finished.connect(note_use, dispatch_uid="config.database")
    request_started.connect(trust_recent, dispatch_uid="config.database")
