"""Kept images on their way out: whatever a file holds, a browser treats it as an image."""

from django.core.files.storage import default_storage
from django.http import HttpResponse

from core.errors import NotFoundError
from core.ids import encode
from creatives.models import Asset

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}
UNKNOWN = "application/octet-stream"


def image_response(asset: Asset) -> HttpResponse:
    """The file with headers that let nothing in it run; raises NotFoundError where it is gone."""
    try:
        with default_storage.open(asset.file) as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise NotFoundError from error
    suffix = _SUFFIXES.get(asset.content_type)
    name = f"{encode('ast', asset.pk)}.{suffix or 'bin'}"
    return HttpResponse(
        content,
        content_type=asset.content_type if suffix else UNKNOWN,
        headers={
            "Content-Disposition": f'{"inline" if suffix else "attachment"}; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, max-age=31536000, immutable",
        },
    )
