"""What codes of generations are called on screen."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.ids import encode
from creatives.domain.facts import facts_behind
from creatives.forms import LANGUAGES, PLACEMENTS, PLATFORMS, PROVIDERS, SIZES, STYLES, TONES
from creatives.models import Generation
from creatives.presenters import FAILURES

KINDS: dict[str, Promise] = {
    "text": _("Copy"),
    "image": _("Images"),
    "variations": _("Copy with images"),
}
STATES: dict[str, tuple[Promise, str]] = {
    "processing": (_("in the making"), "info"),
    "completed": (_("done"), "success"),
    "failed": (_("failed"), "error"),
}
UNPREDICTED: dict[str, Promise] = {
    "no_history": _("no prediction: the business has no delivery yet"),
    "too_few_ads": _("no prediction: fewer than 5 of its ads were delivered"),
    "too_few_impressions": _("no prediction: fewer than 5,000 impressions in all"),
    "platform_without_history": _("no prediction: nothing was delivered on this platform"),
}
_ASKED: tuple[tuple[str, Promise, dict[str, Any]], ...] = (
    ("target_audience", _("For whom"), {}),
    ("platform", _("Platform"), PLATFORMS),
    ("placement", _("Placement"), PLACEMENTS),
    ("language", _("Language"), LANGUAGES),
    ("tone", _("Tone"), TONES),
    ("style", _("Style of images"), STYLES),
    ("size", _("Size of images"), SIZES),
)


def subject_of(row: Generation) -> str:
    """What the generation is about, in the words of whoever asked."""
    return str(row.input.get("product_description") or row.input.get("prompt") or "")


def summary(row: Generation) -> dict[str, Any]:
    """A generation as a line of the list and the head of its page."""
    state, tone = STATES[row.status]
    done = row.status == "completed"
    parts = row.provider.split("+")
    return {
        "row": row,
        "public_id": encode("gen", row.pk),
        "subject": subject_of(row),
        "kind": KINDS[row.kind],
        "state": state,
        "tone": tone,
        "is_local": done and "local" in parts,
        "provider": ", ".join(str(PROVIDERS.get(part, part)) for part in parts if part != "local")
        if done
        else "",
        "credits": row.credits_used if row.status != "processing" else row.credits_reserved,
    }


def asked(row: Generation) -> list[tuple[str, str]]:
    """What was asked for besides the subject, in words."""
    found = []
    for name, label, words in _ASKED:
        value = row.input.get(name, "")
        is_of_images = name in ("style", "size")
        if value and (not is_of_images or row.kind != "text"):
            found.append((str(label), str(words.get(value, value))))
    return found


def failure(row: Generation) -> tuple[str, str] | None:
    """Why a generation failed and what to do; None for any other."""
    if not row.error_code:
        return None
    message, hint = FAILURES[row.error_code]
    return str(message), str(hint)


def variation(row: Generation, number: int) -> dict[str, Any]:
    """One variation with the facts behind it and its prediction in words."""
    one = row.variations[number]
    texts = [one.get(name, "") for name in ("headline", "primary_text", "description")]
    low, high = one.get("predicted_ctr_interval") or (None, None)
    return {
        **one,
        "number": number + 1,
        "has_copy": any(texts),
        "facts": facts_behind(subject_of(row), texts) if any(texts) else (),
        "low": low,
        "high": high,
        "unpredicted": UNPREDICTED.get(one.get("predicted_ctr_reason") or "", ""),
        "address": f"/assets/{one['asset_id']}" if one.get("asset_id") else "",
    }
