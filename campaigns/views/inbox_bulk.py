"""Deciding several proposals at once: first what they cost together, then each on its own."""

import contextlib
from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.web import PersonRequest, signed_in
from campaigns import approvals, queries
from campaigns.models import PendingAction
from campaigns.views.diff import signed, summary
from campaigns.views.inbox_list import BASE, Filters
from campaigns.views.outcomes import refusal_text
from campaigns.views.words import KINDS, word
from core import clock
from core.actors import Actor
from core.errors import AppError, InvalidError, NotFoundError
from core.ids import decode, encode
from core.pages import render_page
from core.tenancy import tenant_tx

BULK_LIMIT = 100


@signed_in()
@require_POST
def bulk(request: PersonRequest) -> HttpResponse:
    """Ask once with the total, then decide each; what the rules refuse is skipped and told."""
    decision = "reject" if request.POST.get("decision") == "reject" else "approve"
    chosen = request.POST.getlist("chosen")[:BULK_LIMIT]
    query = Filters.from_query(request.GET).query()
    if request.POST.get("confirmed") != "on":
        with tenant_tx(request.actor.tenant_id, readonly=True):
            context = _selection(request.actor, chosen, decision)
            if context["rows"]:
                context |= {"back": BASE + query, "query": query, "decision": decision}
                context["comment"] = request.POST.get("comment", "")[:2000]
                return render_page(request, "campaigns/inbox_bulk_confirm.html", context)
    done, skipped = 0, []
    for pending_id in chosen:
        try:
            _decide_one(request, pending_id, decision)
            done += 1
        except AppError as error:
            skipped.append(refusal_text(error))
    _tell(request, done, skipped)
    return HttpResponseRedirect(BASE + query)


def _selection(actor: Actor, chosen: list[str], decision: str) -> dict[str, Any]:
    """What would be decided, its money by currency (simulated apart from real), what is left out.
    Needs the tenant's scope; one statement.
    """
    keys = set()
    for public_id in chosen:
        with contextlib.suppress(NotFoundError):
            keys.add(decode("pa", public_id))
    found = list(queries.list_pending(actor).filter(pk__in=keys))
    taken = [row for row in found if decision == "reject" or row.risk != "high"]
    totals: Counter[tuple[str, str]] = Counter()
    for row in taken:
        if row.currency:
            totals[row.environment, row.currency] += row.exposure_delta_micros
    return {
        "rows": [_row(row) for row in taken],
        "left_out": len(found) - len(taken),
        "totals": [
            {"environment": environment, "money": signed(micros, currency)}
            for (environment, currency), micros in sorted(totals.items())
        ],
    }


def _row(row: PendingAction) -> dict[str, str]:
    return {
        "id": encode("pa", row.pk),
        "title": word(KINDS, row.command_kind),
        "target": row.target_name,
        "change": summary(row.before, row.after, currency=row.currency)[0],
        "money": signed(row.exposure_delta_micros, row.currency) if row.currency else "",
    }


def _decide_one(request: PersonRequest, pending_id: str, decision: str) -> None:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        risk = queries.get_pending(actor, pending_id).risk
    if decision == "approve" and risk == "high":
        raise InvalidError(_("High risk is decided one by one."))
    comment, now = request.POST.get("comment", "")[:2000], clock.now()
    decide_one = approvals.reject if decision == "reject" else approvals.approve
    decide_one(pending_id, actor=actor, now=now, comment=comment)


def _tell(request: PersonRequest, done: int, skipped: list[str]) -> None:
    if done:
        messages.success(request, _("Decided: %(count)s.") % {"count": done})
    for reason in sorted(set(skipped)):
        text = _("Skipped %(count)s: %(reason)s")
        messages.warning(request, text % {"count": skipped.count(reason), "reason": reason})
