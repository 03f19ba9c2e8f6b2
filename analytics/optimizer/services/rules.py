"""Writing rules."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.queries import business_for, get_business
from accounts.services.evidence import record_audit
from analytics.optimizer.domain.actions import Action
from analytics.optimizer.domain.conditions import Condition
from analytics.optimizer.models import Rule
from analytics.optimizer.queries import get_rule
from analytics.optimizer.services.owners import take_over
from campaigns.queries import get_campaign
from core.actors import Actor
from core.errors import ConflictError, InvalidError
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx

MOST_RULES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFields:
    """A whole rule, checked; money is micros of the rule's currency."""

    name: str
    condition: Condition
    action: Action
    percent: int | None
    limit_micros: int | None
    cooldown_hours: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule is about: a business, or one campaign of it."""

    business: Business
    campaign_id: UUID | None
    currency: str


def scope_of(actor: Actor, *, campaign_id: str = "", business_id: str = "") -> Scope:
    """What a rule about this campaign, or else about the business, is about. Raises NotFoundError,
    and InvalidError where the two contradict or several businesses could be meant.
    """
    if not campaign_id:
        business = business_for(actor, business_id)
        return Scope(business, None, business.currency)
    campaign = get_campaign(actor, campaign_id)
    if business_id and get_business(actor, business_id).pk != campaign.business_id:
        raise InvalidError(
            _("The campaign is of another business."),
            field="business_id",
            code="contradictory_fields",
            hint=_("Leave business_id out: the campaign names its business."),
        )
    return Scope(campaign.business, campaign.pk, campaign.currency)


def draft_rule(actor: Actor, scope: Scope, fields: RuleFields, *, now: datetime) -> Rule:
    """The rule as it would be stored, in the actor's name; raises ForbiddenError."""
    rule = Rule(
        id=new_uuid(),
        tenant_id=actor.tenant_id,
        business=scope.business,
        environment=scope.business.environment,
        campaign_id=scope.campaign_id,
        currency=scope.currency,
        created_at=now,
    )
    _fill(rule, fields, now=now)
    take_over(rule, actor)
    return rule


def _fill(rule: Rule, fields: RuleFields, *, now: datetime) -> None:
    condition = fields.condition
    rule.name, rule.is_active = fields.name, fields.is_active
    rule.metric, rule.operator = condition.metric.value, condition.operator.value
    rule.value_micros, rule.timeframe_hours = condition.value_micros, condition.timeframe_hours
    rule.certainty = condition.certainty
    rule.minimum_impressions = condition.minimum_impressions
    rule.minimum_clicks = condition.minimum_clicks
    rule.action, rule.percent = fields.action.value, fields.percent
    rule.limit_micros, rule.cooldown_hours = fields.limit_micros, fields.cooldown_hours
    rule.next_evaluation_at = rule.updated_at = now


def create_rule(actor: Actor, scope: Scope, fields: RuleFields, *, now: datetime) -> Rule:
    """Store a rule that acts in the actor's name. Raises InvalidError `rule_limit_reached`,
    ForbiddenError without the scope that its action needs.
    """
    rule = draft_rule(actor, scope, fields, now=now)
    with tenant_tx(actor.tenant_id):
        if Rule.objects.count() >= MOST_RULES:
            raise InvalidError(
                _("An organisation has at most {count} rules.").format(count=MOST_RULES),
                code="rule_limit_reached",
                hint=_("Delete one that is no longer needed."),
            )
        Rule.objects.bulk_create([rule])
        _audit(actor, "rule.created", rule, now=now)
    return rule


def update_rule(
    actor: Actor,
    public_id: str,
    fields: RuleFields,
    *,
    now: datetime,
    seen: datetime | None = None,
) -> Rule:
    """Change a rule; it acts in the name of whoever changed it last. Raises as creation does, and
    ConflictError `rule_changed` where it was changed after `seen`.
    """
    with tenant_tx(actor.tenant_id):
        rule = get_rule(actor, public_id, lock=True)
        if seen is not None and rule.updated_at != seen:
            raise ConflictError(
                _("The rule was changed in the meantime."),
                code="rule_changed",
                hint=_("Look at it as it stands now, then change it again."),
            )
        _fill(rule, fields, now=now)
        take_over(rule, actor)
        rule.save()
        _audit(actor, "rule.updated", rule, now=now)
    return rule


def pause_rule(actor: Actor, public_id: str, *, now: datetime) -> Rule:
    """Stop a rule; nothing to do for one that is off."""
    with tenant_tx(actor.tenant_id):
        rule = get_rule(actor, public_id, lock=True)
        if rule.is_active:
            rule.is_active, rule.updated_at = False, now
            rule.save(update_fields=["is_active", "updated_at"])
            _audit(actor, "rule.paused", rule, now=now)
    return rule


def resume_rule(actor: Actor, public_id: str, *, now: datetime) -> Rule:
    """Let a rule act again, from now on in the actor's name; nothing to do for one that is on."""
    with tenant_tx(actor.tenant_id):
        rule = get_rule(actor, public_id, lock=True)
        if not rule.is_active:
            take_over(rule, actor)
            rule.is_active, rule.next_evaluation_at, rule.updated_at = True, now, now
            rule.save()
            _audit(actor, "rule.resumed", rule, now=now)
    return rule


def stop_rule(rule: Rule, reason: str, *, actor: Actor, now: datetime) -> None:
    """Switch a rule off whose owner's authority has ended, inside the tenant's transaction."""
    rule.is_active, rule.stopped_reason, rule.updated_at = False, reason, now
    rule.save(update_fields=["is_active", "stopped_reason", "updated_at"])
    _audit(actor, "rule.stopped", rule, now=now)


def delete_rule(actor: Actor, public_id: str, *, now: datetime) -> None:
    """Remove a rule with its record of firings; what it changed stays, and so does the audit."""
    with tenant_tx(actor.tenant_id):
        rule = get_rule(actor, public_id, lock=True)
        key = rule.pk
        rule.delete()
        rule.pk = key
        _audit(actor, "rule.deleted", rule, now=now)


def _audit(actor: Actor, event_type: str, rule: Rule, *, now: datetime) -> None:
    record_audit(
        actor,
        event_type,
        now=now,
        target_type="rule",
        target_id=encode("rule", rule.pk),
        business_id=rule.business_id,
        facts={
            "metric": rule.metric,
            "operator": rule.operator,
            "value_micros": rule.value_micros,
            "timeframe_hours": rule.timeframe_hours,
            "action": rule.action,
            "active": rule.is_active,
            "reason": rule.stopped_reason,
        },
        detail={"name": rule.name},
    )
