from django.apps import AppConfig


class OptimizerConfig(AppConfig):
    name = "analytics.optimizer"
    label = "optimizer"

    def ready(self) -> None:
        from analytics.optimizer.services.erasure import erase_person
        from core.registry import register_eraser

        register_eraser("optimizer", erase_person)
