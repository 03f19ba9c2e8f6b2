from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        from core.registry import register_eraser
        from core.sealed import SealedColumn, register_sealed
        from webhooks.models import Endpoint
        from webhooks.services.endpoints import secret_context
        from webhooks.services.erasure import erase_person

        register_eraser("webhooks", erase_person)
        register_sealed(SealedColumn(Endpoint, "sealed_secret", secret_context), per_tenant=True)
