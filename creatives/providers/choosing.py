"""Which providers a request may use, in the order they are tried."""

from collections.abc import Callable

from django.conf import settings

from creatives.providers import claude, openai_api
from creatives.providers.base import ImageProvider, TextProvider
from creatives.providers.local import LocalImages, LocalText
from creatives.providers.stability import StabilityImages

AUTO, LOCAL = "auto", "local"
_TEXT: dict[str, Callable[[], TextProvider]] = {
    "anthropic": claude.AnthropicText,
    "openai": openai_api.openai_text,
    "xai": openai_api.xai_text,
}
_IMAGES: dict[str, Callable[[], ImageProvider]] = {
    "openai": openai_api.OpenAIImages,
    "stability": StabilityImages,
}
TEXT_NAMES = (AUTO, *_TEXT, LOCAL)
IMAGE_NAMES = (AUTO, *_IMAGES, LOCAL)


def configured() -> frozenset[str]:
    """Names of the providers that have a key, and whose package is installed."""
    keys = {
        "anthropic": settings.ANTHROPIC_API_KEY and claude.INSTALLED,
        "openai": settings.OPENAI_API_KEY and openai_api.INSTALLED,
        "xai": settings.XAI_API_KEY and openai_api.INSTALLED,
        "stability": settings.STABILITY_API_KEY,
    }
    return frozenset(name for name, usable in keys.items() if usable)


def text_providers(wanted: str, *, environment: str) -> list[TextProvider]:
    """The named one, or all with a key for `auto`; the local one where there is none. Empty where
    the named one cannot be used. A test business never spends at a provider.
    """
    return _chosen(wanted, _TEXT, LocalText, environment=environment)


def image_providers(wanted: str, *, environment: str) -> list[ImageProvider]:
    """As `text_providers`, of those who draw."""
    return _chosen(wanted, _IMAGES, LocalImages, environment=environment)


def _chosen[P](
    wanted: str,
    known: dict[str, Callable[[], P]],
    local: Callable[[], P],
    *,
    environment: str,
) -> list[P]:
    usable = configured() if environment == "live" else frozenset()
    if wanted == AUTO:
        return [make() for name, make in known.items() if name in usable] or [local()]
    if wanted == LOCAL:
        return [local()]
    return [known[wanted]()] if wanted in known and wanted in usable else []
