"""How alerts and their rules look outside."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.domain.alerts import Direction, Kind, Unusual
from analytics.models import Alert, AlertRule
from analytics.optimizer.domain.conditions import (
    HOURS_A_DAY,
    MILLION,
    MONEY,
    Condition,
    Metric,
    Operator,
    Reading,
    Sums,
)
from analytics.optimizer.presenters import evidence_json, number
from campaigns.presenters.tree import iso_z
from core.ids import encode
from core.money import display


def condition_of_alert(rule: AlertRule) -> Condition:
    """A threshold rule's condition as the domain takes it."""
    return Condition(
        metric=Metric(rule.metric),
        operator=Operator(rule.operator),
        value_micros=rule.value_micros,
        timeframe_hours=rule.timeframe_hours,
        certainty=rule.certainty,
        minimum_impressions=rule.minimum_impressions,
        minimum_clicks=rule.minimum_clicks,
    )


def alert_rule_json(rule: AlertRule) -> dict[str, Any]:
    """A rule. Amounts are in main units of `currency`."""
    condition = anomaly = None
    if rule.kind == Kind.THRESHOLD:
        condition = {
            "metric": rule.metric,
            "operator": rule.operator,
            "value": number(rule.value_micros),
            "timeframe_hours": rule.timeframe_hours,
            "certainty": rule.certainty,
            "minimum_impressions": rule.minimum_impressions,
            "minimum_clicks": rule.minimum_clicks,
        }
    else:
        anomaly = {
            "metric": rule.metric,
            "direction": rule.direction,
            "minimum_change": rule.minimum_change,
        }
    return {
        "id": encode("alr", rule.pk),
        "name": rule.name,
        "business_id": encode("biz", rule.business_id),
        "campaign_id": encode("camp", rule.campaign_id) if rule.campaign_id else None,
        "environment": rule.environment,
        "active": rule.is_active,
        "currency": rule.currency,
        "condition": condition,
        "anomaly": anomaly,
        "cooldown_hours": rule.cooldown_hours,
        "last_evaluated_at": iso_z(rule.evaluated_at),
        "last_result": rule.last_result or None,
        "created_at": iso_z(rule.created_at),
        "updated_at": iso_z(rule.updated_at),
    }


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert, as a list and as the payload of its event."""
    return {
        "id": encode("alert", alert.pk),
        "type": alert.event_type,
        "kind": alert.kind,
        "rule_id": encode("alr", alert.rule_id) if alert.rule_id else None,
        "rule_name": alert.rule_name,
        "business_id": encode("biz", alert.business_id),
        "campaign_id": encode("camp", alert.campaign_id) if alert.campaign_id else None,
        "environment": alert.environment,
        "metric": alert.metric,
        "direction": alert.direction,
        "day": alert.day.isoformat(),
        "threshold": alert.evidence["threshold"],
        "evidence": alert.evidence,
        "message": alert_text(alert),
        "created_at": iso_z(alert.created_at),
    }


def threshold_evidence(
    rule: AlertRule, reading: Reading, sums: Sums, *, since: date, until: date
) -> dict[str, Any]:
    """The window's reading, and the threshold that it met."""
    found = evidence_json(
        Metric(rule.metric),
        reading,
        sums,
        since=since,
        until=until,
        certainty=rule.certainty or 90,
        currency=rule.currency,
    )
    return {**found, "threshold": number(rule.value_micros), "expected": None}


def anomaly_evidence(rule: AlertRule, found: Unusual, sums: Sums, *, day: date) -> dict[str, Any]:
    """The day, and what the same weekdays let expect of it."""
    reading = Reading(found.value, found.days, at_least=found.at_least)
    shown = evidence_json(
        Metric(rule.metric),
        reading,
        sums,
        since=day,
        until=day,
        certainty=0,
        currency=rule.currency,
    )
    expected = {
        "value": number(found.expected),
        "low": number(found.low),
        "high": None if found.high is None else number(found.high),
        "days": found.days,
    }
    return {**shown, "n_of": "days", "threshold": None, "expected": expected}


def alert_text(alert: Alert) -> str:
    """One sentence for people."""
    evidence = alert.evidence

    def shown(value: float) -> str:
        return shown_value(Metric(alert.metric), value, evidence["currency"])

    said = {
        "metric": METRIC_NAMES[Metric(alert.metric)],
        "value": shown(evidence["value"]),
        "day": evidence["to"],
        "since": evidence["from"],
    }
    if alert.kind == Kind.ANOMALY:
        text = _("%(metric)s on %(day)s: %(value)s, where %(usual)s is usual for the weekday.")
        return text % {**said, "usual": shown(evidence["expected"]["value"])}
    said["limit"] = shown(evidence["threshold"])
    when = _("on %(day)s") if evidence["from"] == evidence["to"] else _("from %(since)s to %(day)s")
    said["when"] = when % said
    if alert.direction == Direction.ABOVE:
        return _("%(metric)s %(when)s: %(value)s, above the limit of %(limit)s.") % said
    return _("%(metric)s %(when)s: %(value)s, below the limit of %(limit)s.") % said


def rule_text(rule: AlertRule) -> str:
    """What a rule watches, for people."""
    metric = Metric(rule.metric)
    said = {"metric": METRIC_NAMES[metric], "change": rule.minimum_change}
    if rule.kind == Kind.ANOMALY:
        return _("%(metric)s of a day unlike its weekdays by %(change)s %% or more") % said
    days = rule.timeframe_hours // HOURS_A_DAY
    said |= {
        "value": shown_value(metric, rule.value_micros / MILLION, rule.currency),
        "time": ngettext("a day", "%(days)s days", days) % {"days": days},
    }
    if condition_of_alert(rule).is_below:
        return _("%(metric)s below %(value)s over %(time)s") % said
    return _("%(metric)s above %(value)s over %(time)s") % said


METRIC_NAMES: Mapping[Metric, Promise] = {
    Metric.SPEND: gettext_lazy("Spend"),
    Metric.IMPRESSIONS: gettext_lazy("Impressions"),
    Metric.CLICKS: gettext_lazy("Clicks"),
    Metric.CONVERSIONS: gettext_lazy("Conversions"),
    Metric.CTR: gettext_lazy("Click rate"),
    Metric.CVR: gettext_lazy("Conversion rate"),
    Metric.CPC: gettext_lazy("Cost per click"),
    Metric.CPM: gettext_lazy("Cost per 1,000 impressions"),
    Metric.CPA: gettext_lazy("Cost per conversion"),
    Metric.ROAS: gettext_lazy("Return on ad spend"),
}


def shown_value(metric: Metric, value: float, currency: str) -> str:
    """A value in the metric's unit as people read it."""
    if metric in MONEY:
        return display(round(value * MILLION), currency)
    if metric in (Metric.CTR, Metric.CVR):
        return f"{value:.2f} %"
    return f"{value:,.2f}" if metric is Metric.ROAS else f"{value:,.0f}"
