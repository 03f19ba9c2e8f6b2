"""Loosenings that wait for a second person, as the policy page shows them."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Business, User
from campaigns.models import Campaign, PolicyChange
from campaigns.queries.policy_changes import waiting_changes
from campaigns.views.words import AXES, CEILING_SCOPES, word
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode, encode
from core.money import display

SHOWN = 50
KINDS: dict[str, Promise] = {
    "authority": gettext_lazy("More authority for agents"),
    "rules": gettext_lazy("Looser rules of deciding"),
    "ceiling": gettext_lazy("A higher spend ceiling"),
    "no_ceiling": gettext_lazy("A spend ceiling less"),
    "release": gettext_lazy("Release of the kill switch"),
}
RULES: dict[str, Promise] = {
    "undo_window_s": gettext_lazy("Undo window (seconds)"),
    "approval_expiry_h": gettext_lazy("Proposals expire after (hours)"),
    "cooldown_h": gettext_lazy("Cool-down after a rejection (hours)"),
    "four_eyes_micros": gettext_lazy("Second person above"),
    "second_person": gettext_lazy("Looser policies need a second person"),
}
type Line = tuple[str, str, str]


def waiting(actor: Actor, business: Business) -> list[dict[str, Any]]:
    """The business's waiting changes: who wants what instead of what, and who may confirm."""
    rows = waiting_changes(business.pk, most=SHOWN)
    names = _people(rows)
    campaigns = _campaigns(rows)
    return [
        {
            "id": encode("pch", row.pk),
            "title": word(KINDS, row.kind),
            "campaign": campaigns.get(row.target_id, ""),
            "proposer": names.get(row.proposer_id, _("A former member")),
            "mine": row.proposer_id == actor.id,
            "at": row.created_at,
            "expires": row.expires_at,
            "lines": _LINES[row.kind](row, business.currency),
        }
        for row in rows
    ]


def _people(rows: list[PolicyChange]) -> dict[str, str]:
    keys = {decode("user", row.proposer_id) for row in rows}
    found = User.objects.filter(pk__in=keys)
    return {encode("user", user.pk): user.full_name for user in found}


def _campaigns(rows: list[PolicyChange]) -> dict[str, str]:
    keys = set()
    for row in rows:
        try:
            keys.add(decode("camp", row.target_id))
        except NotFoundError:
            continue
    found = Campaign.objects.filter(pk__in=keys).values_list("pk", "name")
    return {encode("camp", pk): name for pk, name in found}


def _authority(row: PolicyChange, _currency: str) -> list[Line]:
    return [(word(AXES, axis), row.before[axis], mode) for axis, mode in row.after.items()]


def _rules(row: PolicyChange, currency: str) -> list[Line]:
    return [
        (
            word(RULES, name),
            _value(name, row.before[name], currency),
            _value(name, value, currency),
        )
        for name, value in row.after.items()
    ]


def _value(name: str, value: Any, currency: str) -> str:
    if name == "four_eyes_micros":
        return _("never") if value is None else display(value, currency)
    if name == "second_person":
        return _("yes") if value else _("no")
    return str(value)


def _ceiling(row: PolicyChange, _currency: str) -> list[Line]:
    before, after = row.before, row.after
    now = after["limit_micros"]
    limit = _("no ceiling") if now is None else display(now, after["currency"])
    scope = word(CEILING_SCOPES, before["scope"])
    return [(scope, display(before["limit_micros"], before["currency"]), limit)]


def _release(row: PolicyChange, _currency: str) -> list[Line]:
    restores = row.after["restore_delivery"]
    return [
        (_("Kill switch"), _("on"), _("off")),
        (_("Campaigns it paused"), _("paused"), _("resumed") if restores else _("stay paused")),
    ]


_LINES: dict[str, Callable[[PolicyChange, str], list[Line]]] = {
    "authority": _authority,
    "rules": _rules,
    "ceiling": _ceiling,
    "no_ceiling": _ceiling,
    "release": _release,
}
