"""Analytics at a fixed moment."""

from typing import Any

import pytest

from core import clock
from tests.cast import NOW, Cast
from tests.services.analytics.stage import Stage, set_stage


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (
        "analytics.api.alerts",
        "analytics.api.numbers",
        "analytics.tools",
        "analytics.views.files",
        "analytics.views.page",
    ):
        monkeypatch.setattr(f"{module}.now", lambda: NOW)
    assert clock.now() != NOW


@pytest.fixture
def stage(acme: Cast) -> Stage:
    return set_stage(acme)


@pytest.fixture
def get(client: Any, acme: Cast) -> Any:
    """GET of /v1/analytics/… with the agent's key: status and JSON."""

    def call(path: str, **headers: str) -> tuple[int, dict[str, Any]]:
        answer = client.get(f"/v1/analytics/{path}", headers={**acme.headers, **headers})
        return answer.status_code, answer.json()

    return call
