"""How rules and what they did look outside."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from analytics.optimizer.domain.actions import BUDGET_ACTIONS
from analytics.optimizer.domain.conditions import (
    COUNTS,
    MILLION,
    Condition,
    Metric,
    Operator,
    Reading,
    Sums,
)
from analytics.optimizer.models import Rule, RuleFiring, StoredSuggestion
from campaigns.presenters.tree import amount, iso_z
from core.ids import encode

PREFIXES = {"campaign": "camp", "ad_set": "aset", "ad": "ad"}


def number(micros: float) -> int | float:
    """Millionths as a JSON number with at most six decimals, whole where it is."""
    value = Decimal(micros).quantize(Decimal(1), ROUND_HALF_UP) / MILLION
    return int(value) if value == value.to_integral_value() else float(value)


def condition_of(rule: Rule) -> Condition:
    """The rule's condition as the domain takes it."""
    return Condition(
        metric=Metric(rule.metric),
        operator=Operator(rule.operator),
        value_micros=rule.value_micros,
        timeframe_hours=rule.timeframe_hours,
        certainty=rule.certainty,
        minimum_impressions=rule.minimum_impressions,
        minimum_clicks=rule.minimum_clicks,
    )


def rule_json(rule: Rule) -> dict[str, Any]:
    """A rule. Amounts are in main units of `currency`."""
    return {
        "id": encode("rule", rule.pk),
        "name": rule.name,
        "business_id": encode("biz", rule.business_id),
        "campaign_id": encode("camp", rule.campaign_id) if rule.campaign_id else None,
        "environment": rule.environment,
        "active": rule.is_active,
        "stopped_reason": rule.stopped_reason or None,
        "currency": rule.currency,
        "condition": {
            "metric": rule.metric,
            "operator": rule.operator,
            "value": number(rule.value_micros),
            "timeframe_hours": rule.timeframe_hours,
            "certainty": rule.certainty,
            "minimum_impressions": rule.minimum_impressions,
            "minimum_clicks": rule.minimum_clicks,
        },
        "action": _action_json(rule),
        "cooldown_hours": rule.cooldown_hours,
        "owner": {"type": rule.owner_kind, "id": rule.owner_id},
        "last_evaluated_at": iso_z(rule.evaluated_at),
        "last_result": rule.last_result or None,
        "created_at": iso_z(rule.created_at),
        "updated_at": iso_z(rule.updated_at),
    }


def _action_json(rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {"type": rule.action}
    if rule.action in BUDGET_ACTIONS:
        limit = rule.limit_micros
        found["percent"] = rule.percent
        found["limit"] = None if limit is None else amount(limit, rule.currency)
    return found


def evidence_json(
    metric: Metric,
    reading: Reading | None,
    sums: Sums,
    *,
    since: date,
    until: date,
    certainty: int,
    currency: str,
) -> dict[str, Any]:
    """What a judgement rests on: the window, the sums, the metric with its interval."""
    interval = None
    if reading is not None and reading.low is not None:
        high = None if reading.high is None else number(reading.high)
        interval = {"low": number(reading.low), "high": high, "percent": certainty}
    return {
        "metric": metric.value,
        "value": None if reading is None else number(float(reading.value)),
        "at_least": reading is not None and reading.at_least,
        "n": 0 if reading is None else reading.n,
        "n_of": _N_OF[metric],
        "interval": interval,
        "from": since.isoformat(),
        "to": until.isoformat(),
        "impressions": sums.impressions,
        "clicks": sums.clicks,
        "conversions": sums.conversions,
        "spend": amount(sums.spend_micros, currency),
        "currency": currency,
    }


_N_OF: Mapping[Metric, str] = {
    Metric.CTR: "impressions",
    Metric.CVR: "clicks",
    Metric.CPC: "clicks",
    Metric.CPM: "impressions",
    Metric.CPA: "conversions",
    Metric.ROAS: "conversions",
    Metric.SPEND: "impressions",
    **{Metric(name): name.value for name in COUNTS},
}


def target_json(target_type: str, key: Any, name: str = "") -> dict[str, Any]:
    """An object by kind and public id, with its name where it is known."""
    found = {"type": target_type, "id": encode(PREFIXES[target_type], key)}
    return {**found, "name": name} if name else found


def firing_json(row: RuleFiring) -> dict[str, Any]:
    """What a rule did once."""
    return {
        "id": encode("fir", row.pk),
        "rule_id": encode("rule", row.rule_id),
        "campaign_id": encode("camp", row.campaign_id),
        "target": target_json(row.target_type, row.target_id),
        "day": row.day.isoformat(),
        "evidence": row.evidence,
        "command": {"kind": row.command_kind, **row.command},
        "status": row.outcome,
        "reason": row.reason or None,
        "verdict_id": row.verdict_id or None,
        "pending_action_id": row.pending_action_id or None,
        "job_id": row.job_id or None,
        "created_at": iso_z(row.created_at),
    }


def suggestion_json(row: StoredSuggestion) -> dict[str, Any]:
    """A suggestion with the command that would carry it out."""
    named = {f"{row.target_type}_id": encode(PREFIXES[row.target_type], row.target_id)}
    return {
        "id": encode("sug", row.pk),
        "campaign_id": encode("camp", row.campaign_id),
        **named,
        "type": row.type,
        "impact": row.impact,
        "description": row.description,
        "evidence": row.evidence,
        "command": {"kind": row.command_kind, **row.command},
        "applied_at": iso_z(row.applied_at),
        "created_at": iso_z(row.created_at),
        "expires_at": iso_z(row.expires_at),
    }
