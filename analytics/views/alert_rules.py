"""The page of alert rules."""

from typing import Any

import pydantic
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.queries import business_for
from accounts.web import PersonRequest, page_of, signed_in
from analytics.alert_bodies import AlertRuleBody, alert_fields
from analytics.forms import AlertRuleForm
from analytics.models import AlertRule
from analytics.presenters.alerts import rule_text
from analytics.queries.alerts import list_alert_rules
from analytics.services.alert_rules import AlertScope, create_alert_rule, delete_alert_rule
from core.actors import Role
from core.clock import now
from core.errors import ForbiddenError, InvalidError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx

EDITING = (Role.OWNER, Role.ADMIN, Role.BUYER)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in()
def index(request: PersonRequest) -> HttpResponse:
    may_edit = request.actor.role in EDITING
    form = AlertRuleForm(request.POST or None, actor=request.actor)
    if request.method == "POST":
        if not may_edit:
            raise ForbiddenError(_("Your role may not do that."), code="role_required")
        if form.is_valid() and _made(request, form):
            messages.success(request, _("The rule watches from now on."))
            return redirect("analytics-alert-rules-page")
    with tenant_tx(request.actor.tenant_id, readonly=True):
        rows = list_alert_rules(request.actor).select_related("business", "campaign")
        found, older = page_of(request, rows)
        shown = [_rule(row) for row in found]
    context = {"rules": shown, "older_url": older, "form": form, "may_edit": may_edit}
    status = 422 if form.errors else 200
    return render_page(request, "analytics/alert_rules.html", context, status=status)


def _made(request: PersonRequest, form: AlertRuleForm) -> bool:
    """Store the rule; what is wrong with it becomes an error of the form."""
    try:
        body = AlertRuleBody.model_validate(form.body())
        with tenant_tx(request.actor.tenant_id):
            business = business_for(request.actor, body.business_id)
            scope = AlertScope(business, None, business.currency)
            create_alert_rule(request.actor, scope, alert_fields(body), now=now())
    except pydantic.ValidationError as error:
        form.add_error(None, str(error.errors()[0]["msg"]))
    except InvalidError as error:
        form.add_error(None, error.message)
    return not form.errors


def _rule(row: AlertRule) -> dict[str, Any]:
    return {
        "row": row,
        "public_id": encode("alr", row.pk),
        "text": rule_text(row),
        "campaign_id": encode("camp", row.campaign_id) if row.campaign_id else "",
    }


@require_POST
@signed_in(*EDITING)
def delete(request: PersonRequest, rule_id: str) -> HttpResponse:
    delete_alert_rule(request.actor, rule_id, now=now())
    messages.success(request, _("Removed. Its alerts stay."))
    return redirect("analytics-alert-rules-page")
