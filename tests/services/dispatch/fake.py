"""A platform in memory: a reader and a writer over one dictionary, with scripted faults."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.money import Money
from platforms.errors import PlatformError
from platforms.ports import (
    AdSetSpec,
    AdSpec,
    CampaignSpec,
    Changes,
    CreativeSpec,
    InsightRow,
    RemoteObject,
)

BORN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def unknown(if_absent: str = "") -> PlatformError:
    return PlatformError("unknown", "no answer", if_absent_kind=if_absent)


@dataclass
class FakePlatform:
    """`before` and `after` hold errors to raise at the n-th write, before or after its effect."""

    read_lag_s: int = 0
    objects: dict[str, RemoteObject] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    before: dict[int, Exception] = field(default_factory=dict)
    after: dict[int, Exception] = field(default_factory=dict)
    lookup_error: PlatformError | None = None
    read_error: PlatformError | None = None
    hidden: int = 0  # look-ups that still show nothing
    lookups: list[tuple[str, str]] = field(default_factory=list)  # type and parent asked for
    on_write: Callable[[int], None] = lambda number: None
    facts: list[InsightRow] = field(default_factory=list)
    today: datetime = BORN

    def _write(self, name: str, target: str, effect: Callable[[], str]) -> str:
        number = len(self.calls)
        self.calls.append((name, target))
        self.on_write(number)
        if number in self.before:
            raise self.before.pop(number)
        result = effect()
        if number in self.after:
            raise self.after.pop(number)
        return result

    def add(self, object_type: str, name: str, tag: str = "", **values: Any) -> str:
        external_id = str(1000 + len(self.objects))
        self.objects[external_id] = RemoteObject(
            object_type=object_type,
            external_id=external_id,
            name=name,
            tag=tag,
            **{
                "status": "PAUSED",
                "effective_status": "PAUSED",
                "created_at": BORN + timedelta(seconds=len(self.objects)),
            }
            | values,
        )
        return external_id

    def of(self, object_type: str) -> list[RemoteObject]:
        return [item for item in self.objects.values() if item.object_type == object_type]

    # --- writer
    def create_campaign(self, account: str, spec: CampaignSpec, *, tag: str) -> str:
        return self._write(
            "create_campaign",
            spec.name,
            lambda: self.add(
                "campaign",
                spec.name,
                tag,
                budget_type=spec.budget_type,
                budget=spec.budget,
                start_date=spec.start_date,
                end_date=spec.end_date,
            ),
        )

    def create_ad_set(self, account: str, spec: AdSetSpec, *, tag: str) -> str:
        parent = spec.campaign_external_id
        return self._write(
            "create_ad_set",
            spec.name,
            lambda: self.add("ad_set", spec.name, tag, parent_external_id=parent),
        )

    def upload_image(self, account: str, *, name: str, content: bytes) -> str:
        return self._write("upload_image", name, lambda: f"hash{len(content)}")

    def create_creative(self, account: str, spec: CreativeSpec, *, tag: str) -> str:
        return self._write(
            "create_creative", spec.name, lambda: self.add("creative", spec.name, tag)
        )

    def create_ad(self, account: str, spec: AdSpec, *, tag: str) -> str:
        parent, creative = spec.ad_set_external_id, spec.creative_external_id
        return self._write(
            "create_ad",
            spec.name,
            lambda: self.add(
                "ad", spec.name, tag, parent_external_id=parent, creative_external_id=creative
            ),
        )

    def update(self, object_type: str, external_id: str, changes: Changes) -> None:
        names = ("name", "budget_type", "budget", "start_date", "end_date", "creative_external_id")
        values = {
            name: getattr(changes, name) for name in names if getattr(changes, name) is not None
        }
        self._write("update", external_id, lambda: self._replace(external_id, **values))

    def set_status(self, object_type: str, external_id: str, status: str) -> None:
        self._write(
            f"set_status:{status}",
            external_id,
            lambda: self._replace(external_id, status=status, effective_status=status),
        )

    def _replace(self, external_id: str, **values: Any) -> str:
        self.objects[external_id] = replace(self.objects[external_id], **values)
        return ""

    # --- reader
    def read(self, object_type: str, external_id: str, *, currency: str) -> RemoteObject:
        if self.read_error is not None:
            raise self.read_error
        return self.objects[external_id]

    def read_many(
        self, account: str, object_type: str, ids: Any, *, currency: str
    ) -> list[RemoteObject]:
        if self.read_error is not None:
            raise self.read_error
        return [self.objects[external_id] for external_id in ids if external_id in self.objects]

    def find_by_tag(
        self, account: str, object_type: str, tag: str, *, currency: str, parent: str = ""
    ) -> list[RemoteObject]:
        if self.lookup_error is not None:
            raise self.lookup_error
        if self.hidden:
            self.hidden -= 1
            return []
        self.lookups.append((object_type, parent))
        return [
            item
            for item in self.of(object_type)
            if item.tag == tag and parent in ("", item.parent_external_id)
        ]

    def insights(
        self, account: str, *, since: date, until: date, currency: str
    ) -> Iterator[InsightRow]:
        yield from (row for row in self.facts if since <= row.day <= until)

    def platform_now(self) -> datetime:
        return self.today


USD = "USD"


def dollars(amount: int) -> Money:
    return Money(amount * 1_000_000, USD)
