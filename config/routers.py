"""The simulator's tables live in their own database; nothing else goes there."""

from typing import Any

from django.db.models import Model

SIM_APP = "simulator"


class SimulatorRouter:
    """Routes the app label `simulator` to the alias `sim`, everything else to the default."""

    def db_for_read(self, model: type[Model], **_hints: Any) -> str | None:
        return "sim" if model._meta.app_label == SIM_APP else None

    db_for_write = db_for_read

    def allow_relation(self, first: Model, second: Model, **_hints: Any) -> bool | None:
        sides = {first._meta.app_label == SIM_APP, second._meta.app_label == SIM_APP}
        return None if len(sides) == 1 else False

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        if db == "sim":
            return app_label == SIM_APP
        return False if app_label == SIM_APP or db == "admin" else None
