"""The policy of one business: authority of agents, rules, spend ceilings, kill switch."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choice import choice
from accounts.domain.roles import MANAGERS
from accounts.models import AuditEvent, Business
from accounts.queries import get_business
from accounts.web import PersonRequest, confirm_url, signed_in
from campaigns import queries, services
from campaigns.models import Authority, Campaign, KillSwitch, PolicyChange, SpendCeiling
from campaigns.services.policy import rules_of
from campaigns.views.words import AXES, CEILING_SCOPES, word
from config.faces import policy_changes
from config.faces.audit_presenters import sentence
from core import clock
from core.actors import Actor, Role
from core.errors import AppError, InvalidError, NotFoundError
from core.ids import encode
from core.money import display, from_decimal, to_decimal
from core.pages import render_page
from core.tenancy import tenant_tx

MODES = ("off", "draft", "auto")
SCOPES = ("action", "business", "campaign", "tenant")
KILL_ROLES = (Role.OWNER, Role.ADMIN, Role.BUYER, Role.APPROVER)
SHOWN = 50
Write = Callable[[PersonRequest, Business, datetime], Any]


@signed_in()
@require_safe
def policy(request: PersonRequest) -> HttpResponse:
    return _page(request)


@signed_in(*MANAGERS)
@require_POST
def authority(request: PersonRequest, business_id: str) -> HttpResponse:
    return _write(request, business_id, _set_authority, done=_("Authority saved as a new version."))


@signed_in(*MANAGERS)
@require_POST
def rules(request: PersonRequest, business_id: str) -> HttpResponse:
    return _write(request, business_id, _set_rules, done=_("Rules saved as a new version."))


@signed_in(*MANAGERS)
@require_POST
def ceiling(request: PersonRequest, business_id: str) -> HttpResponse:
    return _write(request, business_id, _set_ceiling, done=_("Ceilings saved."))


@signed_in(*KILL_ROLES)
@require_POST
def engage(request: PersonRequest, business_id: str) -> HttpResponse:
    return _write(request, business_id, _engage, done=_("The kill switch is on."))


@signed_in(*MANAGERS)
@require_POST
def release(request: PersonRequest, business_id: str) -> HttpResponse:
    return _write(request, business_id, _release, done=_("The kill switch is released."))


@signed_in(*MANAGERS)
@require_POST
def confirm_change(request: PersonRequest, business_id: str, change_id: str) -> HttpResponse:
    def confirm(request: PersonRequest, _business: Business, now: datetime) -> None:
        services.confirm_change(change_id, actor=request.actor, now=now)

    return _write(request, business_id, confirm, done=_("Confirmed. The looser policy holds."))


@signed_in(*MANAGERS)
@require_POST
def cancel_change(request: PersonRequest, business_id: str, change_id: str) -> HttpResponse:
    def cancel(request: PersonRequest, _business: Business, now: datetime) -> None:
        services.cancel_change(change_id, actor=request.actor, now=now)

    return _write(request, business_id, cancel, done=_("Dropped. The policy stays as it is."))


def _write(request: PersonRequest, business_id: str, write: Write, *, done: str) -> HttpResponse:
    """Carry one change out; what is refused is shown on the page that was posted from."""
    now = clock.now()
    with tenant_tx(request.actor.tenant_id, readonly=True):
        business = get_business(request.actor, business_id)
    try:
        written = write(request, business, now)
    except AppError as error:
        return _page(request, business_id=business_id, error=error)
    if isinstance(written, PolicyChange):
        text = _("What loosens the policy waits until another owner or admin confirms it.")
        messages.info(request, text)
    else:
        messages.success(request, done)
    return HttpResponseRedirect(f"/policy/?business={business_id}", status=303)


def _page(
    request: PersonRequest, *, business_id: str = "", error: AppError | None = None
) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        offered = choice(request, business_id or request.GET.get("business", ""))
        item = offered.chosen
        context: dict[str, Any] = {"offered": offered, "item": item, "error": error}
        context["error_field"] = error.details.get("field", "") if error else ""
        if item is not None:
            context |= _shown(actor, Business.objects.get(pk=item.id))
    if error is not None and error.code == "reauthentication_required":
        context["confirm_url"] = confirm_url(request)
    status = error.status if error else 200
    return render_page(request, "config/policy.html", context, status=status)


def _shown(actor: Actor, business: Business) -> dict[str, Any]:
    state = queries.gate_state(business.pk, None, environment=business.environment)
    four_eyes = state.four_eyes_micros
    return {
        "axes": [(axis, word(AXES, axis), state.modes[axis]) for axis in AXES],
        "modes": MODES,
        "state": state,
        "four_eyes": "" if four_eyes is None else to_decimal(four_eyes, business.currency),
        "ceilings": _ceilings(business),
        "scopes": [(scope, word(CEILING_SCOPES, scope)) for scope in SCOPES],
        "overrides": _overrides(business),
        "campaigns": _campaign_choices(business),
        "changes": policy_changes.waiting(actor, business),
        "second_person": rules_of(business)["second_person"],
        "switch": KillSwitch.objects.filter(business=business).first(),
        "drills": _drills(business),
        "may_edit": actor.role in MANAGERS,
        "may_stop": actor.role in KILL_ROLES,
    }


def _ceilings(business: Business) -> list[dict[str, Any]]:
    own = {"business": business}
    rows = SpendCeiling.objects.filter(**own) | SpendCeiling.objects.filter(scope="tenant")
    return [
        {
            "id": row.pk,
            "scope": word(CEILING_SCOPES, row.scope),
            "campaign": row.campaign.name if row.campaign else "",
            "limit": display(row.limit_micros, row.currency),
            "used": "" if row.scope == "action" else display(row.used_micros, row.currency),
            "percent": min(100, row.used_micros * 100 // max(1, row.limit_micros)),
        }
        for row in rows.filter(environment=business.environment)
        .select_related("campaign")
        .order_by("scope", "currency", "id")[:SHOWN]
    ]


def _overrides(business: Business) -> list[Authority]:
    rows = Authority.objects.filter(business=business, is_current=True, campaign__isnull=False)
    return list(rows.select_related("campaign").order_by("-created_at")[:SHOWN])


def _campaign_choices(business: Business) -> list[tuple[str, str]]:
    rows = Campaign.objects.filter(business=business).exclude(status__in=["ARCHIVED", "DELETED"])
    newest = rows.order_by("-created_at", "-id").values_list("id", "name")[:200]
    return [(encode("camp", pk), name) for pk, name in newest]


def _drills(business: Business) -> list[dict[str, Any]]:
    rows = AuditEvent.objects.filter(
        business_id=business.pk, event_type__in=["kill_switch.engaged", "kill_switch.released"]
    )
    return [
        {"at": row.occurred_at, "did": sentence(row.event_type), "facts": row.facts}
        for row in rows.order_by("-occurred_at", "-id")[:10]
    ]


def _set_authority(request: PersonRequest, business: Business, now: datetime) -> Any:
    modes = {axis: request.POST.get(axis, "") for axis in AXES}
    if not set(modes.values()) <= set(MODES):
        raise InvalidError(_("Choose off, draft or auto for every axis."))
    return services.set_authority(
        encode("biz", business.pk),
        actor=request.actor,
        now=now,
        modes=modes,
        campaign_id=request.POST.get("campaign", ""),
    )


def _set_rules(request: PersonRequest, business: Business, now: datetime) -> Any:
    four_eyes = request.POST.get("four_eyes", "").strip()
    return services.set_policy(
        encode("biz", business.pk),
        actor=request.actor,
        now=now,
        undo_window_s=_whole(request, "undo_window_s", low=0, high=3600),
        approval_expiry_h=_whole(request, "approval_expiry_h", low=1, high=720),
        cooldown_h=_whole(request, "cooldown_h", low=0, high=720),
        four_eyes_micros=(
            _micros(four_eyes, business.currency, field="four_eyes") if four_eyes else None
        ),
        clear_four_eyes=not four_eyes,
        ask_second_person=request.POST.get("second_person") == "on",
    )


def _set_ceiling(request: PersonRequest, business: Business, now: datetime) -> Any:
    remove = request.POST.get("remove", "")
    if remove:
        return services.remove_ceiling(_uuid(remove), actor=request.actor, now=now)
    return services.set_ceiling(
        encode("biz", business.pk),
        actor=request.actor,
        now=now,
        scope=request.POST.get("scope", ""),
        limit_micros=_micros(request.POST.get("limit", "").strip(), business.currency),
        currency=business.currency,
        campaign_id=request.POST.get("campaign", ""),
    )


def _engage(request: PersonRequest, business: Business, now: datetime) -> None:
    _confirmed(request, business)
    services.engage_kill_switch(
        encode("biz", business.pk),
        actor=request.actor,
        now=now,
        stop_delivery=request.POST.get("stop_delivery") == "on",
    )


def _release(request: PersonRequest, business: Business, now: datetime) -> Any:
    _confirmed(request, business)
    return services.release_kill_switch(
        encode("biz", business.pk),
        actor=request.actor,
        now=now,
        restore_delivery=request.POST.get("restore_delivery") == "on",
    )


def _confirmed(request: HttpRequest, business: Business) -> None:
    if request.POST.get("confirm", "").strip() != business.name:
        text = _("Type the name of the business exactly: %(name)s") % {"name": business.name}
        raise InvalidError(text, field="confirm")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundError from error


def _whole(request: HttpRequest, name: str, *, low: int = 0, high: int) -> int:
    text = request.POST.get(name, "").strip()
    if not text.isdecimal() or not low <= int(text) <= high:
        words = _("Give a whole number from %(low)s to %(high)s.") % {"low": low, "high": high}
        raise InvalidError(words, field=name)
    return int(text)


def _micros(text: str, currency: str, *, field: str = "limit") -> int:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise InvalidError(_("Give an amount."), field=field) from error
    if amount < 0:
        raise InvalidError(_("Give a positive amount."), field=field)
    return from_decimal(amount, currency, field=field).micros
