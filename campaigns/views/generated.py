"""Generated content that a form for a campaign or an ad begins with."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from accounts.web import PersonRequest
from core.errors import NotFoundError
from core.ids import encode
from creatives.models import Generation
from creatives.queries import finished_generations, get_generation

OFFERED = 5
COPY = ("headline", "primary_text", "description")


def chosen(request: PersonRequest, business_id: UUID) -> tuple[Generation, dict[str, Any]] | None:
    """The generation and variation that the address names; None where it names none.

    Raises NotFoundError for one of another business. Needs the tenant's scope.
    """
    public_id = request.GET.get("generation", "")
    if not public_id:
        return None
    row = get_generation(request.actor, public_id)
    number = request.GET.get("variation", "1")
    is_number = number.isascii() and number.isdigit() and len(number) < 4
    place = int(number) - 1 if is_number else -1
    if row.business_id != business_id or not 0 <= place < len(row.variations):
        raise NotFoundError
    return row, row.variations[place]


def for_campaign(request: PersonRequest, business_id: UUID) -> dict[str, Any]:
    """What a new campaign's form begins with. Needs the tenant's scope."""
    found = chosen(request, business_id)
    if found is None:
        return {}
    one = found[1]
    return {"name": one.get("headline", ""), "message": one.get("primary_text", "")}


def for_ad(request: PersonRequest, business_id: UUID) -> dict[str, Any]:
    """What a new ad's form begins with. Needs the tenant's scope."""
    found = chosen(request, business_id)
    if found is None:
        return {}
    row, one = found
    texts = {name: one.get(name, "") for name in COPY}
    return {
        **texts,
        "name": one.get("headline", ""),
        "image_url": one.get("image_url") or "",
        "generation_id": encode("gen", row.pk),
    }


def offers(business_id: UUID) -> list[dict[str, str]]:
    """The business's newest generated variations, as addresses that fill the form."""
    return [
        {
            "text": one.get("headline") or one.get("primary_text") or row.input.get("prompt", ""),
            "url": "?" + urlencode({"generation": encode("gen", row.pk), "variation": number}),
        }
        for row in finished_generations(business_id, most=OFFERED)
        for number, one in enumerate(row.variations, start=1)
    ]
