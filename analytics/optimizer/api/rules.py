"""Surface A: /optimization/rules."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse
from analytics.optimizer import queries
from analytics.optimizer.bodies import RuleBody, RuleChange, changed_fields, rule_fields
from analytics.optimizer.domain.actions import COMMANDS, Action
from analytics.optimizer.domain.conditions import WAITS_FOR_CONVERSIONS
from analytics.optimizer.models import Rule
from analytics.optimizer.presenters import firing_json, rule_json
from analytics.optimizer.services import rules
from analytics.optimizer.services.dry_run import DAYS, DryRun, dry_run
from core.actors import Actor
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx


def _scope(actor: Actor, body: RuleBody) -> rules.Scope:
    return rules.scope_of(actor, campaign_id=body.campaign_id, business_id=body.business_id)


@endpoint("GET", scope="ads:read")
def list_all(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, queries.list_rules(actor))
    return Response({"data": [rule_json(row) for row in rows], "pagination": pagination})


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def create(request: Request) -> Response:
    actor, body = actor_of(request), parse(RuleBody, request)
    with tenant_tx(actor.tenant_id):
        scope = _scope(actor, body)
        fields = rule_fields(body, currency=scope.currency)
        made = rules.create_rule(actor, scope, fields, now=now())
    return Response(rule_json(made), status=201)


@endpoint("GET", scope="ads:read")
def detail(request: Request, rule_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(rule_json(queries.get_rule(actor, rule_id)))


@endpoint("PATCH", scope="ads:write:campaigns", idempotent=True)
def change(request: Request, rule_id: str) -> Response:
    actor, body = actor_of(request), parse(RuleChange, request)
    with tenant_tx(actor.tenant_id):
        fields = changed_fields(queries.get_rule(actor, rule_id, lock=True), body)
        return Response(rule_json(rules.update_rule(actor, rule_id, fields, now=now())))


@endpoint("DELETE", scope="ads:write:campaigns", idempotent=True)
def delete(request: Request, rule_id: str) -> Response:
    rules.delete_rule(actor_of(request), rule_id, now=now())
    return Response(status=204)


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def pause(request: Request, rule_id: str) -> Response:
    return Response(rule_json(rules.pause_rule(actor_of(request), rule_id, now=now())))


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def resume(request: Request, rule_id: str) -> Response:
    return Response(rule_json(rules.resume_rule(actor_of(request), rule_id, now=now())))


@endpoint("GET", scope="ads:read")
def firings(request: Request, rule_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        chosen = queries.list_firings(queries.get_rule(actor, rule_id))
        rows, pagination = paginate(request, chosen)
    return Response({"data": [firing_json(row) for row in rows], "pagination": pagination})


@endpoint("POST", scope="ads:read")
def try_stored(request: Request, rule_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rule = queries.get_rule(actor, rule_id)
        return Response(_tried(rule, dry_run(rule, now=now()), is_stored=True))


@endpoint("POST", scope="ads:write:campaigns")
def try_unsaved(request: Request) -> Response:
    actor, body = actor_of(request), parse(RuleBody, request)
    moment = now()
    with tenant_tx(actor.tenant_id, readonly=True):
        scope = _scope(actor, body)
        fields = rule_fields(body, currency=scope.currency)
        rule = rules.draft_rule(actor, scope, fields, now=moment)
        return Response(_tried(rule, dry_run(rule, now=moment), is_stored=False))


def _tried(rule: Rule, found: DryRun, *, is_stored: bool) -> dict[str, Any]:
    shown = rule_json(rule)
    return {
        "rule_id": encode("rule", rule.pk) if is_stored else None,
        "condition": shown["condition"],
        "action": shown["action"],
        "command": COMMANDS[Action(rule.action)],
        "cooldown_hours": rule.cooldown_hours,
        "days": DAYS,
        "matched": found.matched,
        "matches": found.matches,
        "truncated": found.matched > len(found.matches),
        "object_days": dict(found.answers),
        "campaigns_left_out": dict(found.left_out),
        "conversions_may_have_come_later": rule.metric in WAITS_FOR_CONVERSIONS,
    }
