"""Browser pages: the consent link, its way back, and the connections of the dashboard."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.choice import choice
from accounts.domain.roles import MANAGERS
from accounts.models import Tenant
from accounts.queries import business_for
from accounts.web import PersonRequest, page_of, signed_in
from core.clock import now
from core.crypto import sha256_hex
from core.errors import AppError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx
from platforms import queries, services
from platforms.presenters import NAMES, documented_word, expires_soon
from platforms.services.connect import platform_of

STATE_COOKIE = "connect_state"


@require_GET
@never_cache
def setup(request: HttpRequest, word: str) -> HttpResponse:
    """The mailed link: on to the platform's consent page, with a state bound to this browser."""
    try:
        platform_of(word)
        opened = services.open_link(request.GET.get("token", ""), now=now())
    except AppError as error:
        return _ended(request, error)
    response = HttpResponseRedirect(opened.authorize_url)
    response.set_signed_cookie(
        STATE_COOKIE,
        sha256_hex(opened.state),
        max_age=3600,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return response


@require_GET
@never_cache
def callback(request: HttpRequest, platform: str) -> HttpResponse:
    """Where the platform sends the browser back to after the consent."""
    state = request.GET.get("state", "")
    try:
        platform_of(platform)
        _check_browser(request, state)
        connection = services.finish_connect(state, code=request.GET.get("code", ""), now=now())
    except AppError as error:
        return _ended(request, error)
    with tenant_tx(connection.tenant_id, readonly=True):
        assets = queries.assets_of([connection])[connection.pk]
        organisation = Tenant.objects.values_list("name", flat=True).get(pk=connection.tenant_id)
    name = NAMES[documented_word(connection.platform)]
    shown = {"connection": connection, "name": name, "organisation": organisation}
    context = {**shown, **assets.by_name}
    response = render_page(request, "platforms/connected.html", context)
    response.delete_cookie(STATE_COOKIE)
    return response


def _check_browser(request: HttpRequest, state: str) -> None:
    """The answer must come through the browser that opened the link."""
    try:
        expected = request.get_signed_cookie(STATE_COOKIE, max_age=3600)
    except (KeyError, signing.BadSignature):
        expected = ""
    if not constant_time_compare(expected or "", sha256_hex(state)):
        raise AppError(
            _("This authorization was begun in another browser."),
            code="wrong_browser",
            status=400,
            hint=_("Open the link from the mail again and finish in the same browser."),
        )


def _ended(request: HttpRequest, error: AppError) -> HttpResponse:
    context = {"error": error}
    return render_page(request, "platforms/not_connected.html", context, status=error.status)


@require_GET
@signed_in()
def connections(request: PersonRequest) -> HttpResponse:
    actor, moment = request.actor, now()
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, older_url = page_of(request, queries.list_connections(actor))
        assets = queries.assets_of(rows)
        offered = choice(request)
    context: dict[str, Any] = {
        "connections": [
            {
                "row": row,
                "assets": assets[row.pk],
                "renew": row.status != "connected" or expires_soon(row, now=moment),
                "business_id": encode("biz", row.business_id),
            }
            for row in rows
        ],
        "offered": offered,
        "older_url": older_url,
        "may_manage": actor.role in MANAGERS,
    }
    return render_page(request, "platforms/connections.html", context, partial="list")


@require_POST
@signed_in(*MANAGERS)
def connect(request: PersonRequest) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id):
        business = business_for(actor, request.POST.get("business_id", ""))
        word = request.POST.get("platform", "facebook")
        started = services.start_connect(actor, business, word, now=now())
    return HttpResponseRedirect(started.url)


@require_POST
@signed_in(*MANAGERS)
def disconnect(request: PersonRequest, connection_id: str) -> HttpResponse:
    actor, told = request.actor, request.POST.get("anyway") == "on"
    with tenant_tx(actor.tenant_id, readonly=True):
        connection = queries.get_connection(actor, connection_id)
    try:
        services.disconnect(actor, connection, now=now(), with_uses=told)
    except services.ConnectionInUseError as error:
        context = {"connection": connection, "error": error, "name": connection.business.name}
        return render_page(request, "platforms/in_use.html", context, status=error.status)
    messages.success(request, _("Disconnected. The stored token is destroyed."))
    return HttpResponseRedirect(reverse("connections"))


@require_POST
@signed_in(*MANAGERS)
def check(request: PersonRequest, connection_id: str) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        connection = queries.get_connection(actor, connection_id)
    checked = services.check_health(connection, now=now())
    if checked.status == "connected" and not checked.error_code:
        messages.success(request, _("The platform accepts the connection."))
    else:
        messages.warning(request, checked.error_message or _("Connect again to renew it."))
    return HttpResponseRedirect(reverse("connections"))


@require_POST
@signed_in(*MANAGERS)
def defaults(request: PersonRequest, connection_id: str) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id):
        connection = queries.get_connection(actor, connection_id)
        services.choose_defaults(
            actor,
            connection,
            ad_account_id=request.POST.get("ad_account_id", ""),
            page_id=request.POST.get("page_id", ""),
            pixel_id=request.POST.get("pixel_id", ""),
            now=now(),
        )
    messages.success(request, _("Saved. New launches use it."))
    return HttpResponseRedirect(reverse("connections"))
