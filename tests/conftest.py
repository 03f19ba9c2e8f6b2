"""The database as the runtime role sees it, and the cast: tenants acme and rival."""

import socket
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections

from tests import cookies
from tests.cast import Cast, make_cast

LOOPBACK = ("127.0.0.1", "::1", "localhost", "", None)


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """No test opens a socket to anything but this machine."""
    real = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise RuntimeError(f"a test tried to reach {address}")
        real(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def _closed_connections() -> Iterator[None]:
    """The connector's own pool leaves no socket open."""
    yield
    from platforms.meta.client import http_client

    if http_client.cache_info().currsize:
        http_client().close()


@pytest.fixture(autouse=True, scope="session")
def _documented_events() -> Iterator[None]:
    """What the product emits is what the API document says of the event."""
    from accounts import events

    known = events.check

    def judged(event_type: str, data: Mapping[str, Any]) -> str:
        caller = sys._getframe(2).f_globals["__name__"]
        if not caller.startswith(("tests.", "bench.")):
            found = events.undocumented(event_type, data)
            assert not found, found
        return known(event_type, data)

    events.check = judged
    yield
    events.check = known


def drop_to_runtime_role() -> None:
    """From here on every new connection is the runtime role's."""
    settings.ASSUME_ROLES = True
    connections.close_all()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_use_migrations: bool,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """Create the test databases as the owner, then run every test as the runtime role. The
    simulator's comes from its models: all rooms' migrations would run there for its few tables.
    """
    from django.test.utils import setup_databases, teardown_databases

    settings.ASSUME_ROLES = False
    connections["sim"].settings_dict["TEST"]["MIGRATE"] = False
    with django_db_blocker.unblock():
        created = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        if connection.vendor == "postgresql":
            # No test needs what a crash of the server itself would lose.
            name = connection.settings_dict["NAME"]
            with connection.cursor() as cursor:
                cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
        drop_to_runtime_role()
    yield
    settings.ASSUME_ROLES = False
    with django_db_blocker.unblock():
        connections.close_all()
        teardown_databases(created, verbosity=0)


@pytest.fixture(autouse=True, scope="session")
def _secret_cookies() -> None:
    cookies.install()


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _no_plan_limits(settings: Any) -> None:
    """Suites call more often than Free allows; the throttle's own tests switch it on."""
    settings.PLAN_THROTTLE = False


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real transactions, visible to threads and other processes; every table is emptied
    afterwards.
    """
    with django_db_blocker.unblock():
        yield
        wipe()
        connections.close_all()


KEPT = {"django_migrations", "django_content_type", "auth_permission", "billing_plan"}


def wipe() -> None:
    """Empty all tables of the default database, as the owner."""
    from accounts.rls import APPEND_ONLY

    tables = [name for name in connection.introspection.table_names() if name not in KEPT]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("RESET ROLE")
            # An empty table costs as much to truncate as a full one, and most are empty.
            cursor.execute(" UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables
            ))  # fmt: skip
            filled = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
            if filled:
                cursor.execute(f"TRUNCATE {filled} CASCADE")
            cursor.execute(f'SET ROLE "{settings.RUNTIME_DB_ROLE}"')
            return
        cursor.execute("PRAGMA foreign_keys=OFF")
        for name in APPEND_ONLY:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}_no_update")
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}_no_delete")
        for name in tables:
            cursor.execute(f'DELETE FROM "{name}"')
        cursor.execute("PRAGMA foreign_keys=ON")
    from accounts.rls import sync

    sync(connection)


@pytest.fixture
def acme(db: None) -> Cast:
    return make_cast("acme")


@pytest.fixture
def rival(db: None) -> Cast:
    return make_cast("rival")


@pytest.fixture
def acme_committed(committed: None) -> Cast:
    return make_cast("acme")


@pytest.fixture
def rival_committed(committed: None) -> Cast:
    return make_cast("rival")
