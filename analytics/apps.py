from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        from analytics.services.erasure import erase_person
        from core.registry import register_eraser

        register_eraser("analytics", erase_person)
