"""What a command would do, worked out before anything is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Model

from accounts.models import Business
from campaigns.domain.steps import StepPlan
from campaigns.models import Ad, AdSet, Campaign, Dispatch
from campaigns.queries.gate import Standing
from core.clock import platform_now
from platforms.models import AdAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a command is about, read under the campaign's lock.

    `open` are the campaign's unfinished Dispatches; `standing` is None for a new campaign.
    """

    business: Business
    now: datetime
    campaign: Campaign | None = None
    ad_set: AdSet | None = None
    ad: Ad | None = None
    open: tuple[Dispatch, ...] = ()
    standing: Standing | None = None

    @property
    def node(self) -> Campaign | AdSet | Ad:
        """The object itself; for creates below a campaign its parent."""
        found = self.ad or self.ad_set or self.campaign
        if found is None:
            raise LookupError("the command has no target")
        return found

    @property
    def parent(self) -> Campaign:
        if self.campaign is None:
            raise LookupError("the command has no campaign")
        return self.campaign

    @property
    def is_local(self) -> bool:
        """Nothing of it is at the platform or on the way there."""
        return self.node.is_local and not self.open

    @property
    def today(self) -> date:
        """The platform's day in the campaign's ad account; UTC's where it has none yet."""
        account = self.campaign.ad_account if self.campaign else None
        return self.now.date() if account is None else self.today_in(account)

    def today_in(self, account: AdAccount) -> date:
        """The platform's day in the account's zone."""
        try:
            zone = ZoneInfo(account.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("UTC")
        return platform_now(account, at=self.now).astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class LocalChange:
    """Fields of one of our rows that change as soon as the command is allowed."""

    model: type[Model]
    pk: UUID
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One command worked out. `before` and `after` name the fields it changes.

    `rows` are new rows that exist from the moment it is allowed, `changes` what is written then;
    what depends on the platform is in the steps' `apply`. `exposure_target` is None where the
    command does not touch what the campaign can cost.
    """

    target_type: str
    target_id: UUID
    target_name: str
    before: dict[str, Any]
    after: dict[str, Any]
    is_local: bool
    event: str
    rows: tuple[Model, ...] = ()
    changes: tuple[LocalChange, ...] = ()
    steps: tuple[StepPlan, ...] = ()
    expects: dict[str, Any] = field(default_factory=dict)
    exposure_target: int | None = None

    @property
    def is_noop(self) -> bool:
        """Everything is already as wanted."""
        return not self.steps and not self.rows and not self.changes


def expecting(object_type: str, object_id: UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    """`Dispatch.expects`: the remote values this change was decided upon."""
    if not values:
        return {}
    return {"object_type": object_type, "object_id": str(object_id), "values": dict(values)}
