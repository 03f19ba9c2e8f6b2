"""Apps: those the organisation has registered, and those that its people allowed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries
from accounts.domain.roles import MANAGERS
from accounts.forms import AppForm
from accounts.presenters import app_scope_words
from accounts.services import apps
from accounts.web import PersonRequest, page_of, signed_in
from core.clock import now
from core.errors import ForbiddenError, InvalidError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in()
def index(request: PersonRequest) -> HttpResponse:
    form = AppForm(request.POST or None)
    if request.method == "POST":
        if request.actor.role not in MANAGERS:
            raise ForbiddenError(_("Only owners and admins register apps."), code="role_required")
        if form.is_valid():
            try:
                return _registered(request, form)
            except InvalidError as error:
                name = str(error.details.get("field", ""))
                form.add_error(name if name in form.fields else None, error.message)
    return _page(request, form)


def _registered(request: PersonRequest, form: AppForm) -> HttpResponse:
    new = apps.NewApp(**form.cleaned_data)
    made, secret = apps.register_app(request.actor, new, now=now())
    context = {"client": made.application, "secret": secret}
    response = render_page(request, "accounts/app_created.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _page(request: PersonRequest, form: AppForm) -> HttpResponse:
    actor, may_register = request.actor, request.actor.role in MANAGERS
    with tenant_tx(actor.tenant_id, readonly=True):
        granted = queries.list_app_access(actor, now=now())
        found, older_access = page_of(request, granted, name="access")
        own, older_apps = page_of(request, queries.list_apps(), name="apps")
    context = {
        "access": [
            {"public_id": encode("key", key.pk), "row": key, "may": app_scope_words(key.scopes)}
            for key in found
        ],
        "apps": [
            {"public_id": encode("app", row.pk), "client": row.application, "row": row}
            for row in own
        ],
        "older_access": older_access,
        "older_apps": older_apps,
        "form": form if may_register else None,
    }
    status = 422 if form.errors else 200
    return render_page(request, "accounts/apps.html", context, status=status)


@require_POST
@signed_in(*MANAGERS)
def remove(request: PersonRequest, app_id: str) -> HttpResponse:
    apps.remove_app(request.actor, app_id, now=now())
    messages.success(request, _("The app is removed; what it was allowed has ended."))
    return redirect("apps")


@require_POST
@signed_in()
def revoke(request: PersonRequest, key_id: str) -> HttpResponse:
    apps.revoke_access(request.actor, key_id, now=now())
    messages.success(request, _("Taken back; the app's next request is refused."))
    return redirect("apps")
