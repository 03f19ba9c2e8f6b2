"""The front page: what waits, what runs, and what is left to set up."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.choice import BusinessItem
from accounts.domain.roles import MANAGERS
from accounts.models import ApiKey, User
from accounts.web import PersonRequest, signed_in
from campaigns.models import Campaign, PendingAction, SpendCeiling
from campaigns.queries.tree_page import Spend, spend_of
from config.faces.frame import address, businesses, chosen_business
from core import clock
from core.money import display
from core.pages import render_page
from core.tenancy import tenant_tx
from platforms.models import Connection

SHOWN_CAMPAIGNS = 200


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the set-up list; `done` is read from the data, never stored."""

    title: str
    text: str
    url: str
    done: bool


@signed_in()
@require_safe
def home(request: PersonRequest) -> HttpResponse:
    with tenant_tx(request.actor.tenant_id, readonly=True):
        items = businesses(request.actor)
        chosen = chosen_business(request, items)
        shown = [chosen] if chosen else items
        tasks = _tasks(request.person, shown, governs=request.actor.role in MANAGERS)
        context = {"tasks": tasks, "left": sum(not task.done for task in tasks)}
        context |= _waiting(shown) | _running(shown)
        context["ceilings"] = _ceilings(shown)
    return render_page(request, "config/home.html", context)


def _tasks(user: User, shown: list[BusinessItem], *, governs: bool) -> list[Task]:
    ids = [item.id for item in shown]
    connected = Connection.objects.filter(business_id__in=ids, status="connected").exists()
    limited = SpendCeiling.objects.filter(Q(business_id__in=ids) | Q(scope="tenant")).exists()
    keyed = ApiKey.objects.filter(revoked_at=None, purpose="minted").exists()
    decided = PendingAction.objects.filter(business_id__in=ids).exclude(decided_at=None).exists()
    return [
        Task(_("Confirm your address"), _("So that decisions reach you by mail."),
             address("account"), user.email_verified_at is not None),
        Task(_("Add a business"), _("A brand or client: campaigns and policy belong to it."),
             address("businesses") if governs else "", bool(shown)),
        Task(_("Connect an ad account"), _("Connecting alone changes nothing."),
             address("connections") if governs else "", connected),
        Task(_("Set a spend ceiling"), _("The most one day can cost, whatever is approved."),
             address("policy") if governs else "", limited),
        Task(_("Create an agent key"), _("With only the scopes the agent needs."),
             address("keys") if governs else "", keyed),
        Task(_("Decide the first proposal"), _("What agents may not do alone waits in the inbox."),
             address("inbox"), decided),
    ]  # fmt: skip


def _waiting(shown: list[BusinessItem]) -> dict[str, Any]:
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=clock.now())
    rows = PendingAction.objects.filter(
        awake, status="pending", business_id__in=[item.id for item in shown]
    )
    counts = dict(rows.values("risk").annotate(n=Count("id")).values_list("risk", "n"))
    return {"risks": counts, "waiting": sum(counts.values())}


def _running(shown: list[BusinessItem]) -> dict[str, Any]:
    active = Campaign.objects.filter(status="ACTIVE", business_id__in=[item.id for item in shown])
    rows = list(active.values_list("id", "environment", "currency")[:SHOWN_CAMPAIGNS])
    spend = spend_of([(row[0], row[1]) for row in rows])
    by_currency: dict[str, int] = {}
    for campaign_id, _environment, currency in rows:
        micros = spend.get(campaign_id, Spend()).week_micros
        by_currency[currency] = by_currency.get(currency, 0) + micros
    week = [display(micros, currency) for currency, micros in sorted(by_currency.items())]
    return {"active": len(rows), "week": week}


def _ceilings(shown: list[BusinessItem]) -> list[dict[str, Any]]:
    names = {item.id: item.name for item in shown}
    rows = SpendCeiling.objects.filter(scope="business", business_id__in=names)
    return [
        {
            "name": names.get(row.business_id, ""),
            "used": display(row.used_micros, row.currency),
            "limit": display(row.limit_micros, row.currency),
            "percent": min(100, row.used_micros * 100 // max(1, row.limit_micros)),
        }
        for row in rows.order_by("business_id", "currency")[:50]
        if row.business_id is not None
    ]
