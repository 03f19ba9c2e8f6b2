"""`make bench`: tables of what requests cost, on PostgreSQL where it answers, else on SQLite.

Names as arguments choose parts: requests, batch, generation, inbox, launch, webhooks, mcp.
"""

import os
import subprocess
import sys

PARTS = ("requests", "batch", "generation", "inbox", "launch", "webhooks", "mcp")


def services() -> dict[str, str]:
    """DATABASE_URL and REDIS_URL of what answers on this machine."""
    done = subprocess.run(
        [sys.executable, "tools/services.py"], capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def main() -> int:
    """Exit code: 1 where a target is missed."""
    os.environ.update({name: value for name, value in services().items() if value})
    os.environ.update({"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"})
    os.environ.setdefault("SIMULATOR_TRUTH_TOKEN", "bench")
    import django

    django.setup()
    from bench.parts import run

    return run(sys.argv[1:] or list(PARTS))


if __name__ == "__main__":
    sys.exit(main())
