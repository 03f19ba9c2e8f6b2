"""What the platform shows now, read without a lock before a proposal is decided."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import Any

import structlog

from campaigns.dispatch.loop import seen_value
from campaigns.models import Ad, AdSet, Campaign, PendingAction
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.models import AdAccount
from platforms.ports import Reader, RemoteObject
from platforms.queries import open_reader

LIMIT_S = 3.0
_MODELS: dict[str, type[Campaign | AdSet | Ad]] = {"campaign": Campaign, "ad_set": AdSet, "ad": Ad}
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="reread")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """The remote values of the fields a proposal changes; `failed` where they could not be read,
    both empty where nothing is at the platform yet.
    """

    values: dict[str, Any] = field(default_factory=dict)
    targeting_digest: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class _Target:
    account: AdAccount
    object_type: str
    external_id: str
    names: tuple[str, ...]


def read_now(row: PendingAction) -> Seen:
    """Read the proposal's target at its platform, within 3 s, outside any transaction."""
    target = _target_of(row)
    if target is None:
        return Seen()
    try:
        reader = open_reader(target.account, timeout_s=LIMIT_S)
        future: Future[RemoteObject] = _pool.submit(_read, reader, target)
        remote = future.result(timeout=LIMIT_S)
    except (PlatformError, FutureTimeoutError) as error:
        log.warning("reread_failed", target=target.external_id, kind=type(error).__name__)
        return Seen(failed=True)
    values = {name: seen_value(remote, name) for name in target.names}
    return Seen(values, remote.targeting_digest)


def _read(reader: Reader, target: _Target) -> RemoteObject:
    return reader.read(target.object_type, target.external_id, currency=target.account.currency)


def _target_of(row: PendingAction) -> _Target | None:
    """What to read; None where the command expects nothing of the platform."""
    with tenant_tx(row.tenant_id, readonly=True):
        node = _MODELS[row.target_type].objects.filter(pk=row.target_id).first()
        campaign = Campaign.objects.filter(pk=row.campaign_id).select_related("ad_account").first()
        if node is None or campaign is None or not node.external_id:
            return None
        if campaign.ad_account is None:
            return None
        account: AdAccount = campaign.ad_account
        names = names_read(row)
        found = _Target(account, row.target_type, node.external_id, names)
    return found if names or "targeting" in row.after else None


_SEEN_AS = {"creative": "creative_external_id"}
_COMPARABLE = (
    "name",
    "status",
    "budget_type",
    "budget_micros",
    "start_date",
    "end_date",
    "creative_external_id",
)


def names_read(row: PendingAction) -> tuple[str, ...]:
    """The remote fields that a proposal's `before` speaks of."""
    names = [_SEEN_AS.get(name, name) for name in row.before]
    if row.command_kind.startswith(("pause_", "archive_", "launch_")):
        return ()
    return tuple(name for name in names if name in _COMPARABLE)
