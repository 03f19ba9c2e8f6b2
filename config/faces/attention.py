"""The desk of unknown outcomes: changes that a look-up could not settle and a person must see."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import Business
from accounts.web import PersonRequest, signed_in
from campaigns.models import Dispatch, DispatchStep
from campaigns.views.words import KINDS, word
from config.faces.frame import businesses
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx

PAGE = 50


@signed_in()
@require_safe
def unknown_outcomes(request: PersonRequest) -> HttpResponse:
    with tenant_tx(request.actor.tenant_id, readonly=True):
        ids = [item.id for item in businesses(request.actor)]
        rows = Dispatch.objects.filter(needs_person=True, business_id__in=ids)
        found = list(rows.order_by("-created_at", "-id")[:PAGE])
        context = {"rows": _rows(found), "page_size": PAGE}
    return render_page(request, "config/unknown_outcomes.html", context)


def _rows(found: list[Dispatch]) -> list[dict[str, Any]]:
    steps: dict[Any, list[DispatchStep]] = {}
    for step in DispatchStep.objects.filter(dispatch__in=found).order_by("dispatch_id", "seq"):
        steps.setdefault(step.dispatch_id, []).append(step)
    names = dict(
        Business.objects.filter(pk__in={row.business_id for row in found}).values_list("id", "name")
    )
    return [
        {
            "row": row,
            "title": word(KINDS, row.command_kind),
            "job": encode("job", row.pk),
            "campaign": encode("camp", row.campaign_id),
            "pending": encode("pa", row.pending_action_id) if row.pending_action_id else "",
            "business": names.get(row.business_id, ""),
            "steps": steps.get(row.pk, []),
        }
        for row in found
    ]
