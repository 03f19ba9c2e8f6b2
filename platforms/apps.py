from django.apps import AppConfig


class PlatformsConfig(AppConfig):
    name = "platforms"

    def ready(self) -> None:
        from core.registry import register_eraser
        from core.sealed import SealedColumn, register_sealed
        from platforms.models import Connection
        from platforms.queries import token_context
        from platforms.services.erasure import erase_person

        register_sealed(SealedColumn(Connection, "sealed_token", token_context), per_tenant=True)
        register_eraser("platforms", erase_person)
