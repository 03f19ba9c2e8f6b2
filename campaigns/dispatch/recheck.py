"""What must still hold in the last transaction before a call."""

from campaigns.models import Dispatch, KillSwitch, PendingAction
from campaigns.queries.gate import refusal_at_claim

KILLED = "kill_switch_active"
WITHDRAWN = "approval_withdrawn"


def kill_reason(dispatch: Dispatch) -> str:
    """KILLED while the business's switch is engaged, or has been since the intent was made."""
    if dispatch.survives_kill:
        return ""
    switch = (
        KillSwitch.objects.filter(business_id=dispatch.business_id)
        .values_list("is_engaged", "epoch")
        .first()
    )
    if switch is None:
        return ""
    engaged, epoch = switch
    return KILLED if engaged or epoch != dispatch.kill_epoch else ""


def refusal(dispatch: Dispatch, *, thorough: bool) -> str:
    """Why no call may be made now; empty when it may.

    The kill switch is read every time from its row, never from a cache; `thorough` adds the
    approval and the authority (before the first call and before anything is activated).
    """
    killed = kill_reason(dispatch)
    if killed or not thorough:
        return killed
    if dispatch.pending_action_id is not None:
        approved = PendingAction.objects.filter(pk=dispatch.pending_action_id, status="approved")
        if not approved.exists():
            return WITHDRAWN
    return refusal_at_claim(dispatch)
