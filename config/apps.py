"""The app that spans rooms; it has no models."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks, database, logs  # noqa: F401 - checks register themselves

        logs.configure()
        database.connect()
        autodiscover_modules("queries")  # look-ups are declared there; migrations create them


class AdamantAdminConfig(AdminConfig):
    """Django admin for super-admins."""

    default_site = "config.admin_site.AdamantAdminSite"
