"""The image of an ad is fetched when the ad is proposed: what is decided on is what is sent."""

from datetime import datetime
from uuid import UUID

from core.actors import Actor
from core.errors import AppError, InvalidError
from creatives.services.assets import keep_image

FIELD = "creative.image_url"


def digest_of(url: str, *, actor: Actor, business_id: UUID, now: datetime) -> str:
    """Fetch and keep what an image address shows; the kept content's digest, empty without an
    address. Call it outside any transaction. Raises InvalidError naming the field.
    """
    if not url:
        return ""
    try:
        asset = keep_image(tenant_id=actor.tenant_id, business_id=business_id, url=url, now=now)
    except AppError as error:
        raise InvalidError(error.message, field=FIELD, code=error.code, hint=error.hint) from error
    return asset.digest
