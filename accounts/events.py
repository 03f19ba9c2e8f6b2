"""The registry of event types: an unknown one raises where it is used."""

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


class UnknownEventError(LookupError):
    """The event type is not registered."""


def check(event_type: str) -> str:
    """The type itself; raises UnknownEventError when it is not registered."""
    if event_type not in EVENT_TYPES:
        raise UnknownEventError(event_type)
    return event_type
