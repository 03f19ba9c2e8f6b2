"""JSON of the Agent API about generations and brand rules."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy

from accounts.presenters import moment
from billing.domain.balance import Balance
from core.ids import encode
from creatives.models import Asset, BrandRules, Generation

ASSET_PATH = "/assets/"
# code → what happened and what to do next
FAILURES = {
    "provider_unavailable": (
        gettext_lazy("No provider answered."),
        gettext_lazy("Send the request again in a minute, or with provider local."),
    ),
    "provider_refused": (
        gettext_lazy("Every provider refused the request."),
        gettext_lazy("Change the words of the request, or send it with provider local."),
    ),
    "invalid_output": (
        gettext_lazy("What the providers wrote broke the length or brand rules, twice."),
        gettext_lazy("Ask for fewer variations, loosen the brand rules, or use provider local."),
    ),
    "nothing_to_say": (
        gettext_lazy("The description has too few words for that many different variations."),
        gettext_lazy("Say more about the product, ask for fewer, or ban fewer words."),
    ),
    "internal_error": (
        gettext_lazy("The generation ended midway."),
        gettext_lazy("Send the request again; nothing was charged."),
    ),
}


def asset_url(asset: Asset) -> str:
    """The address under which people and commands name an asset."""
    return f"{settings.PUBLIC_URL}{ASSET_PATH}{encode('ast', asset.id)}"


def generation_json(row: Generation, balance: Balance) -> dict[str, Any]:
    """A generation, the copy and images it made, and the credits of the month."""
    return {
        "id": encode("gen", row.pk),
        "kind": row.kind,
        "status": row.status,
        "business_id": encode("biz", row.business_id),
        "provider": row.provider,
        "model": row.model or None,
        "variations": row.variations,
        "result": {"variations": row.variations},
        "error": _error(row.error_code) if row.error_code else None,
        "credits_used": row.credits_used,
        "credits_reserved": row.credits_reserved if row.status == "processing" else 0,
        "credits_remaining": balance.remaining,
        "created_at": moment(row.created_at),
        "completed_at": moment(row.completed_at),
    }


def _error(code: str) -> dict[str, str]:
    message, hint = FAILURES[code]
    return {"code": code, "message": str(message), "hint": str(hint)}


def brand_json(business_id: str, rules: BrandRules | None) -> dict[str, Any]:
    """A business's brand rules; without any everything is empty."""
    return {
        "business_id": business_id,
        "voice": rules.voice if rules else "",
        "banned_words": rules.banned_words if rules else [],
        "colors": rules.colors if rules else [],
        "logo_url": asset_url(rules.logo) if rules and rules.logo else None,
        "updated_at": moment(rules.updated_at) if rules else None,
    }
