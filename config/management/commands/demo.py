"""`manage.py demo`: the product with data, people, an agent's key and the simulated network."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config import env
from config.demo import people, state
from config.management.commands.serve import become, migrate
from config.serving import processes
from core.actors import Role

READY = "ADAMANT_DEMO_READY"


class Command(BaseCommand):
    help = "Start the demo: keeps its data between starts, RESET=1 starts afresh."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get(READY) != "1":
            prepare()
            become("demo")
        if processes.is_listening(settings.PUBLIC_URL):
            raise CommandError(f"{settings.PUBLIC_URL} is taken; choose another with PORT=8010.")
        try:
            self._seed()
            server = processes.spawn("serve", SIM_SECONDS_PER_HOUR=str(state.SECONDS_PER_HOUR))
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, lambda *_args: server.terminate())
            processes.wait_listening(server, settings.PUBLIC_URL)
        except processes.ProcessError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(banner(state.load(settings.VAR_DIR / "demo.json")))
        self.stdout.flush()
        try:
            sys.exit(server.wait())
        except KeyboardInterrupt:
            processes.stop([server])

    def _seed(self) -> None:
        migrate()
        simulator = processes.start_simulator(SIM_SECONDS_PER_HOUR="0")
        try:
            call_command("seed", stdout=self.stdout)
        finally:
            connections.close_all()
            processes.stop([simulator] if simulator else [])


def prepare() -> None:
    """Set the environment of a demo where the caller has not; RESET=1 forgets the last one."""
    if env.boolean("RESET"):
        state.reset(settings.VAR_DIR, os.environ.get("DATABASE_URL", ""))
    demo = state.load(Path(settings.VAR_DIR) / "demo.json")
    begun = datetime.now(UTC) - timedelta(days=state.DAYS)
    host = settings.HOST if settings.HOST != "0.0.0.0" else "127.0.0.1"  # noqa: S104 - compared only
    defaults = {
        "DEMO": "1",
        "SECRET_KEY": demo.secret_key,
        "SIMULATOR_TRUTH_TOKEN": demo.truth_token,
        "SIMULATOR_URL": f"http://127.0.0.1:{settings.PORT + 1}",
        "SIM_START": begun.replace(minute=0, second=0, microsecond=0).isoformat(),
        "PUBLIC_URL": f"http://{host}:{settings.PORT}",
        "ALLOWED_HOSTS": f"localhost,127.0.0.1,[::1],{host}",
        "LOG_LEVEL": "WARNING",
        READY: "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def banner(demo: state.Demo) -> str:
    """What a person needs to look around, and an agent to begin."""
    url = settings.PUBLIC_URL
    logins = [
        f"  {role:<9} {people.email_of(role):<23} password {demo.password}"
        for role in (Role.BUYER, Role.APPROVER, Role.OWNER)
    ]
    return "\n".join(
        [
            "",
            f"Adamant runs at {url}",
            "",
            "Log in (the owner also opens /admin/):",
            *logins,
            "",
            f"Mail: {url}/dev/mail/ and {settings.MAIL_DIR}",
            f"A simulated hour passes every {state.SECONDS_PER_HOUR} seconds.",
            "",
            "The agent's key (test), and a first call:",
            f"  {demo.token}",
            f'  curl -H "Authorization: Bearer {demo.token}" {url}/api/v1/campaigns',
            f"  MCP: {url}/mcp/ with the same header (docs/mcp.md)",
            "",
            "Ctrl-C stops; the data stay. RESET=1 make demo starts afresh.",
            "",
        ]
    )
