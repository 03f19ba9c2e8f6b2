"""The loop that sends mail outlives the database connection it holds."""

import threading
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError, connection

from accounts.services import mail
from core import queue


def test_after_an_error_the_next_round_has_a_new_connection(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, held = threading.Event(), []

    def send_due(_now: datetime) -> int:
        connection.ensure_connection()
        held.append(connection.connection)
        if len(held) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        stop.set()
        return 0

    monkeypatch.setattr(mail, "send_due", send_due)
    monkeypatch.setattr(queue, "wait", lambda *_: None)
    in_thread(lambda: mail.run_forever(stop))
    assert len(held) == 2
    assert held[0] is not held[1]


def in_thread(run: Any) -> None:
    def closing() -> None:
        run()
        connection.close()

    thread = threading.Thread(target=closing)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
