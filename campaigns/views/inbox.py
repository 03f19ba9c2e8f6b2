"""The inbox: what waits for a person, and the decisions on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choice import SESSION_BUSINESS, offer_for
from accounts.web import PersonRequest, confirm_url, signed_in
from campaigns import approvals, queries
from campaigns.queries.inbox_page import has_connection, proposers
from campaigns.views.inbox_detail import detail_of
from campaigns.views.inbox_list import Filters, filter_form, page_of
from campaigns.views.inbox_rows import rows_html
from campaigns.views.outcomes import refusal_text, tell
from core import clock
from core.errors import AppError, InvalidError, NotFoundError
from core.pages import render_page
from core.tenancy import tenant_tx

PARTS = {"detail": "detail", "inbox-list": "refreshed"}
SNOOZE_HOURS = (1, 4, 24, 72)


@signed_in()
@require_safe
def inbox(request: PersonRequest, pending_id: str = "") -> HttpResponse:
    now = clock.now()
    part = PARTS.get(request.htmx.target or "", "") if request.htmx else ""
    context: dict[str, Any] = {"open_id": pending_id}
    with tenant_tx(request.actor.tenant_id, readonly=True):
        if part != "detail":
            context |= _listed(request, now, pending_id)
        if part != "refreshed" and pending_id:
            context |= _opened(request, pending_id, now)
        # Rendered inside, so that the frame reads in the same transaction.
        return render_page(request, "campaigns/inbox.html", context, partial=part)


@signed_in()
@require_POST
def decide(request: PersonRequest, pending_id: str, decision: str) -> HttpResponse:
    now = clock.now()
    if decision not in DECISIONS:
        raise NotFoundError
    try:
        shown = DECISIONS[decision](request, pending_id, now)
    except NotFoundError:
        raise
    except AppError as error:
        return _answer(request, pending_id, now, error=error)
    return _answer(request, shown, now)


def _listed(request: PersonRequest, now: datetime, open_id: str = "") -> dict[str, Any]:
    filters = Filters.from_query(request.GET, business=request.session.get(SESSION_BUSINESS, ""))
    page = page_of(request.actor, filters, now=now)
    context: dict[str, Any] = {"filters": filters, "page": page, "query": filters.query()}
    context["rows_html"] = rows_html(page.rows, open_id)
    if not request.htmx:
        offered = offer_for(request, filters.business)
        context["filter_form"] = filter_form(
            replace(filters, after=""),
            people=tuple(proposers(request.actor)),
            businesses=offered.options,
            more_businesses=offered.more,
            language=get_language() or "",
        )
    if not page.rows:
        context["connected"] = has_connection()
    return context


def _opened(request: PersonRequest, pending_id: str, now: datetime) -> dict[str, Any]:
    action = queries.get_pending(request.actor, pending_id)
    context = detail_of(request.actor, action, now=now)
    query = Filters.from_query(request.GET).query()
    return context | {"query": query, "snooze_hours": SNOOZE_HOURS}


def _answer(
    request: PersonRequest, pending_id: str, now: datetime, *, error: AppError | None = None
) -> HttpResponse:
    """The proposal as it is now, with what happened; a plain browser is sent to its page."""
    if error is None and not request.htmx:
        query = Filters.from_query(request.GET).query()
        return HttpResponseRedirect(f"/inbox/{pending_id}/{query}", status=303)
    context: dict[str, Any] = {"open_id": pending_id, "focus": True, **_refusal(request, error)}
    with tenant_tx(request.actor.tenant_id, readonly=True):
        context |= _opened(request, pending_id, now)
        if not request.htmx:
            context |= _listed(request, now, pending_id)
    status = error.status if error else 200
    page = render_page(request, "campaigns/inbox.html", context, partial="decided", status=status)
    page["HX-Trigger"] = "pending-changed"
    return page


def _refusal(request: PersonRequest, error: AppError | None) -> dict[str, Any]:
    if error is None:
        return {}
    found: dict[str, Any] = {"error": error, "refused": refusal_text(error)}
    if error.code == "reauthentication_required":
        found["confirm_url"] = confirm_url(request)
    return found


def _approve(request: PersonRequest, pending_id: str, now: datetime) -> str:
    comment = request.POST.get("comment", "")[:2000]
    row = approvals.approve(pending_id, actor=request.actor, now=now, comment=comment)
    if row.status == "conflict":
        messages.warning(request, _("The platform's value moved meanwhile; nothing is sent."))
    elif row.status == "approved":
        messages.success(request, _("Approved. It goes out when the undo window ends."))
    else:
        messages.success(request, _("Approved and done."))
    return pending_id


def _reject(request: PersonRequest, pending_id: str, now: datetime) -> str:
    comment = request.POST.get("comment", "").strip()[:2000]
    approvals.reject(pending_id, actor=request.actor, now=now, comment=comment)
    messages.success(request, _("Rejected. The proposer is told why."))
    return pending_id


def _undo(request: PersonRequest, pending_id: str, now: datetime) -> str:
    approvals.undo(pending_id, actor=request.actor, now=now)
    messages.success(request, _("Undone: nothing was sent, the proposal waits again."))
    return pending_id


def _snooze(request: PersonRequest, pending_id: str, now: datetime) -> str:
    hours = request.POST.get("hours", "")
    if hours not in map(str, SNOOZE_HOURS):
        raise InvalidError(_("Choose for how long."), field="hours")
    until = now + timedelta(hours=int(hours))
    approvals.snooze(pending_id, actor=request.actor, now=now, until=until)
    messages.success(request, _("Snoozed."))
    return pending_id


def _propose_again(request: PersonRequest, pending_id: str, now: datetime) -> str:
    outcome = approvals.propose_again(pending_id, actor=request.actor, now=now)
    tell(request, outcome)
    return outcome.pending_action_id or pending_id


DECISIONS: dict[str, Callable[[PersonRequest, str, datetime], str]] = {
    "approve": _approve,
    "reject": _reject,
    "undo": _undo,
    "snooze": _snooze,
    "propose-again": _propose_again,
}
