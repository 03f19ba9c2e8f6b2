"""Find, and with `start` start, PostgreSQL and Redis on this machine for the tests.

Prints `NAME=value` lines for the services that answer; nothing is an error but a wrong argument.
"""

import glob
import os
import shutil
import subprocess
import sys
from contextlib import suppress

import psycopg
import redis

POSTGRES = (
    "postgres://postgres@127.0.0.1:5432/postgres",
    "postgres:///postgres",
    "postgres:///postgres?user=postgres",
)
REDIS = "redis://127.0.0.1:6379/9"


def may_create(url: str) -> bool:
    """True where `url` answers for a user that may create databases and roles."""
    with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=3) as connection:
        row = connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        return bool(row and row[0])
    return False


def answers(url: str) -> bool:
    """True where Redis answers a ping."""
    with suppress(redis.RedisError):
        return bool(redis.Redis.from_url(url, socket_connect_timeout=3).ping())
    return False


def find() -> dict[str, str]:
    """The environment of a test run on the services that answer."""
    found = {}
    candidates = [os.environ["TEST_DATABASE_URL"]] if os.environ.get("TEST_DATABASE_URL") else []
    for url in [*candidates, *POSTGRES]:
        if may_create(url):
            found["DATABASE_URL"] = url
            break
    url = os.environ.get("TEST_REDIS_URL", REDIS)
    if answers(url):
        found["REDIS_URL"] = url
    return found


def start() -> None:
    """Start what is installed and does not answer, as Debian's packages lay it out."""
    found = find()
    clusters = sorted(glob.glob("/etc/postgresql/*"))
    if "DATABASE_URL" not in found and clusters and shutil.which("pg_ctlcluster"):
        version = os.path.basename(clusters[-1])
        subprocess.run(
            ["pg_ctlcluster", "--skip-systemctl-redirect", version, "main", "start"],
            check=False,
        )
    if "REDIS_URL" not in found and shutil.which("redis-server"):
        subprocess.run(
            ["redis-server", "--daemonize", "yes", "--bind", "127.0.0.1", "--save", ""],
            check=False,
            stdout=subprocess.DEVNULL,
        )


def main() -> None:
    """`services.py` prints what answers; `services.py start` starts and then prints."""
    if sys.argv[1:] == ["start"]:
        start()
    found = find()
    for name, value in found.items():
        print(f"{name}={value}")
    missing = {"DATABASE_URL": "PostgreSQL", "REDIS_URL": "Redis"}.items()
    for name, service in missing:
        if name not in found:
            print(f"{service} does not answer on 127.0.0.1", file=sys.stderr)


if __name__ == "__main__":
    main()
