"""The analytics page: numbers, alerts and reports."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.web import PersonRequest, signed_in
from analytics.bodies import ReportBody
from analytics.forms import ReportForm
from analytics.services.reports import create_report
from analytics.tasks import publish
from analytics.views.parts import Chosen, page_context, reach_for, reports_context
from core.clock import now
from core.errors import AppError, InvalidError
from core.pages import render_page
from core.tenancy import tenant_tx

TEMPLATE = "analytics/overview.html"


@signed_in()
@require_safe
def analytics(request: PersonRequest) -> HttpResponse:
    chosen, moment = Chosen.of(request), now()
    polls = bool(request.htmx) and request.htmx.target == "reports"
    with tenant_tx(request.actor.tenant_id, readonly=True):
        if polls:
            return render_page(
                request, TEMPLATE, reports_context(request, now=moment), partial="reports"
            )
        context = page_context(request, chosen, now=moment)
    where = context["where"]
    context["form"] = ReportForm(
        initial={
            "date_from": where["date_from"],
            "date_to": where["date_to"],
            "business_id": chosen.business_id,
            "environment": where["environment"],
        }
    )
    return render_page(request, TEMPLATE, context, status=422 if context["error"] else 200)


@require_POST
@signed_in()
def ask_report(request: PersonRequest) -> HttpResponse:
    form, chosen = ReportForm(request.POST), Chosen.posted(request)
    try:
        if not form.is_valid():
            raise InvalidError(_("Choose format, rows and breakdown of the report."))
        _queue(request, chosen, form)
    except AppError as error:
        if error.status == 404:
            raise
        messages.error(request, " ".join(filter(None, [error.message, error.hint])))
    else:
        messages.success(request, _("The report is being made; it appears below."))
    response = redirect(f"{chosen.url()}#reports-heading")
    response.status_code = 303
    return response


def _queue(request: PersonRequest, chosen: Chosen, form: ReportForm) -> None:
    """Ask for the report; raises what becomes a message."""
    said = {
        name: form.cleaned_data[name]
        for name in ("format", "interval", "breakdown", "email", "date_from", "date_to")
    }
    actor, moment = request.actor, now()
    if actor.business_ids is not None and not chosen.business_id:
        raise InvalidError(_("Choose a business first."), field="business_id")
    with tenant_tx(actor.tenant_id):
        reach = reach_for(actor, chosen)
        body = ReportBody.model_validate({**said, "business_id": chosen.business_id})
        made = create_report(
            actor,
            body.model_copy(update={"metrics": body.wanted}).dated(reach.today(moment)),
            environment=reach.environment,
            business_id=reach.business_id,
            now=moment,
        )
        publish(made.tenant_id, made.pk)
