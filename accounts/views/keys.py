"""API keys: create (shown once), rotate, revoke."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries
from accounts.domain.roles import MANAGERS
from accounts.forms import KeyForm
from accounts.models import ApiKey
from accounts.services import keys
from accounts.services.factors import require_fresh_factor
from accounts.web import PersonRequest, page_of, signed_in
from core.clock import now
from core.errors import InvalidError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx

GRACE = timedelta(hours=24)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(*MANAGERS)
def index(request: PersonRequest) -> HttpResponse:
    form = KeyForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            return _created(request, form.cleaned_data)
        except InvalidError as error:
            form.add_error(_field(form, error), error.message)
    return _page(request, form, status=422 if form.errors else 200)


def _field(form: KeyForm, error: InvalidError) -> str | None:
    name = str(error.details.get("field", ""))
    return name if name in form.fields else None


def _created(request: PersonRequest, data: dict[str, Any]) -> HttpResponse:
    scopes, environment = data["scopes"], data["environment"]
    require_fresh_factor(request.actor, environment, now=now())
    new = keys.NewKey(
        name=data["name"],
        scopes=scopes,
        business_id=data["business_id"],
        life=timedelta(days=int(data["days"])) or None,
    )
    key, token = keys.grant_key(request.actor, new, environment=environment, now=now())
    return _shown_once(request, key, token)


def _shown_once(request: PersonRequest, key: ApiKey, token: str) -> HttpResponse:
    context = {"key": key, "token": token, "public_url": settings.PUBLIC_URL}
    response = render_page(request, "accounts/key_created.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _page(request: PersonRequest, form: KeyForm, *, status: int = 200) -> HttpResponse:
    everything = request.GET.get("show") == "all"
    with tenant_tx(request.actor.tenant_id, readonly=True):
        rows = queries.list_keys(request.actor)
        if not everything:
            rows = queries.only_live_keys(rows, now=now())
        found, older = page_of(request, rows)
    items = [
        {"public_id": encode("key", row.pk), "row": row, "live": row.is_alive(now())}
        for row in found
    ]
    context = {"keys": items, "older_url": older, "form": form, "everything": everything}
    return render_page(request, "accounts/keys.html", context, status=status)


@never_cache
@require_POST
@signed_in(*MANAGERS)
def rotate(request: PersonRequest, key_id: str) -> HttpResponse:
    with tenant_tx(request.actor.tenant_id, readonly=True):
        old = queries.get_key(request.actor, key_id)
    require_fresh_factor(request.actor, old.environment, now=now())
    key, token = keys.rotate_key(request.actor, key_id, grace=GRACE, now=now())
    messages.info(request, _("The old key works for another 24 hours."))
    return _shown_once(request, key, token)


@require_POST
@signed_in(*MANAGERS)
def revoke(request: PersonRequest, key_id: str) -> HttpResponse:
    keys.revoke_key(request.actor, key_id, now=now())
    messages.success(request, _("The key is revoked; its next request is refused."))
    return redirect("keys")
