"""What rules, their firings and suggestions are called on screen."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.optimizer.domain.conditions import COUNTS, HOURS_A_DAY, MILLION, MONEY, Metric
from analytics.optimizer.forms import ACTIONS, METRICS, OPERATORS
from analytics.optimizer.models import Rule, RuleFiring, StoredSuggestion
from analytics.optimizer.presenters import PREFIXES, number
from campaigns.views.outcomes import DENIALS
from core.ids import encode
from core.money import display

METRIC = dict(METRICS)
OPERATOR = dict(OPERATORS)
ACTION = dict(ACTIONS)
OWNERS: dict[str, Promise] = {
    "user": gettext_lazy("a person"),
    "api_key": gettext_lazy("an API key"),
    "oauth_app": gettext_lazy("an app"),
}
STOPPED: dict[str, Promise] = {
    "membership_ended": gettext_lazy("Its owner is no longer a member."),
    "key_ended": gettext_lazy("Its owner's key was revoked or has expired."),
    "access_ended": gettext_lazy("Its app's access was taken back or has expired."),
    "business_not_allowed": gettext_lazy("Its owner is limited to other businesses."),
    "scope_missing": gettext_lazy("Its owner may no longer do what it does."),
}
OUTCOMES: dict[str, tuple[Promise, str]] = {
    "applied": (gettext_lazy("in force"), "success"),
    "dispatching": (gettext_lazy("on its way"), "success"),
    "pending_approval": (gettext_lazy("waits for a person"), "info"),
    "denied": (gettext_lazy("denied"), "error"),
    "refused": (gettext_lazy("not possible"), "warning"),
}
RESULTS: dict[str, Promise] = {
    **{name: text for name, (text, _tone) in OUTCOMES.items()},
    "matched": gettext_lazy("met the condition"),
    "not_matched": gettext_lazy("did not meet it"),
    "uncertain": gettext_lazy("may be chance"),
    "sample_too_small": gettext_lazy("too little delivered"),
    "no_data": gettext_lazy("nothing delivered"),
    "cooling_down": gettext_lazy("left to rest"),
    "cooling_down_or_changed": gettext_lazy("left to rest, or changed"),
    "at_limit": gettext_lazy("already at the limit"),
    "facts_not_read": gettext_lazy("last full day not read yet"),
    "other_currency": gettext_lazy("in another currency"),
    "lifetime_budget": gettext_lazy("without a daily budget"),
}
TARGETS: dict[str, Promise] = {
    "campaign": gettext_lazy("campaign"),
    "ad_set": gettext_lazy("ad set"),
    "ad": gettext_lazy("ad"),
}
IMPACTS: dict[str, tuple[Promise, str]] = {
    "high": (gettext_lazy("high impact"), "success"),
    "medium": (gettext_lazy("medium impact"), "info"),
    "low": (gettext_lazy("low impact"), ""),
}
NOTHING: dict[str, Promise] = {
    "not_running": gettext_lazy("the campaign is not active"),
    "facts_not_read": gettext_lazy("the last full day has not been read yet"),
    "nothing_to_compare": gettext_lazy("there is nothing beside it"),
    "sample_too_small": gettext_lazy("too little was delivered to tell"),
    "no_certain_difference": gettext_lazy("what differs may be chance"),
    "same_already": gettext_lazy("the two say or show the same"),
    "no_image": gettext_lazy("the better ad has no image"),
    "image_not_kept": gettext_lazy("the ad's own image is not kept here"),
    "already_wide": gettext_lazy("the ages are as wide as they go"),
    "lifetime_budget": gettext_lazy("the budget is not a daily one"),
    "budget_not_used_up": gettext_lazy("the campaign does not spend its budget"),
    "at_limit": gettext_lazy("the budget is the smallest the platform takes"),
}
STRATEGIES: dict[str, Promise] = {
    "new_message": gettext_lazy("New words"),
    "new_image": gettext_lazy("New image"),
    "similar_audience": gettext_lazy("Wider audience"),
    "pause_ad": gettext_lazy("Pause an ad"),
    "shift_budget": gettext_lazy("Shift the budget"),
    "raise_budget": gettext_lazy("Raise the budget"),
    "lower_budget": gettext_lazy("Lower the budget"),
}


def amount_of(metric: str, value: float, currency: str) -> str:
    """A metric's value as people read it; `value` in main units."""
    kind = Metric(metric)
    if kind in MONEY:
        return display(round(value * MILLION), currency)
    if kind in (Metric.CTR, Metric.CVR):
        return f"{value:g} %"
    return f"{value:,.0f}" if kind in COUNTS else f"{value:g}"


