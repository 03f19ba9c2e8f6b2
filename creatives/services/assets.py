"""Images come in once: fetched under guard, checked, re-encoded, stored by content."""

import hashlib
import io
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import InvalidError, NotFoundError
from core.http import OutsideFetchError, fetch_outside
from core.ids import decode
from core.tenancy import tenant_tx
from creatives.models import Asset
from creatives.presenters import ASSET_PATH

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class InvalidImageError(InvalidError):
    code = "invalid_image"
    message = "The file is not an image that can be used."
    hint = "Send a JPEG, PNG, WebP or GIF of at most 8 MB and 40 megapixels."


def keep_image(*, tenant_id: UUID, business_id: UUID, url: str, now: datetime) -> Asset:
    """What an ad's image address shows at this moment, kept; call it outside any transaction.

    Our own asset addresses resolve to rows and are never fetched; any other is fetched each time,
    for what it shows may have changed. Raises InvalidImageError, NotFoundError, or
    OutsideFetchError.
    """
    asset_id = own_asset_id(url)
    if asset_id is None:
        return store_image(
            tenant_id=tenant_id,
            business_id=business_id,
            content=_fetch(url),
            now=now,
            source_url=url,
        )
    with tenant_tx(tenant_id, readonly=True):
        asset: Asset | None = Asset.objects.filter(business_id=business_id, pk=asset_id).first()
    if asset is None:
        raise NotFoundError(_("The image is not one of this business."))
    return asset


def image_content(*, tenant_id: UUID, business_id: UUID, digest: str) -> bytes:
    """The bytes that were kept under a digest, and no others. Raises NotFoundError, or
    InvalidImageError where the stored file is not what it was.
    """
    with tenant_tx(tenant_id, readonly=True):
        asset = Asset.objects.filter(business_id=business_id, digest=digest).first()
    if asset is None:
        raise NotFoundError(_("The image is not one of this business."))
    with default_storage.open(asset.file) as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != digest:
        raise InvalidImageError(_("The stored image is not the one that was decided on."))
    return content


def own_asset_id(url: str) -> UUID | None:
    """The asset an address of ours names; None for any other address."""
    parts, home = urlsplit(url), urlsplit(settings.PUBLIC_URL)
    is_ours = not parts.netloc or (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
    if is_ours and parts.path.startswith(ASSET_PATH):
        return decode("ast", parts.path.removeprefix(ASSET_PATH))
    return None


def _fetch(url: str) -> bytes:
    answer = fetch_outside("GET", url, max_body=MAX_BYTES)
    if answer.status != 200:
        raise OutsideFetchError
    if answer.truncated:
        raise InvalidImageError(_("The image is larger than 8 MB."))
    return answer.body


def store_image(
    *, tenant_id: UUID, business_id: UUID, content: bytes, now: datetime, source_url: str = ""
) -> Asset:
    """Check and re-encode an image and keep it; equal content gives the row that exists.

    Opens its own transaction around the row. Raises InvalidImageError.
    """
    encoded, content_type, size = reencode(content)
    digest = hashlib.sha256(encoded).hexdigest()
    suffix = "png" if content_type == "image/png" else "jpg"
    path = f"assets/{tenant_id}/{digest}.{suffix}"
    if not default_storage.exists(path):
        path = default_storage.save(path, ContentFile(encoded))
    with tenant_tx(tenant_id):
        asset: Asset = Asset.objects.get_or_create(
            business_id=business_id,
            digest=digest,
            defaults={
                "tenant_id": tenant_id,
                "source_url": source_url,
                "file": path,
                "content_type": content_type,
                "width": size[0],
                "height": size[1],
                "size_bytes": len(encoded),
                "created_at": now,
            },
        )[0]
    return asset


def reencode(content: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """Bytes without metadata or trailing data, their content type, width and height: PNG where
    the image has transparency, JPEG otherwise; of an animation the first frame.
    """
    plain = opened(content)
    out = io.BytesIO()
    if plain.mode == "RGBA":
        plain.save(out, "PNG", optimize=False)
        return out.getvalue(), "image/png", plain.size
    plain.save(out, "JPEG", quality=90)
    return out.getvalue(), "image/jpeg", plain.size


def opened(content: bytes) -> Image.Image:
    """The decoded first frame, RGBA where it has transparency, RGB otherwise.

    Raises InvalidImageError for anything that is not an image within the limits.
    """
    if len(content) > MAX_BYTES:
        raise InvalidImageError(_("The image is larger than 8 MB."))
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InvalidImageError(_("The image has more than 40 megapixels."))
            image.load()
            plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise InvalidImageError from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidImageError(_("The image has more than 40 megapixels.")) from error
    plain.info.clear()
    return plain


def fitted(content: bytes, size: tuple[int, int]) -> bytes:
    """An image cropped around its centre and scaled to exactly `size`, as PNG.

    Raises InvalidImageError.
    """
    out = io.BytesIO()
    ImageOps.fit(opened(content), size).save(out, "PNG")
    return out.getvalue()
