"""Businesses of the organisation, and what a person sets for themselves."""

from django.conf import settings as config
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import queries
from accounts.domain.roles import MANAGERS
from accounts.forms import BusinessForm, PreferencesForm
from accounts.services import businesses as business_services
from accounts.services import profile
from accounts.web import PersonRequest, page_of, signed_in
from core.clock import now
from core.errors import ForbiddenError, InvalidError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in()
def businesses(request: PersonRequest) -> HttpResponse:
    form = BusinessForm(request.POST or None)
    if request.method == "POST":
        if request.actor.role not in MANAGERS:
            raise ForbiddenError(_("Only owners and admins add businesses."), code="role_required")
        if form.is_valid():
            try:
                made = business_services.create_business(
                    request.actor, now=now(), **form.cleaned_data
                )
            except InvalidError as error:
                form.add_error(str(error.details.get("field", "")) or None, error.message)
            else:
                messages.success(request, _("%(name)s is ready.") % {"name": made.name})
                return redirect("businesses")
    return _businesses_page(request, form)


def _businesses_page(request: PersonRequest, form: BusinessForm) -> HttpResponse:
    part = request.GET.get("q", "").strip()[:100]
    with tenant_tx(request.actor.tenant_id, readonly=True):
        rows = queries.list_businesses(request.actor).order_by("-created_at", "-id")
        if part:
            rows = rows.filter(name__icontains=part)
        found, older = page_of(request, rows)
    context = {
        "businesses": [{"public_id": encode("biz", row.pk), "row": row} for row in found],
        "older_url": older,
        "q": part,
        "form": form,
        "may_add": request.actor.role in MANAGERS,
    }
    status = 422 if form.errors else 200
    return render_page(request, "accounts/businesses.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in()
def preferences(request: PersonRequest) -> HttpResponse:
    person = request.person
    initial = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "theme": person.theme,
        "shortcuts_enabled": person.shortcuts_enabled,
        "language": person.language or config.LANGUAGE_CODE,
    }
    form = PreferencesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        profile.change_preferences(request.actor, form.cleaned_data, now=now())
        profile.change_names(request.actor, form.cleaned_data, now=now())
        messages.success(request, _("Saved."))
        response = redirect("settings")
        response.set_cookie(
            config.LANGUAGE_COOKIE_NAME,
            form.cleaned_data["language"],
            secure=config.SECURE,
            samesite="Lax",
        )
        return response
    status = 422 if form.errors else 200
    return render_page(request, "accounts/settings.html", {"form": form}, status=status)
