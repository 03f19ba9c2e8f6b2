"""How the REST faces print what belongs to this room."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.browsers import browser
from accounts.domain.sessions import PersonSession
from accounts.models import ApiKey, Business
from core.ids import encode


def moment(value: datetime | None) -> str | None:
    """ISO 8601 UTC with Z, to the second."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def key_json(key: ApiKey, *, now: datetime) -> dict[str, Any]:
    """A key without its secret."""
    return {
        "id": encode("key", key.pk),
        "name": key.name,
        "key_hint": f"{key.prefix}…{key.last4}",
        "environment": key.environment,
        "scopes": key.scopes,
        "business_id": encode("biz", key.business_id) if key.business_id else None,
        "purpose": key.purpose,
        "active": key.is_alive(now),
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
        "last_used_at": moment(key.last_used_at),
    }


def session_json(one: PersonSession) -> dict[str, Any]:
    """A place where the person is logged in."""
    return {
        "id": encode("sess", one.id),
        "kind": one.kind,
        "name": browser(one.name) if one.kind == "browser" else one.name,
        "address": one.address,
        "current": one.is_current,
        "created_at": moment(one.created_at),
        "last_used_at": moment(one.last_used_at),
        "expires_at": moment(one.expires_at),
    }


def business_json(business: Business) -> dict[str, Any]:
    """A business as /account/business prints it."""
    return {
        "id": encode("biz", business.pk),
        "name": business.name,
        "environment": business.environment,
        "currency": business.currency,
        "created_at": moment(business.created_at),
    }


# What a consent page says of each scope that an app may hold.
APP_SCOPE_WORDS: dict[str, Promise] = {
    "account:read": _("See your organisation, its businesses and its keys"),
    "account:write": _("Create businesses and revoke keys"),
    "ads:read": _("See campaigns, ad sets, ads and what waits for a decision"),
    "ads:write": _(
        "Propose and make every kind of change to ads, connect ad platforms, "
        "run the optimizer and send conversions"
    ),
    "ads:write:budgets": _("Propose and make budget changes: this can spend money"),
    "ads:write:campaigns": _("Propose and make changes to campaigns, ad sets and targeting"),
    "ads:write:creative": _("Propose and make changes to ad texts and images"),
    "ads:write:lifecycle": _("Propose to launch, pause, resume and archive: this can spend money"),
    "analytics:read": _("See results and reports"),
    "billing:read": _("See your plan and invoices"),
    "billing:write": _("Change your plan"),
    "campaigns:read": _("See campaigns, ad sets, ads and what waits for a decision"),
    "campaigns:write": _(
        "Propose and make changes to campaigns, budgets, ads, launches: this can spend money"
    ),
    "capi": _("Send conversions to ad platforms"),
    "connect": _("Connect ad platforms"),
    "content:generate": _("Generate ad texts and images"),
    "metrics:read": _("See results and reports"),
    "optimizer_trigger": _("Run the optimizer"),
    "webhooks:manage": _("Manage webhooks: send your events to addresses it chooses"),
}


def app_scope_words(scopes: Iterable[str]) -> list[tuple[str, Promise]]:
    """Each scope with what it means."""
    return [(scope, APP_SCOPE_WORDS[scope]) for scope in scopes]
