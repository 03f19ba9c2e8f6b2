"""A platform reader that shows what a test puts there."""

from typing import Any

from campaigns.approvals import reread
from core.money import Money
from platforms.errors import PlatformError
from platforms.ports import RemoteObject


class FakeReader:
    """`values` by external id; an id without values is not found."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, Any]] = {}
        self.error: Exception | None = None
        self.reads = 0

    def show(self, external_id: str, **values: Any) -> None:
        self.values.setdefault(external_id, {}).update(values)

    def read(self, object_type: str, external_id: str, *, currency: str) -> RemoteObject:
        self.reads += 1
        if self.error is not None:
            raise self.error
        if external_id not in self.values:
            raise PlatformError("not_found", "gone")
        values = dict(self.values[external_id])
        micros = values.pop("budget_micros", None)
        budget = Money(micros, currency) if micros is not None else None
        return RemoteObject(
            object_type=object_type,
            external_id=external_id,
            **{"name": "Running", "budget": budget, **values},
        )

    def install(self, monkeypatch: Any) -> "FakeReader":
        monkeypatch.setattr(reread, "open_reader", lambda account, timeout_s: self)
        return self
