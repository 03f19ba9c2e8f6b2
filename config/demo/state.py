"""What one demo installation remembers between starts, in `VAR_DIR/demo.json`."""

import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

DAYS = 60
SECONDS_PER_HOUR = 5


@dataclass
class Demo:
    """Secrets of this installation; `token` is empty until everything has been seeded."""

    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(50))
    truth_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    token: str = ""

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(asdict(self), stream)


def load(path: Path) -> Demo:
    """The remembered demo, or a new one, saved."""
    if path.exists():
        return Demo(**json.loads(path.read_text()))
    demo = Demo()
    demo.save(path)
    return demo


def reset(var_dir: Path, database_url: str) -> None:
    """Forget everything: files in `var_dir`, and on PostgreSQL every table of the database."""
    for name in ("demo.json", "mail", "media", "beat"):
        target = var_dir / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    for path in var_dir.glob("adamant.sqlite3*"):
        path.unlink()
    for path in var_dir.glob("simulator.sqlite3*"):
        path.unlink()
    if urlsplit(database_url).scheme.startswith("postgres"):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
