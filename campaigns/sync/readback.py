"""Objects as the platform shows them, compared with our rows and taken over where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from accounts.services.evidence import emit, record_audit
from campaigns import spend
from campaigns.dispatch.record import UPDATED
from campaigns.dispatch.work import PREFIXES
from campaigns.models import Ad, AdSet, Campaign, Dispatch
from core.actors import Actor, ActorKind, Channel
from core.ids import encode
from platforms.models import AdAccount
from platforms.ports import Reader, RemoteObject

type Node = Campaign | AdSet | Ad
MODELS: dict[str, type[Campaign | AdSet | Ad]] = {"campaign": Campaign, "ad_set": AdSet, "ad": Ad}
EDITABLE = ("name", "status", "budget_type", "budget_micros", "start_date", "end_date")
BATCH = 25  # campaigns in one transaction
LOCAL_STATUSES = ("ARCHIVED", "COMPLETED")  # the platform shows PAUSED or ACTIVE for these


@dataclass(frozen=True)
class Edit:
    """One row that shows something else than the platform, and the platform's values."""

    campaign: Campaign
    node: Node
    remote: RemoteObject
    changes: dict[str, Any]


@dataclass
class Readback:
    """What was read of one ad account: external id → our campaign, per level, and the objects."""

    account: AdAccount
    started_at: datetime
    campaign_of: dict[str, dict[str, UUID]] = field(default_factory=dict)
    objects: list[RemoteObject] = field(default_factory=list)


def known_objects(account: AdAccount, *, now: datetime) -> Readback:
    """The account's campaigns, ad sets and ads that exist at the platform."""
    readback = Readback(account, now)
    for kind, model in MODELS.items():
        is_top = kind == "campaign"
        mine = Q(ad_account=account) if is_top else Q(campaign__ad_account=account)
        rows = model.objects.filter(mine).exclude(external_id="").exclude(status="DELETED")
        pairs = rows.values_list("external_id", "id" if is_top else "campaign_id")
        readback.campaign_of[kind] = dict(pairs)
    return readback


def read(readback: Readback, reader: Reader) -> None:
    """One list a level; call it outside any transaction."""
    account = readback.account
    for kind, ids in readback.campaign_of.items():
        if ids:
            readback.objects += reader.read_many(
                account.external_id, kind, ids, currency=account.currency
            )


def batches(readback: Readback) -> Iterator[dict[UUID, list[RemoteObject]]]:
    """The objects by campaign, a few campaigns at a time."""
    by_campaign: dict[UUID, list[RemoteObject]] = {}
    for remote in readback.objects:
        campaign_id = readback.campaign_of[remote.object_type][remote.external_id]
        by_campaign.setdefault(campaign_id, []).append(remote)
    ids = sorted(by_campaign)
    for start in range(0, len(ids), BATCH):
        yield {pk: by_campaign[pk] for pk in ids[start : start + BATCH]}


def take_over(
    readback: Readback, batch: dict[UUID, list[RemoteObject]], *, today: date, now: datetime
) -> int:
    """Write what differs, in the caller's transaction; returns how many rows changed.

    Skips campaigns a Dispatch is, or was since the read began, at work on. Locks the campaigns,
    then their ceilings, then the audit head.
    """
    locked = Campaign.objects.select_for_update(no_key=True, of=("self",))
    rows = locked.select_related("ad_account").filter(pk__in=batch).order_by("id")
    busy = _busy(batch, readback.started_at)
    campaigns = {row.id: row for row in rows if row.id not in busy}
    nodes = _nodes(campaigns)
    edits = []
    for campaign in campaigns.values():
        for remote in batch[campaign.id]:
            node = nodes.get((remote.object_type, remote.external_id))
            if node is None:
                continue
            if remote.object_type == "campaign":
                _correct_spend(campaign, remote, readback.started_at)
            changes = differences(node, remote, today=today)
            if changes:
                edits.append(Edit(campaign, node, remote, changes))
    for edit in edits:
        _write(edit, now)
    return len(edits)


def _busy(campaign_ids: Any, started_at: datetime) -> set[UUID]:
    at_work = Q(state__in=["sent", "unknown"]) | Q(finished_at__gte=started_at)
    dispatches: QuerySet[Dispatch] = Dispatch.objects.filter(at_work, campaign_id__in=campaign_ids)
    return set(dispatches.values_list("campaign_id", flat=True))


