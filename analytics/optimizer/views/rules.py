"""Rule pages: list, write, try on the last 30 days, pause, delete, and what a rule did."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choice import BusinessItem, choice, offer_for
from accounts.domain.roles import roles_with
from accounts.queries import get_business
from accounts.web import PersonRequest, page_of, signed_in
from analytics.optimizer import queries
from analytics.optimizer.domain.conditions import WAITS_FOR_CONVERSIONS
from analytics.optimizer.forms import RuleForm, initial_of
from analytics.optimizer.models import Rule
from analytics.optimizer.services import rules
from analytics.optimizer.services.dry_run import DAYS, MOST_MATCHES, DryRun, dry_run
from analytics.optimizer.services.rules import RuleFields
from analytics.optimizer.views import words
from core.clock import now
from core.errors import AppError, ConflictError, InvalidError, NotFoundError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx

EDITING = roles_with("ads:write:campaigns")
STATES = {"on": True, "off": False}
SHOWN = 20  # matches of a dry run on the page


@require_safe
@signed_in()
def index(request: PersonRequest) -> HttpResponse:
    actor, business = request.actor, request.GET.get("business", "")
    state = request.GET.get("state", "")
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = queries.list_rules(actor).select_related("business", "campaign")
        if business:
            rows = rows.filter(business_id=get_business(actor, business).pk)
        if state in STATES:
            rows = rows.filter(is_active=STATES[state])
        found, older = page_of(request, rows)
        offered = offer_for(request, business)
    context = {
        "rows": [words.line(row) for row in found],
        "older_url": older,
        "state": state,
        "business": business,
        "narrowed": bool(business or state in STATES),
        "offered": offered,
        "may_edit": actor.role in EDITING,
    }
    return render_page(request, "optimizer/rules.html", context)


@require_safe
@signed_in()
def detail(request: PersonRequest, rule_id: str) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        rule = queries.get_rule(actor, rule_id)
        found, older = page_of(request, queries.list_firings(rule), size=25)
        names = queries.names_of(found)
        tried = dry_run(rule, now=now()) if request.GET.get("try") else None
        context = {
            **words.line(rule),
            "business": rule.business,
            "campaign": rule.campaign,
            "campaign_id": encode("camp", rule.campaign_id) if rule.campaign_id else "",
            "owner": queries.owner_name(rule),
        }
    context |= {
        "firings": [words.firing(row, names) for row in found],
        "older_url": older,
        "tried": tried and _tried(rule, tried),
        "may_edit": actor.role in EDITING,
    }
    return render_page(request, "optimizer/rule.html", context)


def _tried(rule: Rule, found: DryRun) -> dict[str, Any]:
    """What a dry run found, in words."""
    shown = [
        {**match, "evidence": words.evidence(match["evidence"])} for match in found.matches[:SHOWN]
    ]
    return {
        "days": DAYS,
        "matched": found.matched,
        "matches": shown,
        "more": min(found.matched, MOST_MATCHES) - len(shown),
        "answers": words.counted(found.answers),
        "left_out": words.counted(found.left_out),
        "late": rule.metric in WAITS_FOR_CONVERSIONS,
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(*EDITING)
def new(request: PersonRequest) -> HttpResponse:
    posted = request.POST.get("business", "")
    with tenant_tx(request.actor.tenant_id, readonly=True):
        offered = choice(request, posted or request.GET.get("business", ""))
        rows = queries.campaign_choices(request.actor, offered.chosen.id) if offered.chosen else []
    business = offered.chosen
    if business is None:
        messages.info(request, _("A rule belongs to a business. Add the business first."))
        return redirect("businesses")
    if posted and posted != business.public_id:
        raise NotFoundError  # never in a business that was not meant
    campaigns = [(encode("camp", key), name) for key, name in rows]
    initial = {"campaign": request.GET.get("campaign", "")}
    form = RuleForm(request.POST or None, campaigns=campaigns, initial=initial)
    made = _new(request, form, business)
    if isinstance(made, str):
        messages.success(request, _("Saved. The rule acts in your name."))
        return redirect("rule", made)
    context = {"form": form, "offered": offered, "business": business, "tried": made}
    return _form_page(request, context, form)


def _new(
    request: PersonRequest, form: RuleForm, business: BusinessItem
) -> str | dict[str, Any] | None:
    """The stored rule's public id, what a rule that is only tried would have matched, or None."""
    if request.method != "POST" or not form.is_valid():
        return None
    actor, moment = request.actor, now()
    try:
        with tenant_tx(actor.tenant_id):
            scope = rules.scope_of(
                actor,
                campaign_id=form.cleaned_data["campaign"],
                business_id=business.public_id,
            )
            fields = form.rule(currency=scope.currency)
            if fields is None:
                return None
            if "try" in request.POST:
                return _dry(request, scope, fields, now=moment)
            return encode("rule", rules.create_rule(actor, scope, fields, now=moment).pk)
    except InvalidError as error:
        form.add_named_error(
            str(error.details.get("field", "")), f"{error.message} {error.hint}".strip()
        )
    return None


