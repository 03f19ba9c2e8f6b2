"""Verify audit chains where they lie."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.chains import chain_argument, chain_of
from accounts.models import Tenant
from accounts.services.audit_export import chain_name, verify_chain


class Command(BaseCommand):
    help = "Check order, hashes, details and end of one audit chain, or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        chain_argument(parser, nargs="?")

    def handle(self, *args: Any, **options: Any) -> None:
        chains: list[UUID | None] = [None, *Tenant.objects.values_list("id", flat=True)]
        if options["tenant"]:
            chains = [chain_of(options["tenant"])]
        broken = 0
        for chain in chains:
            report = verify_chain(chain)
            broken += bool(report.problem)
            counts = f"{report.rows} rows, {report.erased} details erased"
            self.stdout.write(f"{chain_name(chain)}: {counts}, {report.problem or 'ok'}")
        if broken:
            raise CommandError(f"{broken} of {len(chains)} chains do not hold.")
