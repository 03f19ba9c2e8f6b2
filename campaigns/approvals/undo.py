"""Taking an approval back while nothing has been sent."""

from datetime import datetime

from django.utils.translation import gettext as _

from campaigns import queries
from campaigns.approvals.common import (
    lock,
    require_decider,
    require_status,
    tell,
)
from campaigns.gateway.withdraw import back_to_pending, withdraw
from campaigns.models import PendingAction
from core.actors import Actor
from core.errors import ConflictError
from core.tenancy import tenant_tx


def undo(pending_id: str, *, actor: Actor, now: datetime) -> PendingAction:
    """Bring an approved proposal back to pending, within its undo window.

    Raises ConflictError `too_late` once its Dispatch has been claimed or its window has ended.
    """
    with tenant_tx(actor.tenant_id):
        row = queries.get_pending(actor, pending_id)
        require_decider(actor, row)
        row = lock(row)
        require_status(row, "approved")
        if row.dispatch_id is None or not withdraw(row.dispatch_id, now=now, after=now):
            raise ConflictError(_("The change is already on its way."), code="too_late")
        back_to_pending(row)
        tell(actor, row, "approval.undone", now=now)
    return row
