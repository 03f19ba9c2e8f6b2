"""Alert rules at work: judged on what was read, one alert for one cause."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import Tenant
from accounts.services.evidence import emit
from analytics.domain.alerts import (
    Direction,
    Kind,
    Until,
    Watch,
    anomaly_until,
    is_above,
    is_same_cause,
    judge_day,
    sides,
    threshold_until,
)
from analytics.models import Alert, AlertRule
from analytics.optimizer.domain.conditions import Answer, Metric, judge
from analytics.presenters.alerts import (
    alert_json,
    anomaly_evidence,
    condition_of_alert,
    threshold_evidence,
)
from analytics.queries.alerts import (
    ALERT_RULES_DUE,
    GONE,
    Days,
    days_of,
    is_running,
    settled_for_threshold,
)
from core.ids import encode
from core.tenancy import tenant_tx

EVERY = timedelta(minutes=15)
HOURS_A_DAY = 24
ALERTED, TOLD = "alerted", "told_already"
NOT_READ, NOT_RUNNING = "facts_not_read", "not_running"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one day in one direction; `evidence` only where the rule holds."""

    answer: str
    direction: Direction
    day: date | None = None
    evidence: dict[str, Any] | None = None


def due_alert_rules(now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, rule) of what is to be judged again."""
    return [(row["tenant_id"], row["id"]) for row in ALERT_RULES_DUE.rows(now=now)]


def evaluate_alert_rule(tenant_id: UUID, rule_id: UUID, *, now: datetime) -> dict[str, int]:
    """Judge one rule; the alert, its event and what the rule remembers are one transaction. Returns
    counts by what became of the judged days; an empty dictionary where nothing is judged. Locks the
    rule.
    """
    with tenant_tx(tenant_id):
        rows = AlertRule.objects.select_for_update(no_key=True).filter(pk=rule_id, is_active=True)
        rule: AlertRule | None = rows.first()
        if rule is None:
            return {}
        rule.next_evaluation_at = now + EVERY
        found: dict[str, int] = {}
        if _is_served(rule):
            for judged in _judged(rule, days_of(rule, now=now)):
                answer = judged.answer
                if judged.day and judged.evidence is not None:
                    answer = _tell(rule, judged, now=now)
                found[answer] = found.get(answer, 0) + 1
            rule.evaluated_at, rule.last_result = now, found
        rule.save(update_fields=["next_evaluation_at", "evaluated_at", "last_result", "held"])
        return found


def _is_served(rule: AlertRule) -> bool:
    """Nothing is judged for a suspended organisation, an archived business or a campaign that is
    gone.
    """
    suspended = Tenant.objects.filter(pk=rule.tenant_id, is_suspended=True).exists()
    gone = rule.campaign is not None and rule.campaign.status in GONE
    return not (suspended or rule.business.is_archived or gone)


def _judged(rule: AlertRule, days: Days) -> Iterator[Judged]:
    if rule.kind == Kind.ANOMALY:
        yield from _of_anomaly(rule, days)
    else:
        yield from _of_threshold(rule, days)


def _of_threshold(rule: AlertRule, days: Days) -> Iterator[Judged]:
    condition = condition_of_alert(rule)
    direction = Direction.ABOVE if is_above(condition) else Direction.BELOW
    until = threshold_until(condition)
    last = settled_for_threshold(days) if until is Until.SETTLED else days.last[until]
    if last is None:
        yield Judged(NOT_READ, direction)
        return
    # What was counted around midnight belongs to the day that nobody reads as the running one.
    back = 1 if until is Until.RUNNING else 0
    for day in (last - timedelta(days=ago) for ago in range(back, -1, -1)):
        since = day - timedelta(days=condition.days - 1)
        sums = days.over(since, day)
        answer, reading = judge(condition, sums)
        evidence = None
        if answer is Answer.MATCHED and reading is not None:
            evidence = threshold_evidence(rule, reading, sums, since=since, until=day)
        yield Judged(answer.value, direction, day, evidence)


def _of_anomaly(rule: AlertRule, days: Days) -> Iterator[Judged]:
    metric, running = Metric(rule.metric), is_running(rule)
    for side in sides(Direction(rule.direction)):
        day = days.last[anomaly_until(metric, side)]
        if day is None or not running:
            yield Judged(NOT_RUNNING if day else NOT_READ, side)
            continue
        watch = Watch(metric=metric, direction=side, minimum_change=rule.minimum_change)
        answer, unusual = judge_day(watch, days.sums, day)
        evidence = None
        if unusual is not None:
            evidence = anomaly_evidence(rule, unusual, days.over(day, day), day=day)
        yield Judged(answer.value, side, day, evidence)


def _tell(rule: AlertRule, judged: Judged, *, now: datetime) -> str:
    """Write the alert and its event, unless its cause was told of."""
    day, side = judged.day, judged.direction.value
    if day is None or judged.evidence is None:
        raise ValueError("nothing holds")
    held = date.fromisoformat(rule.held[side]) if side in rule.held else None
    rest = rule.cooldown_hours // HOURS_A_DAY
    told = is_same_cause(held, day, rest_days=rest)
    rule.held = {**rule.held, side: max(held or day, day).isoformat()}
    same_day = Alert.objects.filter(rule=rule, direction=side, day=day)
    if told or same_day.exists():
        return TOLD
    alert = Alert.objects.create(
        tenant_id=rule.tenant_id,
        business_id=rule.business_id,
        environment=rule.environment,
        campaign_id=rule.campaign_id,
        rule=rule,
        rule_name=rule.name,
        event_type="alert.spend" if rule.metric == Metric.SPEND else "alert.performance",
        kind=rule.kind,
        metric=rule.metric,
        direction=side,
        day=day,
        evidence=judged.evidence,
        created_at=now,
    )
    emit(
        alert.event_type,
        alert_json(alert),
        tenant_id=rule.tenant_id,
        environment=rule.environment,
        now=now,
        business_id=rule.business_id,
        target_id=_about(rule),
    )
    return ALERTED


def _about(rule: AlertRule) -> str:
    """The object that numbers the event: the campaign, or the rule where it watches a business."""
    return encode("camp", rule.campaign_id) if rule.campaign_id else encode("alr", rule.pk)
