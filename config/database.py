"""What every database connection does first: drop to the runtime role."""

import sys
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

OWNER_COMMANDS = frozenset(
    {"migrate", "makemigrations", "sqlmigrate", "showmigrations", "flush", "dbshell"}
)


def is_owner_process() -> bool:
    """True for the management commands that change the schema and so run as the owner."""
    return len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS


def assume_role(*, connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Drop to the role named by the alias, where the connecting user is another one."""
    role = connection.settings_dict.get("ASSUME_ROLE")
    if role and connection.vendor == "postgresql" and settings.ASSUME_ROLES:
        with connection.cursor() as cursor:
            cursor.execute(f'SET ROLE "{role}"')


def connect() -> None:
    """Register the receiver once, at start."""
    connection_created.connect(assume_role, dispatch_uid="config.database")