def _nodes(campaigns: dict[UUID, Campaign]) -> dict[tuple[str, str], Node]:
    found: dict[tuple[str, str], Node] = {
        ("campaign", row.external_id): row for row in campaigns.values()
    }
    for row in AdSet.objects.filter(campaign_id__in=campaigns).exclude(external_id=""):
        found["ad_set", row.external_id] = row
    for ad in Ad.objects.filter(campaign_id__in=campaigns).exclude(external_id=""):
        found["ad", ad.external_id] = ad
    return found


def _correct_spend(campaign: Campaign, remote: RemoteObject, started_at: datetime) -> None:
    spend.correct(
        campaign,
        remote.budget,
        remote.status,
        now=started_at,
        budget_type=remote.budget_type,
    )


def differences(node: Node, remote: RemoteObject, *, today: date) -> dict[str, Any]:
    """Field → the platform's value, for every field of ours that shows something else."""
    seen: dict[str, Any] = {"name": remote.name, "issues": list(remote.issues)}
    if node.effective_status != "LAUNCH_FAILED":
        seen |= {"status": remote.status, "effective_status": remote.effective_status}
    else:
        del seen["issues"]
    if isinstance(node, Campaign):
        seen |= _campaign_values(node, remote, today)
    if node.status in ("ARCHIVED", "DRAFT") and remote.status == "PAUSED":
        # Archived here is paused there; made and not yet activated, it is still a draft of ours.
        seen |= {"status": node.status, "effective_status": node.effective_status}
    return {name: value for name, value in seen.items() if getattr(node, name) != value}


def _campaign_values(node: Campaign, remote: RemoteObject, today: date) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if remote.budget is not None and remote.budget.currency == node.currency:
        values |= {"budget_type": remote.budget_type, "budget_micros": remote.budget.micros}
    if remote.start_date is not None:
        values["start_date"] = remote.start_date
    if remote.end_date is not None or node.end_date is not None:
        values["end_date"] = remote.end_date
    if remote.status == "ACTIVE" and remote.end_date is not None and remote.end_date < today:
        values |= {"status": "COMPLETED", "effective_status": "COMPLETED"}
    return values


def _write(edit: Edit, now: datetime) -> None:
    kind, node, changes = edit.remote.object_type, edit.node, edit.changes
    before = {name: getattr(node, name) for name in changes}
    MODELS[kind].objects.filter(pk=node.pk).update(
        **changes, version=F("version") + 1, updated_at=now, synced_at=now
    )
    if kind == "ad" and changes.get("effective_status") == "DISAPPROVED":
        texts = [issue.get("summary") or issue.get("message", "") for issue in edit.remote.issues]
        _emit(edit, "ad.disapproved", now, reason="; ".join(texts))
    outside = [name for name in EDITABLE if name in changes and not _is_ours(name, before, changes)]
    if not outside:
        return
    _emit(edit, UPDATED[kind], now, fields=outside, by="platform")
    record_audit(
        platform_actor(edit.campaign),
        UPDATED[kind],
        now=now,
        target_type=kind,
        target_id=encode(PREFIXES[kind], node.pk),
        business_id=edit.campaign.business_id,
        facts={"fields": outside, "campaign_id": encode("camp", edit.campaign.pk)},
        detail={
            "before": {name: _text(before[name]) for name in outside},
            "after": {name: _text(changes[name]) for name in outside},
        },
    )


def _is_ours(name: str, before: dict[str, Any], changes: dict[str, Any]) -> bool:
    """Differences nobody made: the start the platform fills in, and the end of the schedule."""
    return (name == "start_date" and before[name] is None) or changes[name] == "COMPLETED"


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def platform_actor(campaign: Campaign) -> Actor:
    """Whoever changed something in the platform's own screens."""
    platform = campaign.ad_account.platform if campaign.ad_account else "platform"
    return Actor(
        kind=ActorKind.PLATFORM,
        id=f"platform:{platform}",
        tenant_id=campaign.tenant_id,
        channel=Channel.TASK,
        request_id="",
        label=platform,
    )


def _emit(edit: Edit, event_type: str, now: datetime, **extra: Any) -> None:
    kind, campaign = edit.remote.object_type, edit.campaign
    target_id = encode(PREFIXES[kind], edit.node.pk)
    emit(
        event_type,
        {"campaign_id": encode("camp", campaign.pk), f"{kind}_id": target_id, **extra},
        tenant_id=campaign.tenant_id,
        environment=campaign.environment,
        now=now,
        business_id=campaign.business_id,
        target_id=target_id,
    )
