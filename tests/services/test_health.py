from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.test import Client

from config import liveness
from config.dialects import Surface, surface_of
from config.faces import health


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


def test_readiness_names_every_check(client: Client, db: None, worker: Event) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": {"database": "ok", "migrations": "ok", "worker": "ok", "dispatch": "ok"},
    }


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