def condition(rule: Rule) -> str:
    """When the rule acts, as a sentence's first half."""
    days = rule.timeframe_hours // HOURS_A_DAY
    said = {
        "metric": METRIC[rule.metric],
        "operator": OPERATOR[rule.operator],
        "value": amount_of(rule.metric, number(rule.value_micros), rule.currency),
        "days": days,
    }
    text = ngettext(
        "%(metric)s %(operator)s %(value)s over %(days)d day",
        "%(metric)s %(operator)s %(value)s over %(days)d days",
        days,
    )
    return text % said


def action(rule: Rule) -> str:
    """What the rule does, as its second half."""
    text = str(ACTION[rule.action])
    if rule.percent is not None:
        text = _("%(action)s by %(percent)d %%") % {"action": text, "percent": rule.percent}
    if rule.limit_micros is not None:
        limit = display(rule.limit_micros, rule.currency)
        is_rise = rule.action == "increase_budget"
        ends = _("%(action)s, up to %(limit)s") if is_rise else _("%(action)s, down to %(limit)s")
        text = ends % {"action": text, "limit": limit}
    return text


def line(rule: Rule) -> dict[str, Any]:
    """A rule in the list and at the head of its page."""
    return {
        "row": rule,
        "public_id": encode("rule", rule.pk),
        "condition": condition(rule),
        "action": action(rule),
        "stopped": STOPPED.get(rule.stopped_reason, ""),
        "owner_kind": OWNERS.get(rule.owner_kind, rule.owner_kind),
        "results": counted(rule.last_result),
    }


def counted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Objects by what became of them, in words."""
    return [(str(RESULTS.get(name, name)), count) for name, count in counts.items()]


def evidence(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a judgement rests on, in words; empty where nothing was kept."""
    if not found:
        return {}
    metric, currency = found["metric"], found["currency"]
    value, interval = found.get("value"), found.get("interval")
    low = high = ""
    if interval:
        low = amount_of(metric, interval["low"], currency)
        top = interval["high"]
        high = _("no upper bound") if top is None else amount_of(metric, top, currency)
    return {
        "metric": METRIC[metric],
        "value": "" if value is None else amount_of(metric, value, currency),
        "at_least": found.get("at_least"),
        "low": low,
        "high": high,
        "percent": interval["percent"] if interval else None,
        "n": found["n"],
        "n_of": found["n_of"],
        "since": found["from"],
        "until": found["to"],
    }


def firing(row: RuleFiring, names: Mapping[UUID, str]) -> dict[str, Any]:
    """What a rule did once."""
    word, tone = OUTCOMES.get(row.outcome, (row.outcome, ""))
    return {
        "row": row,
        "public_id": encode("fir", row.pk),
        "target": names.get(row.target_id) or encode(PREFIXES[row.target_type], row.target_id),
        "kind": TARGETS[row.target_type],
        "campaign_id": encode("camp", row.campaign_id),
        "evidence": evidence(row.evidence),
        "outcome": word,
        "tone": tone,
        "reason": str(DENIALS.get(row.reason, row.reason)),
    }


def suggestion(row: StoredSuggestion, *, now: Any) -> dict[str, Any]:
    """A suggestion with what speaks for it."""
    word, tone = IMPACTS[row.impact]
    compared = row.evidence.get("compared_with")
    return {
        "row": row,
        "public_id": encode("sug", row.pk),
        "campaign_id": encode("camp", row.campaign_id),
        "type": STRATEGIES.get(row.type, row.type),
        "impact": word,
        "tone": tone,
        "evidence": evidence(row.evidence),
        "compared": amount_of(row.evidence["metric"], compared["value"], row.evidence["currency"])
        if compared
        else "",
        "compared_n": compared["n"] if compared else 0,
        "is_open": row.applied_at is None and row.expires_at > now,
        "answer": OUTCOMES.get(str(row.answer.get("status", "")), ("", ""))[0],
        "pending_id": row.answer.get("pending_action_id") or "",
    }
