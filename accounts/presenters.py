"""How the REST faces print what belongs to this room."""

from datetime import datetime
from typing import Any

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


def business_json(business: Business) -> dict[str, Any]:
    """A business as /account/business prints it."""
    return {
        "id": encode("biz", business.pk),
        "name": business.name,
        "environment": business.environment,
        "currency": business.currency,
        "created_at": moment(business.created_at),
    }
