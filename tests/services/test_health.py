from datetime import timedelta
from threading import Event, Thread
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.models import LoopTurn
from accounts.services.loops import Turns, last_turns
from accounts.tasks import worker_turn
from campaigns.dispatch import loop
from config import embedded, liveness
from config.dialects import Surface, surface_of
from config.faces import health
from core import clock, queue


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Event:
    """An embedded worker of one thread that lives until the event is set."""
    settings.EMBEDDED = True
    stop = Event()
    thread = Thread(target=stop.wait, name="test-loop", daemon=True)
    thread.start()
    monkeypatch.setattr(liveness, "_promised", {"test-loop"})
    yield stop
    stop.set()
    thread.join(5)


def test_liveness_answers_without_a_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


def test_readiness_names_every_check(
    client: Client, db: None, worker: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "_since", clock.now())
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "worker": "ok",
            "loops": "ok",
            "dispatch": "ok",
        },
    }


def test_readiness_falls_while_a_loop_fails_on_every_turn(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, worker: Event
) -> None:
    """The thread lives, catches its error and goes on: only its turns tell."""
    start = clock.now() - timedelta(hours=1)
    monkeypatch.setattr(liveness, "_since", start)
    for name in liveness.LOOPS:
        LoopTurn.objects.update_or_create(name=name, defaults={"turned_at": clock.now()})
    assert client.get("/readyz").status_code == 200

    LoopTurn.objects.filter(name="dispatch").update(turned_at=clock.now() - timedelta(minutes=6))
    stop, failed = Event(), []

    def fail(**_: Any) -> None:
        failed.append(1)
        stop.set()
        raise OperationalError("relation is gone")

    monkeypatch.setattr(loop.DISPATCH_DUE, "rows", fail)
    monkeypatch.setattr(loop, "connection", mock.Mock())
    monkeypatch.setattr(loop, "close_old_connections", lambda: None)
    monkeypatch.setattr(queue, "wait", lambda *_: None)
    loop.run_forever(stop)
    assert failed == [1]
    response = client.get("/readyz")
    assert response.status_code == 503
    assert (
        response.json()["checks"]["loops"] == "loops fail or stand still: dispatch; see their log"
    )

    monkeypatch.setattr(loop.DISPATCH_DUE, "rows", lambda **_: [])
    monkeypatch.setattr(queue, "wait", lambda *_: stop.set())
    stop.clear()
    loop.run_forever(stop)
    assert client.get("/readyz").status_code == 200


def test_a_loop_has_time_to_start(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    start = clock.now()
    monkeypatch.setattr(liveness, "_since", start)
    assert liveness.standing({}, start + timedelta(minutes=2), lenient=True) == []
    late = liveness.standing({}, start + timedelta(minutes=6), lenient=True)
    assert late == list(liveness.LOOPS)


def test_every_loop_of_this_process_records_its_turns() -> None:
    started = {name.rstrip("-0123456789") for name in embedded.loops()}
    assert started | {"worker"} == set(liveness.LOOPS)


def test_a_turn_is_written_once_in_a_while(db: None, django_assert_num_queries: Any) -> None:
    turns, start = Turns("mail"), clock.now()
    turns.good(start)
    with django_assert_num_queries(0):
        turns.good(start + timedelta(seconds=14))
    turns.good(start + timedelta(seconds=15))
    assert last_turns() == {"mail": start + timedelta(seconds=15)}


def test_the_worker_records_its_turn(db: None) -> None:
    worker_turn()
    assert set(last_turns()) == {"worker"}


def test_readiness_falls_when_an_embedded_thread_dies(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, worker: Event
) -> None:
    monkeypatch.setattr(liveness, "_promised", {"test-loop", "dispatch"})
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["worker"] == "embedded threads are not running: dispatch"


def test_readiness_falls_when_no_broker_answers(client: Client, db: None, settings: Any) -> None:
    settings.EMBEDDED = False
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["worker"] == "the broker does not answer"


def test_stuck_is_longer_than_any_retry_of_the_loop() -> None:
    assert timedelta(minutes=5) <= health.STUCK_AFTER


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        ("/api/v1/campaigns", Surface.AGENT),
        ("/v1/account/profile", Surface.AGENT),
        ("/v1/account", Surface.RESEARCH),
        ("/api/v1/tasks/7", Surface.RESEARCH),
        ("/api/v1/projects/biz_1/ads", Surface.PARTNER),
        ("/api/v1/tenant-management/tenants", Surface.TENANTS),
        ("/campaigns", None),
        ("/v10/campaigns", None),
    ],
)
def test_path_belongs_to_a_surface(path: str, surface: Surface | None) -> None:
    assert surface_of(path) == surface


@pytest.mark.parametrize("prefix", ["/api/v1", "/v1"])
def test_unknown_route_answers_json(client: Client, db: None, prefix: str) -> None:
    response = client.get(f"{prefix}/no-such-thing")
    error = response.json()["error"]
    assert response.status_code == 404
    assert error["code"] == "not_found"
    assert error["request_id"].startswith("req_")
