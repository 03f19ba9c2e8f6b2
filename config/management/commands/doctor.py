"""`manage.py doctor`: what is wrong with this installation, and the next step."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.doctor.findings import examine

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


class Command(BaseCommand):
    help = "Say what is wrong with this installation and the next step; exit 1 if anything is."
    requires_system_checks: list[str] = []  # it reports them itself

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for finding in examine():
            self.stdout.write(f"{MARKS[finding.level]} {finding.subject}: {finding.text}")
            if finding.next_step:
                self.stdout.write(f"      next: {finding.next_step}")
            wrong += finding.level == "wrong"
        if wrong:
            self.stderr.write(f"{wrong} to mend")
            sys.exit(1)
