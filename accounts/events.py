"""The registry of event types: an unknown one raises where it is used."""

from collections.abc import Mapping
from typing import Any

import pydantic

from accounts import event_data as shapes

# type → what it says, in the words of the API document. The first 13 are the Agent API's documented
# ones.
EVENT_TYPES: dict[str, str] = {
    "account.verified": "Account verification completed.",
    "billing.payment_completed": "A subscription payment succeeded.",
    "billing.payment_failed": "A payment attempt failed.",
    "campaign.created": "A campaign was created.",
    "campaign.launched": "A campaign was deployed to its platform.",
    "campaign.paused": "A campaign was paused.",
    "campaign.updated": "A campaign changed.",
    "ad.optimized": "An ad's creative was replaced or modified.",
    "ad.paused": "An ad was paused.",
    "budget.reallocated": "Budget was shifted.",
    "generation.completed": "An AI generation finished.",
    "alert.spend": "Spend crossed a threshold or left its usual range.",
    "alert.performance": "Performance crossed a threshold or left its usual range.",
    "campaign.resumed": "A campaign was resumed.",
    "campaign.archived": "A campaign was archived.",
    "ad_set.created": "An ad set was created.",
    "ad_set.updated": "An ad set changed.",
    "ad.created": "An ad was created.",
    "ad.updated": "An ad changed.",
    "ad.disapproved": "The platform disapproved an ad.",
    "approval.requested": "A change waits for a person.",
    "approval.approved": "A person approved a change.",
    "approval.rejected": "A person rejected a change.",
    "approval.undone": "An approval was undone before it was sent.",
    "approval.expired": "A change was not decided in time.",
    "approval.cancelled": "The proposer withdrew a change.",
    "approval.superseded": "A newer proposal replaced a change.",
    "approval.conflict": "The platform's value moved; nothing was sent.",
    "approval.reminder": "A change is close to its expiry.",
    "ads.write.denied": "The gate denied a change.",
    "ads.write.dispatched": "A change was carried out at the platform.",
    "ads.write.failed": "A change failed at the platform.",
    "ads.write.removed": "What a failed change had made was removed.",
    "kill_switch.engaged": "The kill switch was engaged.",
    "kill_switch.released": "The kill switch was released.",
    "policy.proposed": "A looser policy waits for a second person.",
    "policy.confirmed": "A second person confirmed a looser policy.",
    "policy.cancelled": "A looser policy was dropped before it took effect.",
    "policy.expired": "No second person confirmed a looser policy in time.",
    "policy.conflict": "A looser policy was dropped because its ground had changed.",
    "connection.connected": "A platform was connected.",
    "connection.disconnected": "A platform was disconnected.",
    "connection.expired": "A platform's token expired.",
}


# type → what its `data` holds.
EVENT_DATA: dict[str, type[shapes.Data]] = {
    "account.verified": shapes.AccountVerifiedData,
    "billing.payment_completed": shapes.PaymentData,
    "billing.payment_failed": shapes.PaymentData,
    "campaign.created": shapes.ChangeData,
    "campaign.launched": shapes.ChangeData,
    "campaign.paused": shapes.ChangeData,
    "campaign.updated": shapes.ChangeData,
    "ad.optimized": shapes.ChangeData,
    "ad.paused": shapes.ChangeData,
    "budget.reallocated": shapes.ChangeData,
    "generation.completed": shapes.GenerationCompletedData,
    "alert.spend": shapes.AlertData,
    "alert.performance": shapes.AlertData,
    "campaign.resumed": shapes.ChangeData,
    "campaign.archived": shapes.ChangeData,
    "ad_set.created": shapes.ChangeData,
    "ad_set.updated": shapes.ChangeData,
    "ad.created": shapes.ChangeData,
    "ad.updated": shapes.ChangeData,
    "ad.disapproved": shapes.AdDisapprovedData,
    "approval.requested": shapes.ApprovalRequestedData,
    "approval.approved": shapes.ApprovalData,
    "approval.rejected": shapes.ApprovalData,
    "approval.undone": shapes.ApprovalData,
    "approval.expired": shapes.ApprovalData,
    "approval.cancelled": shapes.ApprovalData,
    "approval.superseded": shapes.ApprovalData,
    "approval.conflict": shapes.ApprovalConflictData,
    "approval.reminder": shapes.ApprovalData,
    "ads.write.denied": shapes.WriteDeniedData,
    "ads.write.dispatched": shapes.WriteDispatchedData,
    "ads.write.failed": shapes.WriteFailedData,
    "ads.write.removed": shapes.ChangeData,
    "kill_switch.engaged": shapes.KillSwitchData,
    "kill_switch.released": shapes.KillSwitchData,
    "policy.proposed": shapes.PolicyChangeData,
    "policy.confirmed": shapes.PolicyChangeData,
    "policy.cancelled": shapes.PolicyChangeData,
    "policy.expired": shapes.PolicyChangeData,
    "policy.conflict": shapes.PolicyChangeData,
    "connection.connected": shapes.ConnectionData,
    "connection.disconnected": shapes.ConnectionData,
    "connection.expired": shapes.ConnectionData,
}


class UnknownEventError(LookupError):
    """The event type is not registered."""


def check(event_type: str, _data: Mapping[str, Any]) -> str:
    """The type itself; raises UnknownEventError when it is not registered. The tests put in its
    place what judges the data too: a key too many is no reason to undo a change in service.
    """
    if event_type not in EVENT_TYPES:
        raise UnknownEventError(event_type)
    return event_type


def undocumented(event_type: str, data: Mapping[str, Any]) -> list[str]:
    """How `data` differs from what the document says of the event; empty where it does not."""
    try:
        made = EVENT_DATA[event_type].model_validate(dict(data), strict=True)
    except pydantic.ValidationError as error:
        return [
            f"{event_type}: {'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors()
        ]
    return [f"{event_type}: {path} is not documented" for path in _extras(made)]


def _extras(made: shapes.Data) -> list[str]:
    found = list(made.model_extra or {})
    for name in type(made).model_fields:
        part = getattr(made, name)
        if isinstance(part, shapes.Data):
            found += [f"{name}.{extra}" for extra in _extras(part)]
    return found
