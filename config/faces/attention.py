"""The desk of unknown outcomes: what a look-up could not settle, and what a change left behind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.web import PersonRequest, confirm_url, page_of, signed_in
from campaigns.dispatch.orphans import orphans_of
from campaigns.domain.steps import CREATE_KINDS
from campaigns.models import Dispatch, DispatchStep
from campaigns.models.actions import OPEN_DISPATCH
from campaigns.queries.desk import list_desk
from campaigns.services import desk
from campaigns.views import outcomes
from campaigns.views.campaign_pages import EDITING
from campaigns.views.words import KINDS, STEPS, WORK_STATES, word
from core import clock
from core.errors import AppError, InvalidError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx

PAGE = 50


@signed_in()
@require_safe
def unknown_outcomes(request: PersonRequest) -> HttpResponse:
    return _page(request)


@signed_in(*EDITING)
@require_POST
def settle(request: PersonRequest, job_id: str, step: str) -> HttpResponse:
    """One of ACTS; what is refused is shown on the desk."""
    act = ACTS.get(step)
    if act is None:
        raise Http404
    try:
        act(request, job_id, clock.now())
    except AppError as error:
        return _page(request, error=error)
    return HttpResponseRedirect(reverse("unknown-outcomes"), status=303)


def _page(request: PersonRequest, *, error: AppError | None = None) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        found, older = page_of(request, list_desk(actor), size=PAGE)
        context: dict[str, Any] = {"rows": _rows(found), "older_url": older}
    context |= {"error": error, "may_settle": actor.role in EDITING}
    if error is not None:
        context["told"] = outcomes.refusal_text(error)
    if error is not None and error.code == "reauthentication_required":
        context["confirm_url"] = confirm_url(request)
    status = error.status if error else 200
    return render_page(request, "config/unknown_outcomes.html", context, status=status)


def _rows(found: list[Dispatch]) -> list[dict[str, Any]]:
    steps: dict[UUID, list[DispatchStep]] = {}
    for step in DispatchStep.objects.filter(dispatch__in=found).order_by("dispatch_id", "seq"):
        steps.setdefault(step.dispatch_id, []).append(step)
    left = orphans_of(found)
    busy = _busy(found)
    return [
        {
            "row": row,
            "title": word(KINDS, row.command_kind),
            "job": encode("job", row.pk),
            "campaign": encode("camp", row.campaign_id),
            "pending": encode("pa", row.pending_action_id) if row.pending_action_id else "",
            "state": word(WORK_STATES, row.state),
            "steps": [_step(step) for step in steps.get(row.pk, [])],
            "left": left[row.pk],
            "busy": row.campaign_id in busy,
            "acts": _acts(row, left[row.pk]) if row.campaign_id not in busy else (),
        }
        for row in found
    ]


def _step(step: DispatchStep) -> dict[str, Any]:
    creates = step.kind in CREATE_KINDS
    kind = step.kind if creates else f"{step.kind}_{step.object_type}"
    return {
        "seq": step.seq,
        "does": word(STEPS, kind),
        "state": word(WORK_STATES, step.state),
        "tag": step.tag,
        "external_id": step.external_id,
    }


def _busy(found: list[Dispatch]) -> set[UUID]:
    """Campaigns with another change under way, which the desk's own must not cross."""
    open_ones = Dispatch.objects.filter(
        campaign_id__in={row.campaign_id for row in found}, state__in=OPEN_DISPATCH
    )
    return set(open_ones.filter(needs_person=False).values_list("campaign_id", flat=True))


def _acts(row: Dispatch, left: list[DispatchStep]) -> tuple[str, ...]:
    over = row.state in desk.OVER
    return (
        *(["continue"] if over and row.command_kind == "launch_campaign" else []),
        *(["remove"] if over and left else []),
        *(["acknowledge"] if row.state in ("done", "failed") else []),
    )


def _remove(request: PersonRequest, job_id: str, now: datetime) -> None:
    _confirmed(request)
    outcomes.tell(request, desk.remove_remains(job_id, actor=request.actor, now=now))


def _continue(request: PersonRequest, job_id: str, now: datetime) -> None:
    outcomes.tell(request, desk.continue_launch(job_id, actor=request.actor, now=now))


def _acknowledge(request: PersonRequest, job_id: str, now: datetime) -> None:
    _confirmed(request)
    desk.acknowledge(job_id, actor=request.actor, now=now)
    messages.success(request, _("Taken off the desk. Nothing was sent to the platform."))


def _confirmed(request: HttpRequest) -> None:
    if request.POST.get("confirm") != "on":
        raise InvalidError(_("Tick the box to confirm."), field="confirm")


ACTS: dict[str, Callable[[PersonRequest, str, datetime], None]] = {
    "remove": _remove,
    "continue": _continue,
    "acknowledge": _acknowledge,
}
