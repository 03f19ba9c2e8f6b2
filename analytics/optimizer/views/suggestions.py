"""The page of suggestions: ask for a campaign's, see what speaks for each, apply one."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.choice import choice
from accounts.web import PersonRequest, page_of, signed_in
from analytics.optimizer import queries
from analytics.optimizer.services.suggest import STRATEGIES
from analytics.optimizer.services.suggestions import apply_suggestion, make_suggestions
from analytics.optimizer.views import words
from analytics.optimizer.views.rules import EDITING
from campaigns.queries import get_campaign
from campaigns.views.outcomes import tell
from core.clock import now
from core.errors import AppError, ForbiddenError, NotFoundError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in()
def index(request: PersonRequest) -> HttpResponse:
    actor, nothing = request.actor, {}
    campaign_id = request.POST.get("campaign") or request.GET.get("campaign", "")
    if request.method == "POST":
        nothing = _asked(request, campaign_id)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = queries.list_suggestions(actor).select_related("campaign")
        if campaign_id:
            rows = rows.filter(campaign=get_campaign(actor, campaign_id))
        found, older = page_of(request, rows, size=25)
        offered = choice(request, request.GET.get("business", ""))
        chosen = offered.chosen
        campaigns = queries.campaign_choices(actor, chosen.id) if chosen else []
    moment = now()
    context = {
        "rows": [words.suggestion(row, now=moment) for row in found],
        "older_url": older,
        "offered": offered,
        "campaigns": [(encode("camp", key), name) for key, name in campaigns],
        "campaign": campaign_id,
        "nothing": nothing,
        "may_edit": actor.role in EDITING,
    }
    return render_page(request, "optimizer/suggestions.html", context)


def _asked(request: PersonRequest, campaign_id: str) -> dict[str, Any]:
    """The reasons of the strategies that suggest nothing, after those that do were stored."""
    if request.actor.role not in EDITING:
        raise ForbiddenError(
            _("Your role may not do that."),
            code="role_required",
            hint=_("Ask an owner or admin of your organisation."),
        )
    _campaign, rows, nothing = make_suggestions(request.actor, campaign_id, STRATEGIES, now=now())
    text = ngettext("%(n)d suggestion.", "%(n)d suggestions.", len(rows)) % {"n": len(rows)}
    messages.info(request, text if rows else _("Nothing to suggest now; the reasons stand below."))
    return {str(words.STRATEGIES[name]): words.NOTHING[reason] for name, reason in nothing.items()}


@require_POST
@signed_in(*EDITING)
def apply(request: PersonRequest, suggestion_id: str) -> HttpResponse:
    try:
        outcome = apply_suggestion(request.actor, suggestion_id, now=now())
    except NotFoundError:
        raise
    except AppError as error:
        messages.error(request, f"{error.message} {_('Ask for suggestions again.')}")
    else:
        tell(request, outcome)
        if outcome.pending_action_id and outcome.status == "pending_approval":
            return redirect("pending", outcome.pending_action_id)
    return redirect("suggestions")
