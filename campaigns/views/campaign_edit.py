"""Changes to the tree: each form becomes one Command and goes through the gate."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.choice import choice
from accounts.web import PersonRequest, signed_in
from campaigns import forms, gateway, queries
from campaigns.commands import COMMANDS, Command
from campaigns.domain.operations import OPERATIONS
from campaigns.models import Campaign
from campaigns.services.images import digest_of
from campaigns.views import generated
from campaigns.views.campaign_pages import BASE, EDITING
from campaigns.views.outcomes import tell
from core import clock
from core.errors import AppError, NotFoundError
from core.ids import encode
from core.money import to_decimal
from core.pages import render_page
from core.tenancy import tenant_tx

LIFECYCLE = frozenset(
    f"{verb}_{node}"
    for verb in ("pause", "resume", "archive")
    for node in ("campaign", "ad_set", "ad")
) | {"launch_campaign"}
PARTS: dict[str, tuple[type[forms.CommandForm], Promise]] = {
    "details": (forms.DetailsForm, gettext_lazy("Edit campaign")),
    "budget": (forms.BudgetForm, gettext_lazy("Change budget")),
    "schedule": (forms.ScheduleForm, gettext_lazy("Change schedule")),
}
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@signed_in(*EDITING)
@require_POST
def act(request: PersonRequest, *, campaign_id: str, kind: str, target_id: str) -> HttpResponse:
    if kind not in LIFECYCLE:
        raise NotFoundError
    _campaign(request, campaign_id)
    command = COMMANDS[kind].model_validate({f"{OPERATIONS[kind].target_type}_id": target_id})
    try:
        tell(request, _submit(request, command))
    except NotFoundError:
        raise
    except AppError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return HttpResponseRedirect(f"{BASE}{campaign_id}/", status=303)


@signed_in(*EDITING)
@get_or_post
def new_campaign(request: PersonRequest) -> HttpResponse:
    posted = request.POST.get("business", "")
    with tenant_tx(request.actor.tenant_id, readonly=True):
        offered = choice(request, posted or request.GET.get("business", ""))
    business = offered.chosen
    if business is None:
        messages.info(request, _("A campaign belongs to a business. Add the business first."))
        return HttpResponseRedirect(reverse("businesses"))
    if posted and posted != business.public_id:
        raise NotFoundError  # never in a business that was not meant
    with tenant_tx(request.actor.tenant_id, readonly=True):
        initial = generated.for_campaign(request, business.id)
    form = forms.CampaignForm(request.POST or None, currency=business.currency, initial=initial)
    outcome = _sent(request, form, business_id=business.public_id)
    if outcome is not None:
        return HttpResponseRedirect(f"{BASE}{outcome.created_id}/", status=303)
    context = {
        "form": form, "title": _("New campaign"), "submit": _("Create draft"), "back": BASE,
        "offered": offered,
    }  # fmt: skip
    return _form_page(request, context, form)


@signed_in(*EDITING)
@get_or_post
def edit(request: PersonRequest, campaign_id: str, part: str) -> HttpResponse:
    if part not in PARTS:
        raise NotFoundError
    form_class, title = PARTS[part]
    campaign = _campaign(request, campaign_id)
    initial = _initial(campaign)
    form = form_class(request.POST or None, currency=campaign.currency, initial=initial)
    return _edit_page(request, campaign, form, title=str(title), ids={"campaign_id": campaign_id})


@signed_in(*EDITING)
@get_or_post
def new_ad_set(request: PersonRequest, campaign_id: str) -> HttpResponse:
    campaign = _campaign(request, campaign_id)
    form = forms.AdSetForm(request.POST or None)
    return _edit_page(
        request, campaign, form, title=_("New ad set"), ids={"campaign_id": campaign_id}
    )


@signed_in(*EDITING)
@get_or_post
def targeting(request: PersonRequest, campaign_id: str, ad_set_id: str) -> HttpResponse:
    campaign = _campaign(request, campaign_id)
    with tenant_tx(request.actor.tenant_id, readonly=True):
        value = queries.get_ad_set(request.actor, ad_set_id).targeting
    initial = {
        "age_min": value.get("age_min", 18),
        "age_max": value.get("age_max", 65),
        "countries": ", ".join(place["value"] for place in value.get("locations", [])),
        "interests": ", ".join(value.get("interests", [])),
    }
    form = forms.TargetingForm(request.POST or None, initial=initial)
    return _edit_page(
        request, campaign, form, title=_("Change targeting"), ids={"ad_set_id": ad_set_id}
    )


@signed_in(*EDITING)
@get_or_post
def new_ad(request: PersonRequest, campaign_id: str, ad_set_id: str) -> HttpResponse:
    campaign = _campaign(request, campaign_id)
    with tenant_tx(request.actor.tenant_id, readonly=True):
        queries.get_ad_set(request.actor, ad_set_id)
        content = generated.for_ad(request, campaign.business_id)
        offered = generated.offers(campaign.business_id)
    initial = {"link_url": campaign.target_url, **content}
    form = forms.AdForm(request.POST or None, initial=initial)
    ids = {"ad_set_id": ad_set_id}
    return _edit_page(request, campaign, form, title=_("New ad"), ids=ids, generated=offered)


@signed_in(*EDITING)
@get_or_post
def push_creative(request: PersonRequest, campaign_id: str, ad_id: str) -> HttpResponse:
    campaign = _campaign(request, campaign_id)
    with tenant_tx(request.actor.tenant_id, readonly=True):
        creative = queries.get_ad(request.actor, ad_id).creative
    names = forms.CreativeForm.base_fields
    initial = {name: getattr(creative, name) for name in names}
    form = forms.CreativeForm(request.POST or None, initial=initial)
    return _edit_page(request, campaign, form, title=_("New creative"), ids={"ad_id": ad_id})


def _campaign(request: PersonRequest, campaign_id: str) -> Campaign:
    with tenant_tx(request.actor.tenant_id, readonly=True):
        return queries.get_campaign(request.actor, campaign_id)


def _initial(campaign: Campaign) -> dict[str, Any]:
    names = ("name", "objective", "budget_type", "start_date", "end_date", "target_location")
    values = {name: getattr(campaign, name) for name in (*names, "target_url", "message")}
    return values | {"budget": to_decimal(campaign.budget_micros, campaign.currency)}


def _edit_page(
    request: PersonRequest,
    campaign: Campaign,
    form: forms.CommandForm,
    *,
    title: str,
    ids: Mapping[str, str],
    **shown: Any,
) -> HttpResponse:
    back = f"{BASE}{encode('camp', campaign.pk)}/"
    if _sent(request, form, image_of=campaign.business_id, **ids) is not None:
        return HttpResponseRedirect(back, status=303)
    context = {"form": form, "title": title, "submit": _("Send change"), "back": back}
    return _form_page(request, context | {"campaign": campaign} | shown, form)


def _form_page(
    request: PersonRequest, context: dict[str, Any], form: forms.CommandForm
) -> HttpResponse:
    status = 422 if form.errors else 200
    return render_page(request, "campaigns/form.html", context, status=status)


def _sent(
    request: PersonRequest,
    form: forms.CommandForm,
    *,
    image_of: UUID | None = None,
    **ids: str,
) -> gateway.Outcome | None:
    """The outcome of a valid, posted form that the gate did not deny; None keeps the form open."""
    if request.method != "POST" or not form.is_valid():
        return None
    command = form.command(**ids)
    if command is None:
        return None
    try:
        outcome = _submit(request, _with_image(request, command, image_of))
    except NotFoundError:
        raise
    except AppError as error:
        path = str(error.details.get("field", "")).split(".")
        form.add_named_error(path, f"{error.message} {error.hint}".strip())
        return None
    tell(request, outcome)
    return None if outcome.is_denied else outcome


def _with_image(request: PersonRequest, command: Command, business_id: UUID | None) -> Command:
    creative = getattr(command, "creative", None)
    if creative is None or business_id is None:
        return command
    image = digest_of(
        creative.image_url, actor=request.actor, business_id=business_id, now=clock.now()
    )
    shown = creative.model_copy(update={"image_digest": image})
    return command.model_copy(update={"creative": shown})


def _submit(request: PersonRequest, command: Command) -> gateway.Outcome:
    rationale = request.POST.get("rationale", "").strip()[:2000]
    return gateway.submit(
        command,
        actor=request.actor,
        now=clock.now(),
        rationale=rationale,
        rationale_source="person" if rationale else "",
    )
