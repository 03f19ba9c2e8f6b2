"""Configuration mistakes as system checks with hints."""

import sys
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from config import env

SERVING_COMMANDS = frozenset({"serve", "dispatcher"})


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


def is_serving_process() -> bool:
    """True for the management commands that run the product; every ROLE begins as `serve`."""
    return len(sys.argv) > 1 and sys.argv[1] in SERVING_COMMANDS


@register
def serves_with_own_secrets(**_kwargs: Any) -> list[CheckMessage]:
    """Whoever knows the development key forges links and opens sealed tokens; a debug page prints
    settings. Only the demo may run so, and with that key only where no other machine reaches it.
    """
    if not is_serving_process():
        return []
    found: list[CheckMessage] = []
    is_private = settings.DEMO and settings.HOST in settings.LOOPBACK
    if settings.SECRET_KEY == settings.INSECURE_SECRET and not is_private:
        found.append(
            Error(
                "SECRET_KEY is the development value, and platform tokens would be sealed with it.",
                hint="Set SECRET_KEY and ENCRYPTION_KEYS (.env.example says how), or run `make "
                "demo`.",
                id="config.E003",
            )
        )
    if settings.DEBUG and not settings.DEMO:
        found.append(
            Error(
                "DEBUG=1 shows settings and code to whoever causes an error.",
                hint="Set DEBUG=0; to look around, run `make demo`.",
                id="config.E004",
            )
        )
    return found


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
