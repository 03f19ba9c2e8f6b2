"""Erase a person on request."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services.erasure import erase_person
from core.clock import now


class Command(BaseCommand):
    help = "Remove what identifies a person and end their access; the audit chain still verifies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("There is no such person.")
        erased = erase_person(user.pk, now=now())
        self.stdout.write(
            f"{erased.public_id} erased in {erased.tenants} tenants, {erased.details} details gone"
        )
