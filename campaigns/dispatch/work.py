"""One claimed Dispatch in a worker's hands."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from campaigns.models import Ad, AdSet, Campaign, Creative, Dispatch, DispatchStep
from platforms.models import AdAccount
from platforms.ports import Reader, Writer

ROWS: dict[str, type[Campaign | AdSet | Creative | Ad]] = {
    "campaign": Campaign,
    "ad_set": AdSet,
    "creative": Creative,
    "ad": Ad,
}
PREFIXES = {"campaign": "camp", "ad_set": "aset", "creative": "crt", "ad": "ad"}
CHECK_GOOD_FOR_S = 0.5  # a gate check older than this is repeated before the call
RESENT = "resent"  # error_kind of a done create that was sent again after two empty look-ups


class FenceLostError(RuntimeError):
    """Another worker has claimed the Dispatch since: this one must write nothing more."""


class Ticker:
    """Wall time from a given start, carried on by the monotonic clock, so that leases stay true
    while a slow call runs.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._mark = time.monotonic()

    def now(self) -> datetime:
        """The start plus the time really passed."""
        return self._start + timedelta(seconds=time.monotonic() - self._mark)


@dataclass
class Work:
    """The claimed rows, the connector's two ends and the claim's fence."""

    dispatch: Dispatch
    steps: list[DispatchStep]
    account: AdAccount
    ticker: Ticker
    lease_until: datetime
    reader: Reader = field(init=False)
    writer: Writer = field(init=False)
    notes: list[str] = field(default_factory=list)

    @property
    def tenant_id(self) -> UUID:
        return self.dispatch.tenant_id

    @property
    def fence(self) -> int:
        return self.dispatch.fence

    @property
    def open_steps(self) -> list[DispatchStep]:
        """Steps still to do, in order; a resumed Dispatch starts at the first of them."""
        return [step for step in self.steps if step.state not in ("done", "failed")]

    @property
    def is_fresh(self) -> bool:
        """True while no call of this Dispatch can have had an effect."""
        return all(step.state == "ready" for step in self.steps)

    def has_room_for_a_call(self) -> bool:
        """Whether the lease outlives the hard time-out of a call started now."""
        limit = timedelta(seconds=settings.DISPATCH_CALL_TIMEOUT_S)
        return self.ticker.now() + limit <= self.lease_until
