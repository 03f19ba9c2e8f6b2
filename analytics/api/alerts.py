"""Surface A: /analytics/alerts and /analytics/alert-rules."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse
from accounts.queries import business_for, get_business
from analytics.alert_bodies import (
    AlertRuleBody,
    AlertRuleChange,
    alert_fields,
    changed_alert_fields,
)
from analytics.presenters.alerts import alert_json, alert_rule_json
from analytics.queries.alerts import get_alert_rule, list_alert_rules, list_alerts
from analytics.services import alert_rules
from campaigns.queries import get_campaign
from core.actors import Actor
from core.clock import now
from core.errors import InvalidError
from core.tenancy import tenant_tx


@endpoint("GET", scope="metrics:read")
def alerts(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, list_alerts(actor))
        return Response({"data": [alert_json(row) for row in rows], "pagination": pagination})


@endpoint("GET", scope="metrics:read")
def rules(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, list_alert_rules(actor))
    return Response({"data": [alert_rule_json(row) for row in rows], "pagination": pagination})


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def create(request: Request) -> Response:
    actor, body = actor_of(request), parse(AlertRuleBody, request)
    with tenant_tx(actor.tenant_id):
        scope, fields = _scope(actor, body), alert_fields(body)
        made = alert_rules.create_alert_rule(actor, scope, fields, now=now())
    return Response(alert_rule_json(made), status=201)


@endpoint("GET", scope="metrics:read")
def detail(request: Request, rule_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(alert_rule_json(get_alert_rule(actor, rule_id)))


@endpoint("PATCH", scope="ads:write:campaigns", idempotent=True)
def change(request: Request, rule_id: str) -> Response:
    actor, body = actor_of(request), parse(AlertRuleChange, request)
    with tenant_tx(actor.tenant_id):
        fields = changed_alert_fields(get_alert_rule(actor, rule_id, lock=True), body)
        changed = alert_rules.update_alert_rule(actor, rule_id, fields, now=now())
        return Response(alert_rule_json(changed))


@endpoint("DELETE", scope="ads:write:campaigns", idempotent=True)
def delete(request: Request, rule_id: str) -> Response:
    alert_rules.delete_alert_rule(actor_of(request), rule_id, now=now())
    return Response(status=204)


def _scope(actor: Actor, body: AlertRuleBody) -> alert_rules.AlertScope:
    """What the body names; raises NotFoundError, and InvalidError for a contradiction."""
    if not body.campaign_id:
        business = business_for(actor, body.business_id)
        return alert_rules.AlertScope(business, None, business.currency)
    campaign = get_campaign(actor, body.campaign_id)
    if body.business_id and get_business(actor, body.business_id).pk != campaign.business_id:
        raise InvalidError(
            "The campaign is of another business.",
            field="business_id",
            code="contradictory_fields",
            hint="Leave business_id out: the campaign names its business.",
        )
    return alert_rules.AlertScope(campaign.business, campaign.pk, campaign.currency)
