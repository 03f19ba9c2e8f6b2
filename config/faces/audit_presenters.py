"""What an audit row says in one sentence, per event type."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PRESENTERS: dict[str, Promise] = {
    "account.claimed": gettext_lazy("claimed the account with a password of their own"),
    "account.profile_changed": gettext_lazy("changed their profile"),
    "account.registered": gettext_lazy("registered over the API"),
    "account.password_changed": gettext_lazy("changed their password"),
    "account.password_reset": gettext_lazy("set a new password by mail"),
    "account.verified": gettext_lazy("confirmed their address"),
    "ad.created": gettext_lazy("created the ad"),
    "ad.disapproved": gettext_lazy("disapproved the ad"),
    "ad.optimized": gettext_lazy("replaced the creative of the ad"),
    "ad.paused": gettext_lazy("paused the ad"),
    "ad.updated": gettext_lazy("changed the ad"),
    "ad_set.created": gettext_lazy("created the ad set"),
    "ad_set.updated": gettext_lazy("changed the ad set"),
    "admin.acted": gettext_lazy("acted as super-admin"),
    "admin.opened": gettext_lazy("opened the tenant as super-admin"),
    "ads.write.acknowledged": gettext_lazy("took a change off the desk of unknown outcomes"),
    "ads.write.allowed": gettext_lazy("sent a change on its way"),
    "ads.write.applied": gettext_lazy("changed what has not been launched yet"),
    "ads.write.denied": gettext_lazy("was denied a change"),
    "ads.write.dispatched": gettext_lazy("carried out a change at the platform"),
    "ads.write.failed": gettext_lazy("failed to carry out a change"),
    "ads.write.removed": gettext_lazy("removed what a failed change had left"),
    "alert.performance": gettext_lazy("saw an unusual result"),
    "alert.spend": gettext_lazy("saw a spend threshold reached"),
    "app.authorised": gettext_lazy("allowed an app to work for them"),
    "app.registered": gettext_lazy("registered an app"),
    "app.removed": gettext_lazy("removed an app"),
    "app.revoked": gettext_lazy("ended an app's access"),
    "app.token_reused": gettext_lazy("lost its access: a code or token came twice"),
    "approval.approved": gettext_lazy("approved a change"),
    "approval.cancelled": gettext_lazy("withdrew a proposal"),
    "approval.conflict": gettext_lazy("stopped a change because the platform's value had moved"),
    "approval.expired": gettext_lazy("let a proposal expire"),
    "approval.rejected": gettext_lazy("rejected a change"),
    "approval.reminder": gettext_lazy("reminded of a proposal close to its expiry"),
    "approval.requested": gettext_lazy("proposed a change"),
    "approval.snoozed": gettext_lazy("snoozed a proposal"),
    "approval.superseded": gettext_lazy("replaced a proposal by a newer one"),
    "approval.undone": gettext_lazy("undid an approval before it was sent"),
    "auth.login": gettext_lazy("signed in over the API"),
    "auth.signed_in": gettext_lazy("signed in"),
    "authority.changed": gettext_lazy("changed the authority of agents"),
    "billing.cancel_scheduled": gettext_lazy("cancelled the plan at the end of its period"),
    "billing.cancelled": gettext_lazy("cancelled the plan"),
    "billing.checkout_started": gettext_lazy("started a checkout"),
    "billing.past_due": gettext_lazy("marked the plan as overdue"),
    "billing.payment_completed": gettext_lazy("paid"),
    "billing.payment_failed": gettext_lazy("failed to pay"),
    "billing.resumed": gettext_lazy("let the plan go on"),
    "billing.subscribed": gettext_lazy("subscribed to a plan"),
    "billing.unpaid": gettext_lazy("put the unpaid plan on Free's limits"),
    "alert_rule.created": gettext_lazy("made an alert rule"),
    "alert_rule.deleted": gettext_lazy("removed an alert rule"),
    "alert_rule.updated": gettext_lazy("changed an alert rule"),
    "brand_rules.changed": gettext_lazy("changed the brand rules"),
    "budget.reallocated": gettext_lazy("shifted budget"),
    "business.created": gettext_lazy("created a business"),
    "campaign.archived": gettext_lazy("archived the campaign"),
    "campaign.created": gettext_lazy("created the campaign"),
    "campaign.launched": gettext_lazy("launched the campaign"),
    "campaign.paused": gettext_lazy("paused the campaign"),
    "campaign.resumed": gettext_lazy("resumed the campaign"),
    "campaign.updated": gettext_lazy("changed the campaign"),
    "ceiling.changed": gettext_lazy("changed a spend ceiling"),
    "connection.connected": gettext_lazy("connected a platform"),
    "connection.defaults_chosen": gettext_lazy("chose the defaults of a connection"),
    "connection.disconnected": gettext_lazy("disconnected a platform"),
    "connection.expired": gettext_lazy("lost a connection: its token expired"),
    "connection.requested": gettext_lazy("asked for a connection"),
    "generation.completed": gettext_lazy("generated content"),
    "generation.requested": gettext_lazy("asked for generated content"),
    "key.created": gettext_lazy("created a key"),
    "key.revoked": gettext_lazy("revoked a key"),
    "key.rotated": gettext_lazy("rotated a key"),
    "kill_switch.engaged": gettext_lazy("engaged the kill switch"),
    "kill_switch.released": gettext_lazy("released the kill switch"),
    "member.invitation_withdrawn": gettext_lazy("withdrew an invitation"),
    "member.invited": gettext_lazy("invited a person"),
    "member.joined": gettext_lazy("joined the team"),
    "member.removed": gettext_lazy("removed a person from the team"),
    "member.role_changed": gettext_lazy("changed a person's role"),
    "person.erased": gettext_lazy("erased a person's details"),
    "policy.cancelled": gettext_lazy("dropped a looser policy that waited"),
    "policy.changed": gettext_lazy("changed the rules of deciding"),
    "policy.confirmed": gettext_lazy("confirmed a looser policy as the second person"),
    "policy.conflict": gettext_lazy("dropped a looser policy whose ground had changed"),
    "policy.expired": gettext_lazy("let a looser policy expire"),
    "policy.proposed": gettext_lazy("proposed a looser policy to a second person"),
    "session.ended": gettext_lazy("ended a session"),
    "tenant.let_back_in": gettext_lazy("let the tenant back in"),
    "tenant.suspended": gettext_lazy("suspended the tenant"),
    "report.requested": gettext_lazy("asked for a report"),
    "rule.created": gettext_lazy("made a rule"),
    "rule.deleted": gettext_lazy("removed a rule"),
    "rule.paused": gettext_lazy("paused a rule"),
    "rule.resumed": gettext_lazy("let a rule act again"),
    "rule.stopped": gettext_lazy("switched off a rule whose owner's authority has ended"),
    "rule.updated": gettext_lazy("changed a rule"),
    "suggestion.made": gettext_lazy("asked for suggestions"),
    "webhook.created": gettext_lazy("added a webhook endpoint"),
    "webhook.deleted": gettext_lazy("removed a webhook endpoint"),
    "webhook.disabled": gettext_lazy("switched off a failing webhook endpoint"),
    "webhook.paused": gettext_lazy("paused a webhook endpoint"),
    "webhook.pinged": gettext_lazy("sent a test to a webhook endpoint"),
    "webhook.replayed": gettext_lazy("sent events to a webhook endpoint again"),
    "webhook.resumed": gettext_lazy("resumed a webhook endpoint"),
    "webhook.rotated": gettext_lazy("rotated the secret of a webhook endpoint"),
    "webhook.updated": gettext_lazy("changed a webhook endpoint"),
}


def sentence(event_type: str) -> str:
    """What happened, as the rest of a sentence that starts with the actor."""
    known = PRESENTERS.get(event_type)
    return str(known) if known is not None else event_type.replace(".", " ").replace("_", " ")


def name_of(detail: Mapping[str, Any]) -> str:
    """The name of what was acted on, if its detail still stands."""
    for key in ("name", "target_name", "url", "email", "business", "label"):
        value = detail.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def remarks(facts: Mapping[str, Any], detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Facts and texts worth a line: what is flat, short and not said elsewhere."""
    hidden = {"name", "target_name", "before", "after", "command", "url", "email", "label"}
    merged = {**facts, **detail}
    return [
        (key.replace("_", " "), _printed(value))
        for key, value in merged.items()
        if key not in hidden and value not in (None, "", [], {})
    ]


def _printed(value: Any) -> str:
    if value is True:
        return _("yes")
    if value is False:
        return _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))[:300]
    return str(value)[:300]
