"""Configuration mistakes as system checks with hints."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from config import env


@register
def environment(**_kwargs: Any) -> list[CheckMessage]:
    """Every variable that could not be read as its type."""
    return [
        Error(problem, hint="See .env.example for the variable's form.", id="config.E001")
        for problem in env.problems
    ]


@register
def embedded_is_one_process(**_kwargs: Any) -> list[CheckMessage]:
    """Without a broker there is one process; roles that need company are refused."""
    if settings.EMBEDDED and settings.ROLE in ("worker", "beat"):
        return [
            Error(
                f"ROLE={settings.ROLE} needs CELERY_BROKER_URL.",
                hint="Set CELERY_BROKER_URL (or REDIS_URL), or use ROLE=all_in_one.",
                id="config.E002",
            )
        ]
    return []


@register(deploy=True)
def secrets_are_set(**_kwargs: Any) -> list[CheckMessage]:
    """The development secret must not reach production."""
    if settings.SECRET_KEY == settings.INSECURE_SECRET:
        return [
            checks.Warning(
                "SECRET_KEY is the development value.", hint="Set SECRET_KEY.", id="config.W001"
            )
        ]
    return []
