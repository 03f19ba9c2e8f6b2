"""A database connection is examined before a request only where it has been idle."""

import time

import pytest
from django.db import connections

from config import database

connection = connections["default"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unexamined(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Django leaves the connection when a request begins."""
    connection.ensure_connection()
    monkeypatch.setattr(connection, "health_check_done", False)
    monkeypatch.setitem(vars(connection), "used_at", 0.0)


def test_a_connection_just_used_is_trusted() -> None:
    database.note_use()
    database.trust_recent()
    assert connection.health_check_done


def test_an_idle_connection_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    database.note_use()
    later = time.monotonic() + database.TRUSTED_S
    monkeypatch.setattr(database.time, "monotonic", lambda: later)
    database.trust_recent()
    assert not connection.health_check_done


def test_a_connection_that_no_request_has_used_is_examined() -> None:
    del vars(connection)["used_at"]
    database.trust_recent()
    assert not connection.health_check_done
