"""Writing alert rules."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.services.evidence import record_audit
from analytics.domain.alerts import Kind, Watch
from analytics.models import AlertRule
from analytics.optimizer.domain.conditions import Condition
from analytics.queries.alerts import get_alert_rule
from core.actors import Actor
from core.errors import InvalidError
from core.ids import encode
from core.tenancy import tenant_tx

MOST_RULES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFields:
    """A whole alert rule, checked."""

    name: str
    what: Condition | Watch
    cooldown_hours: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class AlertScope:
    """What is watched: a business in its currency, or one campaign of it in its own."""

    business: Business
    campaign_id: UUID | None
    currency: str


def create_alert_rule(
    actor: Actor, scope: AlertScope, fields: AlertFields, *, now: datetime
) -> AlertRule:
    """Store a rule; raises InvalidError `rule_limit_reached`."""
    with tenant_tx(actor.tenant_id):
        if AlertRule.objects.count() >= MOST_RULES:
            raise InvalidError(
                _("An organisation has at most {count} rules.").format(count=MOST_RULES),
                code="rule_limit_reached",
                hint=_("Delete one that is no longer needed."),
            )
        rule = AlertRule(
            tenant_id=actor.tenant_id,
            business=scope.business,
            environment=scope.business.environment,
            campaign_id=scope.campaign_id,
            currency=scope.currency,
            created_by=actor.id,
            created_at=now,
        )
        _fill(rule, fields, now=now)
        rule.save(force_insert=True)
        _audit(actor, "alert_rule.created", rule, now=now)
    return rule


def update_alert_rule(
    actor: Actor, public_id: str, fields: AlertFields, *, now: datetime
) -> AlertRule:
    """Change a rule. What it watches anew may alert at once, also for a cause told of before."""
    with tenant_tx(actor.tenant_id):
        rule = get_alert_rule(actor, public_id, lock=True)
        before = what_is_watched(rule)
        _fill(rule, fields, now=now)
        if what_is_watched(rule) != before:
            rule.held = {}
        rule.save()
        _audit(actor, "alert_rule.updated", rule, now=now)
    return rule


def delete_alert_rule(actor: Actor, public_id: str, *, now: datetime) -> None:
    """Remove a rule; its alerts stay."""
    with tenant_tx(actor.tenant_id):
        rule = get_alert_rule(actor, public_id, lock=True)
        key = rule.pk
        rule.delete()
        rule.pk = key
        _audit(actor, "alert_rule.deleted", rule, now=now)


def what_is_watched(rule: AlertRule) -> tuple[object, ...]:
    """Everything that decides whether a rule holds."""
    return (
        rule.metric,
        rule.operator,
        rule.value_micros,
        rule.timeframe_hours,
        rule.certainty,
        rule.minimum_impressions,
        rule.minimum_clicks,
        rule.direction,
        rule.minimum_change,
    )


def _fill(rule: AlertRule, fields: AlertFields, *, now: datetime) -> None:
    what = fields.what
    rule.name, rule.is_active = fields.name, fields.is_active
    rule.cooldown_hours = fields.cooldown_hours
    rule.metric = what.metric.value
    rule.next_evaluation_at = rule.updated_at = now
    if isinstance(what, Watch):
        rule.kind = Kind.ANOMALY.value
        rule.direction, rule.minimum_change = what.direction.value, what.minimum_change
        return
    rule.kind = Kind.THRESHOLD.value
    rule.operator, rule.value_micros = what.operator.value, what.value_micros
    rule.timeframe_hours, rule.certainty = what.timeframe_hours, what.certainty
    rule.minimum_impressions = what.minimum_impressions
    rule.minimum_clicks = what.minimum_clicks


def _audit(actor: Actor, event_type: str, rule: AlertRule, *, now: datetime) -> None:
    record_audit(
        actor,
        event_type,
        now=now,
        target_type="alert_rule",
        target_id=encode("alr", rule.pk),
        business_id=rule.business_id,
        facts={
            "kind": rule.kind,
            "metric": rule.metric,
            "operator": rule.operator,
            "value_micros": rule.value_micros,
            "timeframe_hours": rule.timeframe_hours,
            "direction": rule.direction,
            "minimum_change": rule.minimum_change,
            "cooldown_hours": rule.cooldown_hours,
            "active": rule.is_active,
        },
        detail={"name": rule.name},
    )
