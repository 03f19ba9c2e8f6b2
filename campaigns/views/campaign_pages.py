"""The campaign list and one campaign."""

from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.choice import SESSION_BUSINESS, offer_for
from accounts.web import PersonRequest, page_of, signed_in
from campaigns import queries
from campaigns.models import Ad, AdSet, Campaign
from campaigns.queries import tree_page
from campaigns.queries.tree_page import CampaignFilters, Spend
from campaigns.views.diff import summary
from campaigns.views.words import AXES, KINDS, MODES, RISKS, TREE_STATUS_TONE, readable, word
from core.actors import Actor, Role
from core.errors import NotFoundError
from core.ids import encode
from core.money import display
from core.pages import render_page
from core.tenancy import tenant_tx

PAGE = 50
AD_SETS = 20
ADS = 10  # of each ad set; the others are one page further
BASE = "/campaigns/"
EDITING = (Role.OWNER, Role.ADMIN, Role.BUYER)
PREFIXES = {"campaign": "camp", "ad_set": "aset", "ad": "ad"}
VERBS = {
    "launch": gettext_lazy("Launch"),
    "pause": gettext_lazy("Pause"),
    "resume": gettext_lazy("Resume"),
    "archive": gettext_lazy("Archive"),
}
LAUNCH_BEGUN = ("LAUNCHING", "PENDING_APPROVAL")
ENDED = ("ARCHIVED", "DELETED", "COMPLETED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(CampaignFilters):
    """The list's filters as the URL carries them."""

    @classmethod
    def from_request(cls, request: PersonRequest) -> "Filters":
        """Filters of the query string; the business is the top bar's unless the URL names one."""
        query = request.GET
        status = query.get("status", "")
        return cls(
            status=status if status in tree_page.STATUSES else "",
            business=query.get("business", request.session.get(SESSION_BUSINESS, ""))[:64],
            q=query.get("q", "").strip()[:100],
            after=query.get("after", "")[:80],
        )

    def url(self, **changes: str) -> str:
        """The list's address with these filters and `changes`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)} | changes
        kept = {name: value for name, value in values.items() if value}
        return f"{BASE}?{urlencode(kept)}" if kept else BASE


@signed_in()
@require_safe
def campaigns(request: PersonRequest) -> HttpResponse:
    filters = Filters.from_request(request)
    with tenant_tx(request.actor.tenant_id, readonly=True):
        found, after = tree_page.campaign_page(request.actor, filters, size=PAGE)
        rows = _rows(found)
        offered = offer_for(request, filters.business)
    context = {
        "rows": rows,
        "offered": offered,
        "filters": filters,
        "statuses": [(name, readable(name)) for name in tree_page.STATUSES],
        "older": filters.url(after=after) if after else "",
        "newest": filters.url(after="") if filters.after else "",
        "may_edit": request.actor.role in EDITING,
    }
    return render_page(request, "campaigns/campaigns.html", context)


@signed_in()
@require_safe
def campaign(request: PersonRequest, campaign_id: str) -> HttpResponse:
    with tenant_tx(request.actor.tenant_id, readonly=True):
        found = queries.get_campaign(request.actor, campaign_id)
        context = campaign_context(request.actor, found) | _tree(request, found)
    context["history_url"] = f"/audit/?target={context['public_id']}"
    polls = bool(request.htmx) and request.htmx.target == "campaign-status"
    partial = "status" if polls else ""
    response = render_page(request, "campaigns/campaign.html", context, partial=partial)
    if polls and not context["launching"]:
        response["HX-Refresh"] = "true"  # ids, ad sets and ads are new as well
    return response


def campaign_context(actor: Actor, row: Campaign) -> dict[str, Any]:
    """What the page of one campaign shows but its tree. Needs the tenant's scope."""
    editing = actor.role in EDITING
    state = queries.gate_state(row.business_id, row.pk, environment=row.environment)
    return {
        "campaign": row,
        "public_id": encode("camp", row.pk),
        "business": row.business,
        "badges": badges(row),
        "launching": row.effective_status == "LAUNCHING",
        "modes": [
            (word(AXES, axis), mode, word(MODES, mode)) for axis, mode in state.modes.items()
        ],
        "waiting": [_waiting(action) for action in tree_page.waiting_on(row)],
        "actions": _actions(row, "campaign", editing),
        "may_edit": editing and row.status not in ENDED,
        "objective": readable(row.objective),
        "placements": ", ".join(map(readable, row.platforms)),
        **_money(row),
    }


def _tree(request: PersonRequest, row: Campaign) -> dict[str, Any]:
    """One page of ad sets, each with its newest ads; or of the ads of the one that is asked for."""
    editing = request.actor.role in EDITING
    wanted = request.GET.get("ad_set", "")
    if wanted:
        one = queries.get_ad_set(request.actor, wanted)
        if one.campaign_id != row.pk or one.status == "DELETED":
            raise NotFoundError
        ads, older = page_of(request, tree_page.ads_of(one), size=PAGE)
        return {"tree": [_ad_set(one, ads, editing)], "only": one, "older_url": older}
    ad_sets, older = page_of(request, tree_page.ad_sets_of(row), size=AD_SETS)
    ads_by_set = tree_page.newest_ads(ad_sets, most=ADS + 1)
    tree = [_ad_set(one, ads_by_set.get(one.pk, []), editing, most=ADS) for one in ad_sets]
    return {"tree": tree, "older_url": older}


def _money(row: Campaign) -> dict[str, Any]:
    spend = tree_page.spend_of([(row.pk, row.environment)]).get(row.pk, Spend())
    return {
        "budget": _budget(row.budget_type, row.budget_micros, row.currency),
        "spend": spend,
        "impressions": _count(spend.impressions),
        "clicks": _count(spend.clicks),
        "conversions": _count(spend.conversions),
        "spend_week": display(spend.week_micros, row.currency),
        "spend_total": display(spend.total_micros, row.currency),
    }


def _count(number: int) -> str:
    return str(number_format(number, use_l10n=True, force_grouping=True))


def badges(row: Campaign | AdSet | Ad) -> list[tuple[str, str]]:
    """Our status, then the platform's where it says something else."""
    return _badges(row.status, row.effective_status)


def _badges(status: str, effective: str) -> list[tuple[str, str]]:
    found = [(readable(status), TREE_STATUS_TONE.get(status, ""))]
    if effective and effective != status:
        found.append((readable(effective), TREE_STATUS_TONE.get(effective, "")))
    return found


def _budget(budget_type: str, micros: int, currency: str) -> str:
    amount = {"amount": display(micros, currency)}
    return (
        _("%(amount)s a day") % amount
        if budget_type == "daily"
        else _("%(amount)s in all") % amount
    )


def _rows(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = [row["id"] for row in found]
    spend = tree_page.spend_of([(row["id"], row["environment"]) for row in found])
    ads, waiting = tree_page.ad_counts(ids), tree_page.pending_counts(ids)
    return [
        _row(row, spend.get(row["id"], Spend()))
        | {"ads": ads.get(row["id"], 0), "waiting": waiting.get(row["id"], 0)}
        for row in found
    ]


def _row(row: dict[str, Any], spend: Spend) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "url": f"{BASE}{encode('camp', row['id'])}/",
        "name": row["name"],
        "business": row["business__name"],
        "test": row["environment"] == "test",
        "objective": readable(row["objective"]),
        "badges": _badges(row["status"], row["effective_status"]),
        "budget": _budget(row["budget_type"], row["budget_micros"], currency),
        "week": display(spend.week_micros, currency),
        "total": display(spend.total_micros, currency),
        "issues": len(row["issues"]),
    }


def _ad_set(ad_set: AdSet, ads: list[Ad], editing: bool, *, most: int = PAGE) -> dict[str, Any]:
    return {
        "row": ad_set,
        "public_id": encode("aset", ad_set.pk),
        "badges": badges(ad_set),
        "targeting": _targeting(ad_set.targeting),
        "actions": _actions(ad_set, "ad_set", editing),
        "ads": [
            {
                "row": ad,
                "public_id": encode("ad", ad.pk),
                "badges": badges(ad),
                "actions": _actions(ad, "ad", editing),
            }
            for ad in ads[:most]
        ],
        "more": len(ads) > most,
    }


def _targeting(value: dict[str, Any]) -> str:
    places = ", ".join(str(place.get("value", "")) for place in value.get("locations", []))
    ages = f"{value.get('age_min', 18)}–{value.get('age_max', 65)}"
    return " · ".join(filter(None, [places, ages, ", ".join(value.get("interests", []))]))


def _waiting(action: Any) -> dict[str, str]:
    change, delta = summary(action.before, action.after, currency=action.currency)
    return {
        "url": f"/inbox/{encode('pa', action.pk)}/",
        "title": word(KINDS, action.command_kind),
        "target": action.target_name,
        "change": " ".join(filter(None, [change, delta])),
        "risk": action.risk,
        "risk_word": word(RISKS, action.risk),
    }


def _actions(row: Campaign | AdSet | Ad, suffix: str, editing: bool) -> list[dict[str, str]]:
    """The lifecycle commands that make sense now, as buttons."""
    if not editing or row.status == "DELETED":
        return []
    target = encode(PREFIXES[suffix], row.pk)
    return [
        {"kind": f"{verb}_{suffix}", "label": str(VERBS[verb]), "id": target, "verb": verb}
        for verb in _verbs(row.status, suffix)
        if not (verb == "launch" and row.effective_status in LAUNCH_BEGUN)
    ]


def _verbs(status: str, suffix: str) -> list[str]:
    first = {"ACTIVE": "pause", "PAUSED": "resume", "ARCHIVED": "resume"}.get(status, "")
    if suffix == "campaign" and status == "DRAFT":
        first = "launch"
    last = "" if status in ENDED else "archive"
    return [verb for verb in (first, last) if verb]