def _dry(
    request: PersonRequest, scope: rules.Scope, fields: RuleFields, *, now: datetime
) -> dict[str, Any]:
    rule = rules.draft_rule(request.actor, scope, fields, now=now)
    return _tried(rule, dry_run(rule, now=now))


def _form_page(
    request: PersonRequest, context: dict[str, Any], form: RuleForm, *, status: int = 200
) -> HttpResponse:
    status = 422 if form.errors and status == 200 else status
    return render_page(request, "optimizer/rule_form.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(*EDITING)
def edit(request: PersonRequest, rule_id: str) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        rule = queries.get_rule(actor, rule_id)
    form = RuleForm(request.POST or None, initial=initial_of(rule))
    context: dict[str, Any] = {**words.line(rule), "form": form}
    if request.method == "POST" and form.is_valid():
        fields = form.rule(currency=rule.currency)
        if fields is not None and "try" in request.POST:
            with tenant_tx(actor.tenant_id, readonly=True):
                scope = rules.Scope(rule.business, rule.campaign_id, rule.currency)
                context["tried"] = _dry(request, scope, fields, now=now())
        elif fields is not None:
            return _changed(request, context, fields)
    return _form_page(request, context, form)


def _changed(request: PersonRequest, context: dict[str, Any], fields: RuleFields) -> HttpResponse:
    form, public_id = context["form"], context["public_id"]
    try:
        seen = datetime.fromisoformat(form.cleaned_data["seen"])
    except ValueError:
        seen = datetime.min  # noqa: DTZ901 - equals no stored time
    try:
        rules.update_rule(request.actor, public_id, fields, now=now(), seen=seen)
    except ConflictError as error:
        form.add_error(None, f"{error.message} {error.hint}")
        return _form_page(request, context | {"changed": True}, form, status=409)
    messages.success(request, _("Saved. The rule acts in your name from now on."))
    return redirect("rule", public_id)


@require_POST
@signed_in(*EDITING)
def pause(request: PersonRequest, rule_id: str) -> HttpResponse:
    rules.pause_rule(request.actor, rule_id, now=now())
    messages.success(request, _("Paused. It judges and changes nothing until it is resumed."))
    return redirect("rule", rule_id)


@require_POST
@signed_in(*EDITING)
def resume(request: PersonRequest, rule_id: str) -> HttpResponse:
    try:
        rules.resume_rule(request.actor, rule_id, now=now())
    except NotFoundError:
        raise
    except AppError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Resumed. The rule acts in your name from now on."))
    return redirect("rule", rule_id)


@require_POST
@signed_in(*EDITING)
def delete(request: PersonRequest, rule_id: str) -> HttpResponse:
    rules.delete_rule(request.actor, rule_id, now=now())
    messages.success(request, _("Deleted. What it changed stays, and so does the audit log."))
    return redirect("rules")
