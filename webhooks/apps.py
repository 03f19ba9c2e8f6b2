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
        for column in ("sealed_secret", "sealed_old_secret"):
            register_sealed(SealedColumn(Endpoint, column, secret_context), per_tenant=True)
