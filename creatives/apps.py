"""Copy and images for ads: made, kept, shown."""

from django.apps import AppConfig


class CreativesConfig(AppConfig):
    name = "creatives"

    def ready(self) -> None:
        from core.registry import register_eraser
        from creatives import queries  # noqa: F401 - look-ups register themselves
        from creatives.services.erasure import erase_person

        register_eraser("creatives", erase_person)
