"""The page on which a business says how it speaks and looks."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.choice import BusinessItem, choice
from accounts.queries import get_business
from accounts.web import PersonRequest, signed_in
from core.clock import now
from core.errors import AppError, NotFoundError
from core.pages import render_page
from core.tenancy import tenant_tx
from creatives import queries
from creatives.bodies import BrandBody
from creatives.forms import BrandForm
from creatives.models import BrandRules
from creatives.presenters import asset_url
from creatives.services import brand
from creatives.services.assets import keep_image
from creatives.views.studio import BRANDERS


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(*BRANDERS)
def brand_rules(request: PersonRequest) -> HttpResponse:
    posted = request.POST.get("business", "")
    with tenant_tx(request.actor.tenant_id, readonly=True):
        offered = choice(request, posted or request.GET.get("business", ""))
        rules = queries.brand_rules(offered.chosen.id) if offered.chosen else None
    if offered.chosen is None:
        messages.info(request, _("Brand rules belong to a business. Add the business first."))
        return redirect("businesses")
    if posted and posted != offered.chosen.public_id:
        raise NotFoundError  # never for a business that was not meant
    form = BrandForm(request.POST or None, initial=_initial(rules))
    if request.method == "POST" and form.is_valid() and _saved(request, form, offered.chosen):
        messages.success(request, _("Saved. The next generation follows these rules."))
        return redirect(f"{reverse('brand-rules-page')}?business={offered.chosen.public_id}")
    context = {"form": form, "offered": offered, "business": offered.chosen, "rules": rules}
    status = 422 if form.errors else 200
    return render_page(request, "creatives/brand_rules.html", context, status=status)


def _initial(rules: BrandRules | None) -> dict[str, Any]:
    if rules is None:
        return {}
    return {
        "voice": rules.voice,
        "banned_words": "\n".join(rules.banned_words),
        "colors": " ".join(rules.colors),
        "logo_url": asset_url(rules.logo) if rules.logo else "",
    }


def _saved(request: PersonRequest, form: BrandForm, chosen: BusinessItem) -> bool:
    """Whether the rules were stored; otherwise the form says what is wrong."""
    body = form.body()
    if body is None:
        return False
    try:
        wanted = _wanted(request, body, chosen)
    except AppError as error:
        form.add_error("logo_url", f"{error.message} {error.hint}".strip())
        return False
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        business = get_business(actor, chosen.public_id)
    brand.set_brand_rules(actor, business, wanted, now=now())
    return True


def _wanted(request: PersonRequest, body: BrandBody, chosen: BusinessItem) -> brand.Wanted:
    """The rules with the logo fetched; raises what fetching and reading an image raises."""
    logo = None
    if body.logo_url:
        tenant_id = request.actor.tenant_id
        logo = keep_image(tenant_id=tenant_id, business_id=chosen.id, url=body.logo_url, now=now())
    return brand.Wanted(
        voice=body.voice,
        banned_words=tuple(body.banned_words),
        colors=tuple(body.colors),
        logo=logo,
    )
