"""`manage.py simulator`: the simulated ad platform on its own port, with its own database."""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Serve the simulated Meta platform (Graph API, consent page, control API)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8001)
        parser.add_argument("--threads", type=int, default=8)
        parser.add_argument(
            "--allow-outside",
            action="store_true",
            help="listen on an address other machines can reach",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["allow_outside"] and not is_loopback(options["host"]):
            raise CommandError(
                f"{options['host']} can be reached from outside; add --allow-outside to mean it."
            )
        call_command("migrate", "simulator", database="sim", verbosity=0)
        os.environ["ROLE"] = "simulator"
        granian = Path(sys.executable).with_name("granian")
        os.execv(  # noqa: S606 - replaces this process by the server, with checked arguments
            granian,
            [
                str(granian),
                "--interface",
                "wsgi",
                "--host",
                options["host"],
                "--port",
                str(options["port"]),
                "--workers",
                "1",
                "--blocking-threads",
                str(options["threads"]),
                "--no-ws",
                "--log-level",
                "error",
                "platforms.simulator.wsgi:application",
            ],
        )


def is_loopback(host: str) -> bool:
    """True for addresses only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
