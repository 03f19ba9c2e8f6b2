"""`manage.py serve`: start what ROLE names and keep it running until SIGTERM."""

import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from config.serving import processes, web

CELERY = [sys.executable, "-m", "celery", "-A", "config.celery"]


class Command(BaseCommand):
    help = "Start what ROLE names and keep it running."

    def handle(self, *args: Any, **options: Any) -> None:
        role = settings.ROLE
        if role == "all_in_one":
            self._all_in_one()
        elif role == "web":
            web.listen(web.WSGI_TARGET, workers=settings.WORKERS)
        elif role == "stream":
            web.listen(web.ASGI_TARGET, workers=settings.WORKERS)
        elif role == "dispatcher":
            become("dispatcher")
        elif role == "simulator":
            become("simulator", "--host", settings.HOST, "--port", str(settings.PORT))
        else:
            os.chdir(settings.BASE_DIR)
            arguments = [*CELERY, role, "--loglevel", settings.LOG_LEVEL]
            if role == "beat":
                arguments += ["--schedule", str(settings.VAR_DIR / "beat")]
            os.execv(sys.executable, arguments)  # noqa: S606 - our own command line

    def _all_in_one(self) -> None:
        if settings.WORKERS > 1:
            raise CommandError(
                _(
                    "ROLE=all_in_one is one process; WORKERS=%(count)s is refused. Set "
                    "CELERY_BROKER_URL and run ROLE=web, worker, beat and dispatcher instead."
                )
                % {"count": settings.WORKERS}
            )
        if settings.AUTO_MIGRATE:
            migrate()
        children = []
        try:
            if settings.DEMO or settings.DEBUG:
                simulator = processes.start_simulator()
                children += [simulator] if simulator else []
            if not settings.EMBEDDED:
                children += [processes.spawn("serve", ROLE=role) for role in ("worker", "beat")]
            web.listen(web.EMBEDDED_TARGET, workers=1)
        except processes.ProcessError as error:
            raise CommandError(str(error)) from error
        finally:
            processes.stop(children)


def migrate() -> None:
    """Apply migrations as the owner, in a process of their own."""
    done = subprocess.run(  # noqa: S603 - our own command line
        processes.manage("migrate", "--noinput", "--verbosity", "0"), check=False
    )
    if done.returncode:
        raise CommandError(_("The migrations could not be applied; see above."))


def become(*arguments: str) -> None:
    """Replace this process by another management command."""
    os.execv(sys.executable, processes.manage(*arguments))  # noqa: S606 - our own command line
