"""`manage.py doctor`: what is wrong with this installation, and the next step."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.doctor.findings import examine
from config.management.commands.demo import READY, prepare
from config.management.commands.serve import become

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


class Command(BaseCommand):
    help = "Say what is wrong with this installation and the next step; exit 1 if anything is."
    requires_system_checks: list[str] = []  # it reports them itself

    def handle(self, *args: Any, **options: Any) -> None:
        if is_beside_demo():
            os.environ.pop("RESET", None)
            prepare()
            become("doctor")
        wrong = 0
        for finding in examine():
            self.stdout.write(f"{MARKS[finding.level]} {finding.subject}: {finding.text}")
            if finding.next_step:
                self.stdout.write(f"      next: {finding.next_step}")
            wrong += finding.level == "wrong"
        if wrong:
            self.stderr.write(f"{wrong} to mend")
            sys.exit(1)


def is_beside_demo() -> bool:
    """True from the command line where `make demo` keeps its data and nothing else is configured:
    what is examined then is the demo, with its own secrets and addresses.
    """
    return (
        sys.argv[1:2] == ["doctor"]
        and os.environ.get(READY) != "1"
        and settings.SECRET_KEY == settings.INSECURE_SECRET
        and (settings.VAR_DIR / "demo.json").exists()
    )
