"""A conflict's way out: the same wish, proposed again on the value that holds now."""

from datetime import date, datetime
from typing import Any

from django.db.models import F

from campaigns import queries
from campaigns.approvals.common import NotPendingError, require_decider
from campaigns.approvals.reread import Seen, read_now
from campaigns.commands import restore
from campaigns.gateway.intake import propose_for
from campaigns.gateway.outcome import Outcome
from campaigns.gateway.proposals import Proposer
from campaigns.models import Ad, AdSet, Campaign, PendingAction
from core.actors import Actor
from core.ids import encode
from core.tenancy import tenant_tx

AGAIN = frozenset({"conflict", "expired", "dispatch_failed"})
_MODELS: dict[str, type[Campaign | AdSet | Ad]] = {"campaign": Campaign, "ad_set": AdSet, "ad": Ad}
_OURS = frozenset({"name", "budget_type", "budget_micros", "start_date", "end_date"})


def propose_again(pending_id: str, *, actor: Actor, now: datetime) -> Outcome:
    """Queue a conflicted (or expired, or failed) proposal anew, on the current value.

    The new row keeps the first proposer and its chain, so that asking again makes nobody able to
    approve what they could not before; it names the old one in `supersedes`.
    """
    with tenant_tx(actor.tenant_id, readonly=True):
        row = queries.get_pending(actor, pending_id)
        require_decider(actor, row)
        if row.status not in AGAIN:
            raise NotPendingError(details={"status": row.status})
    seen = read_now(row)
    with tenant_tx(actor.tenant_id):
        _take_over(row, seen, now)
        payload = {**row.command, "supersedes": encode("pa", row.id)}
        return propose_for(
            restore(row.command_kind, payload),
            actor=actor,
            now=now,
            proposer=Proposer.of(row),
            why=(row.rationale, row.rationale_source),
        )


def _take_over(row: PendingAction, seen: Seen, now: datetime) -> None:
    """Bring our row in line with what the platform shows, as a sync would."""
    values: dict[str, Any] = {
        name: date.fromisoformat(value) if name.endswith("_date") and value else value
        for name, value in seen.values.items()
        if name in _OURS and value is not None
    }
    if values:
        rows = _MODELS[row.target_type].objects.filter(pk=row.target_id)
        rows.update(**values, updated_at=now, synced_at=now, version=F("version") + 1)
