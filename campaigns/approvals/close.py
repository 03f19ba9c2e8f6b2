"""The other ends of a proposal: rejected, cancelled, snoozed, expired; and its reminder."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from campaigns import queries
from campaigns.approvals.common import (
    lock,
    require_decider,
    require_status,
    tell,
)
from campaigns.approvals.mails import mail_deciders
from campaigns.gateway.withdraw import settle_launch_state
from campaigns.models import PendingAction
from campaigns.queries.pending import TENANTS_WITH_DUE_APPROVALS
from core.actors import Actor, system_actor
from core.errors import ForbiddenError, InvalidError
from core.tenancy import tenant_tx

REMIND_AT = 0.8
LONGEST_EXPIRY = timedelta(days=90)
BATCH = 200


def reject(pending_id: str, *, actor: Actor, now: datetime, comment: str) -> PendingAction:
    """Reject with a reason, which the proposer reads. Works while the kill switch is engaged."""
    if not comment.strip():
        raise InvalidError(
            _("Say why: the proposer reads it."), field="comment", code="reason_required"
        )
    return _close(pending_id, actor, now=now, status="rejected", comment=comment.strip())


def cancel(pending_id: str, *, actor: Actor, now: datetime, comment: str = "") -> PendingAction:
    """The proposer, or whoever stands behind it, withdraws a proposal; no other key of theirs."""
    return _close(pending_id, actor, now=now, status="cancelled", comment=comment.strip())


def _close(
    pending_id: str, actor: Actor, *, now: datetime, status: str, comment: str
) -> PendingAction:
    with tenant_tx(actor.tenant_id):
        row = queries.get_pending(actor, pending_id)
        if status == "rejected":
            require_decider(actor, row)
        elif actor.id not in row.proposer_chain:
            raise ForbiddenError(
                _("Only the proposer withdraws a proposal."), code="not_the_proposer"
            )
        row = lock(row)
        require_status(row, "pending")
        _end(row, status, by=actor.id, now=now, comment=comment)
        event = f"approval.{status}"
        tell(actor, row, event, now=now, detail={"comment": comment} if comment else None)
    return row


def _end(row: PendingAction, status: str, *, by: str, now: datetime, comment: str = "") -> None:
    row.status, row.decided_by, row.decided_at = status, by, now
    row.decision_comment = comment
    row.version += 1
    row.save(update_fields=["status", "decided_by", "decided_at", "decision_comment", "version"])
    settle_launch_state(row)


def snooze(pending_id: str, *, actor: Actor, now: datetime, until: datetime) -> PendingAction:
    """Hide a proposal from the inbox until a time before its expiry."""
    with tenant_tx(actor.tenant_id):
        row = queries.get_pending(actor, pending_id)
        require_decider(actor, row)
        if not now < until < row.expires_at:
            raise InvalidError(
                _("Choose a time between now and the expiry."), field="until", code="snooze_range"
            )
        row = lock(row)
        require_status(row, "pending")
        row.snoozed_until = until
        row.version += 1
        row.save(update_fields=["snoozed_until", "version"])
    return row


def expire_due(now: datetime) -> int:
    """End every proposal whose time is over, one short transaction each; returns how many."""
    ended = 0
    for found in TENANTS_WITH_DUE_APPROVALS.rows(until=now):
        tenant_id = found["tenant_id"]
        with tenant_tx(tenant_id, readonly=True):
            due = list(PendingAction.objects.filter(status="pending", expires_at__lte=now)[:BATCH])
        for row in due:
            ended += _expire(row, now)
    return ended


def _expire(row: PendingAction, now: datetime) -> int:
    with tenant_tx(row.tenant_id):
        locked = lock(row)
        if locked.status != "pending" or locked.expires_at > now:
            return 0
        actor = system_actor(row.tenant_id, name="expiry")
        _end(locked, "expired", by=actor.id, now=now)
        tell(actor, locked, "approval.expired", now=now)
    return 1


def remind_due(now: datetime) -> int:
    """Announce once each proposal that has used up four fifths of its time."""
    told = 0
    for found in TENANTS_WITH_DUE_APPROVALS.rows(until=now + LONGEST_EXPIRY):
        tenant_id = found["tenant_id"]
        with tenant_tx(tenant_id, readonly=True):
            rows = PendingAction.objects.filter(
                status="pending", reminded_at=None, expires_at__gt=now
            )
            due = [row for row in rows.order_by("expires_at")[:BATCH] if _is_close(row, now)]
        for row in due:
            told += _remind(row, now)
    return told


def _is_close(row: PendingAction, now: datetime) -> bool:
    return now >= row.created_at + (row.expires_at - row.created_at) * REMIND_AT


def _remind(row: PendingAction, now: datetime) -> int:
    with tenant_tx(row.tenant_id):
        rows = PendingAction.objects.filter(pk=row.pk, status="pending", reminded_at=None)
        if not rows.update(reminded_at=now):
            return 0
        mail_deciders([row], "approval_reminder", now=now)
        tell(system_actor(row.tenant_id, name="expiry"), row, "approval.reminder", now=now)
    return 1
