"""Connections and links as the Agent API prints them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.ids import encode
from platforms.domain.words import PLATFORM_WORDS
from platforms.models import AdAccount, Connection, ConnectLink, PlatformAsset

NAMES = {"meta": "Facebook", "facebook": "Facebook", "instagram": "Instagram"}


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


def documented_word(platform: str) -> str:
    """The platform's first documented word: `facebook` for Meta."""
    return next(word for word, name in PLATFORM_WORDS.items() if name == platform)


def expires_soon(connection: Connection, *, now: datetime) -> bool:
    """Whether consent has to be renewed within a week."""
    at = connection.token_expires_at
    return at is not None and at - now < timedelta(days=7)


def event_json(connection: Connection) -> dict[str, Any]:
    """The payload of `connection.*` events."""
    return {
        "connection_id": connection.public_id,
        "business_id": encode("biz", connection.business_id),
        "platform": documented_word(connection.platform),
        "status": connection.status,
    }


def connection_json(
    connection: Connection,
    *,
    ad_accounts: Iterable[AdAccount],
    pages: Iterable[PlatformAsset],
    pixels: Iterable[PlatformAsset],
) -> dict[str, Any]:
    """One entry of GET /platforms."""
    words = [word for word, name in PLATFORM_WORDS.items() if name == connection.platform]
    return {
        "id": connection.public_id,
        "platform": words[0],
        "covers": words,
        "status": connection.status,
        "environment": connection.environment,
        "business_id": encode("biz", connection.business_id),
        "account_holder": connection.external_user_name,
        "scopes": connection.scopes,
        "token_expires_at": stamp(connection.token_expires_at),
        "connected_at": stamp(connection.created_at),
        "checked_at": stamp(connection.checked_at),
        "synced_at": stamp(connection.synced_at),
        "ad_accounts": [_account_json(row) for row in ad_accounts],
        "pages": [_asset_json(row) for row in pages],
        "pixels": [_asset_json(row) for row in pixels],
    }


def _account_json(row: AdAccount) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "external_id": row.external_id,
        "name": row.name,
        "currency": row.currency,
        "timezone": row.timezone,
        "status": row.status,
        "is_default": row.is_default,
    }


def _asset_json(row: PlatformAsset) -> dict[str, Any]:
    entry = {"external_id": row.external_id, "name": row.name, "is_default": row.is_default}
    if row.ad_account_external_id:
        entry["ad_account_external_id"] = row.ad_account_external_id
    return entry


def health_json(connection: Connection) -> dict[str, Any]:
    """The reply of GET /platforms/{id}/status: `healthy` is the platform's own answer just now."""
    healthy = connection.status == "connected" and not connection.error_code
    if healthy:
        message = _("The platform accepts the connection.")
    elif connection.status == "connected":
        message = _("The platform could not be asked: %(reason)s") % {
            "reason": connection.error_message
        }
    else:
        message = _("The authorization has ended. Connect again to renew it.")
    return {
        "id": connection.public_id,
        "platform": documented_word(connection.platform),
        "status": connection.status,
        "healthy": healthy,
        "message": message,
        "error_code": connection.error_code or None,
        "token_expires_at": stamp(connection.token_expires_at),
        "checked_at": stamp(connection.checked_at),
    }


def link_state(link: ConnectLink, *, now: datetime) -> str:
    """pending, connected or expired."""
    if link.connected_at is not None:
        return "connected"
    return "expired" if link.expires_at <= now else "pending"


def link_json(link: ConnectLink, word: str, *, now: datetime) -> dict[str, Any]:
    """The reply of the connect status route."""
    state = link_state(link, now=now)
    name = NAMES[word]
    messages = {
        "pending": _("Waiting for the authorization at %(name)s."),
        "connected": _("%(name)s is connected."),
        "expired": _("The link for %(name)s has expired. Request a new connection."),
    }
    reply = {"status": state, "platform": word, "message": messages[state] % {"name": name}}
    if state == "pending" and link.failed_reason:
        reply["last_error"] = link.failed_reason
    if state == "connected" and link.connection_id:
        reply["connection_id"] = encode("conn", link.connection_id)
    return reply
