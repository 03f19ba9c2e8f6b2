"""What every page shows: who is signed in, where, and the state of the kill switch."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config.faces import frame


def page(request: HttpRequest) -> dict[str, Any]:
    """Template context of the page frame, computed only where a template shows it."""
    return {"frame": SimpleLazyObject(lambda: frame.build(request))}
