"""An activation that was on its way when the kill switch stopped delivery is taken back."""

from campaigns.dispatch.claims import hold_fence, is_activation
from campaigns.dispatch.work import Work
from campaigns.models import DispatchStep, KillSwitch


def stop_is_due(work: Work) -> bool:
    """Whether delivery was stopped while this Dispatch's activation was in flight.

    Locks the business's switch, so that whoever engages it next sees the campaign as running.
    """
    if work.dispatch.survives_kill or not any(is_activation(step) for step in work.steps):
        return False
    business_id = work.dispatch.business_id
    switch = KillSwitch.objects.select_for_update().filter(business_id=business_id).first()
    if switch is None:
        row = KillSwitch(tenant_id=work.tenant_id, business_id=business_id)
        KillSwitch.objects.bulk_create([row], ignore_conflicts=True)
        switch = KillSwitch.objects.select_for_update().get(business_id=business_id)
    if not (switch.is_engaged and switch.stop_delivery):
        return False
    campaign = str(work.dispatch.campaign_id)
    if campaign not in switch.stopped_campaigns:
        switch.stopped_campaigns = [*switch.stopped_campaigns, campaign]
        switch.save(update_fields=["stopped_campaigns"])
    return True


def append_stop(work: Work) -> None:
    """Add a last step that pauses the campaign; the kill switch does not hold it back."""
    step = DispatchStep(
        tenant_id=work.tenant_id,
        dispatch=work.dispatch,
        seq=work.steps[-1].seq + 1,
        kind="set_status",
        object_type="campaign",
        object_id=work.dispatch.campaign_id,
        params={"status": "PAUSED"},
        apply={"status": "PAUSED"},
        payload_digest="",
    )
    DispatchStep.objects.bulk_create([step])
    work.steps.append(step)
    hold_fence(work, survives_kill=True)
