"""Export a chain of audit rows for `tools/verify_audit.py`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.management.chains import chain_argument, chain_of
from accounts.services.audit_export import export_chain, public_key_hex, signed_head
from core.canonical import canonical_json
from core.clock import now


class Command(BaseCommand):
    help = "Write a tenant's audit chain as JSON lines with a signed head to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        chain_argument(parser, nargs="?")
        parser.add_argument("--head", action="store_true", help="only the signed head")
        parser.add_argument("--key", action="store_true", help="only the public key, as hex")

    def handle(self, *args: Any, **options: Any) -> None:
        out = self.stdout
        if options["key"]:
            out.write(public_key_hex())
            return
        tenant_id = chain_of(options["tenant"])
        if options["head"]:
            out.write(canonical_json(signed_head(tenant_id, now=now())).decode())
            return
        export_chain(tenant_id, lambda line: out.write(line.decode(), ending=""), now=now())
