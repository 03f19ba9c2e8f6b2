"""`manage.py dispatcher`: the loops over rows in a process of their own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from config import embedded


class Command(BaseCommand):
    help = "Run the dispatch, kill and webhook loops until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        if not embedded.run_loops():
            raise CommandError(_("A loop ended unexpectedly; see the log."))
