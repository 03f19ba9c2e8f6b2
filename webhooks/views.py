"""Webhook pages: add (secret shown once), rotate, pause, test, replay, delete."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.domain.roles import MANAGERS
from accounts.web import PersonRequest, page_of, signed_in
from core.clock import now
from core.errors import InvalidError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx
from webhooks import queries, services
from webhooks.forms import DeliveryFilter, EndpointForm, ReplayForm
from webhooks.models import Delivery, Endpoint
from webhooks.presenters import public_state

TONES = {"pending": "info", "delivered": "success", "failed": "error", "missed": "warning"}
MOST_REPLAYED = 5_000


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(*MANAGERS)
def index(request: PersonRequest) -> HttpResponse:
    form = EndpointForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = services.create_endpoint(request.actor, now=now(), **form.cleaned_data)
        except InvalidError as error:
            name = str(error.details.get("field", ""))
            form.add_error(name if name in form.fields else None, error.message)
        else:
            return _added(request, made, secret)
    with tenant_tx(request.actor.tenant_id, readonly=True):
        rows, older = page_of(request, queries.list_endpoints(request.actor))
    context = {"hooks": [_endpoint(row) for row in rows], "older_url": older, "form": form}
    return render_page(request, "webhooks/hooks.html", context, status=422 if form.errors else 200)


def _endpoint(row: Endpoint) -> dict[str, Any]:
    return {"public_id": encode("whk", row.pk), "row": row, "more": len(row.events) - 3}


def _added(request: PersonRequest, made: Endpoint, secret: str) -> HttpResponse:
    if secret:
        return _shown_once(request, made, secret)
    messages.success(request, _("Added. Send a test to see it in the channel."))
    return redirect("hook", encode("whk", made.pk))


def _shown_once(request: PersonRequest, made: Endpoint, secret: str) -> HttpResponse:
    context = {"hook": _endpoint(made), "secret": secret}
    response = render_page(request, "webhooks/hook_secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@signed_in(*MANAGERS)
def detail(request: PersonRequest, webhook_id: str) -> HttpResponse:
    actor, chosen = request.actor, DeliveryFilter(request.GET)
    state, event = request.GET.get("state", ""), request.GET.get("event", "")
    with tenant_tx(actor.tenant_id, readonly=True):
        hook = queries.get_endpoint(actor, webhook_id)
        found = queries.list_deliveries(hook, state=state or None, event_type=event)
        rows, older = page_of(request, found)
    until = hook.old_secret_until
    context = {
        "hook": _endpoint(hook),
        "overlaps": until is not None and now() < until,
        "deliveries": [_delivery(row) for row in rows],
        "older_url": older,
        "filter": chosen,
        "narrowed": bool(state or event),
        "replay": ReplayForm(),
    }
    return render_page(request, "webhooks/hook.html", context)


def _delivery(row: Delivery) -> dict[str, Any]:
    state = public_state(row)
    return {"public_id": encode("dlv", row.pk), "row": row, "state": state, "tone": TONES[state]}


@never_cache
@require_POST
@signed_in(*MANAGERS)
def rotate(request: PersonRequest, webhook_id: str) -> HttpResponse:
    made, secret = services.rotate_secret(request.actor, webhook_id, now=now())
    messages.info(request, _("The old secret signs too for another 24 hours."))
    return _shown_once(request, made, secret)


@require_POST
@signed_in(*MANAGERS)
def pause(request: PersonRequest, webhook_id: str) -> HttpResponse:
    services.pause_endpoint(request.actor, webhook_id, now=now())
    messages.success(request, _("Paused. What happens now can be sent again after resuming."))
    return redirect("hook", webhook_id)


@require_POST
@signed_in(*MANAGERS)
def resume(request: PersonRequest, webhook_id: str) -> HttpResponse:
    services.resume_endpoint(request.actor, webhook_id, now=now())
    messages.success(request, _("Resumed. What was waiting is sent now."))
    return redirect("hook", webhook_id)


@require_POST
@signed_in(*MANAGERS)
def ping(request: PersonRequest, webhook_id: str) -> HttpResponse:
    services.ping(request.actor, webhook_id, now=now())
    messages.success(request, _("A test is on its way; the list shows what became of it."))
    return redirect("hook", webhook_id)


@require_POST
@signed_in(*MANAGERS)
def delete(request: PersonRequest, webhook_id: str) -> HttpResponse:
    services.delete_endpoint(request.actor, webhook_id, now=now())
    messages.success(request, _("Deleted. Its secret is destroyed."))
    return redirect("hooks")


@require_POST
@signed_in(*MANAGERS)
def replay_one(request: PersonRequest, webhook_id: str, delivery_id: str) -> HttpResponse:
    services.replay_one(request.actor, webhook_id, delivery_id, now=now())
    messages.success(request, _("Sent again, with the same id and the same bytes."))
    return redirect("hook", webhook_id)


@require_POST
@signed_in(*MANAGERS)
def replay_since(request: PersonRequest, webhook_id: str) -> HttpResponse:
    form = ReplayForm(request.POST)
    if not form.is_valid():
        raise InvalidError(_("Choose one of the offered times."), field="hours")
    moment = now()
    since = moment - timedelta(hours=int(form.cleaned_data["hours"]))
    failed_only = form.cleaned_data["failed_only"]
    queued, more = _replay_all(request, webhook_id, since, failed_only=failed_only, now=moment)
    words = ngettext("%(count)d event is sent again.", "%(count)d events are sent again.", queued)
    messages.success(request, words % {"count": queued})
    if more:
        messages.warning(
            request,
            _("There are more: choose a shorter time, or go on over the API."),
        )
    return redirect("hook", webhook_id)


def _replay_all(
    request: PersonRequest, webhook_id: str, since: datetime, *, failed_only: bool, now: datetime
) -> tuple[int, bool]:
    queued, cursor = 0, ""
    while queued < MOST_REPLAYED:
        count, cursor = services.replay_since(
            request.actor, webhook_id, since, failed_only=failed_only, cursor=cursor, now=now
        )
        queued += count
        if not cursor:
            break
    return queued, bool(cursor)
