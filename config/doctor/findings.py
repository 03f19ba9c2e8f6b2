"""Examinations of an installation: each says what is wrong and the next step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2 as httpx  # noqa: TID251 - only asks addresses the operator configured
from django.conf import settings
from django.core.checks import run_checks
from django.core.mail import get_connection
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from accounts.services.loops import last_turns
from config import liveness
from config.celery import app
from config.faces.health import queue_problem
from config.serving.processes import is_listening
from core.clock import now

MAX_CLOCK_SKEW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: `ok`, `note` (works, but know this) or `wrong`."""

    level: str
    subject: str
    text: str
    next_step: str = ""


def examine() -> Iterator[Finding]:
    """Every finding, in the order in which they should be mended."""
    for examination in EXAMINATIONS:
        yield from examination()


def environment() -> Iterator[Finding]:
    """Variables that could not be read, and Django's own checks."""
    problems = [message for message in run_checks(databases=[]) if message.is_serious()]
    for message in problems:
        yield Finding("wrong", "settings", str(message.msg), str(message.hint or ""))
    if not problems:
        yield Finding("ok", "settings", "every variable has a valid value")


def database() -> Iterator[Finding]:
    """Whether it answers, is migrated, and with which role."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        step = "Check DATABASE_URL and that the server runs (make services)."
        yield Finding("wrong", "database", str(error).strip(), step)
        return
    yield Finding("ok", "database", f"{connection.vendor} answers")
    if connection.vendor == "sqlite":
        step = "Set DATABASE_URL to PostgreSQL before the second process or customer."
        yield Finding("note", "database", "SQLite: one machine, no row-level security", step)
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        text = f"{len(waiting)} migrations are not applied"
        yield Finding("wrong", "migrations", text, "Run manage.py migrate as the owner.")
    else:
        yield Finding("ok", "migrations", "all applied")
        yield from roles()
        overdue = queue_problem(now())
        yield Finding("wrong" if overdue else "ok", "dispatch", overdue or "nothing is overdue")
        yield from loops()


def loops() -> Iterator[Finding]:
    """Which loops had a good turn of late; none at all means that the product is stopped."""
    turned = last_turns()
    names = liveness.standing(turned, now(), lenient=False)
    if not names:
        yield Finding("ok", "loops", "all have had a good turn of late")
    elif len(names) == len(liveness.LOOPS):
        step = "Start manage.py serve; with a broker also manage.py dispatcher and Celery."
        yield Finding("note", "loops", "none runs", step)
    else:
        step = "Read the log of the process that runs them; with a broker, see that it runs."
        yield Finding("wrong", "loops", f"fail or stand still: {', '.join(names)}", step)


def roles() -> Iterator[Finding]:
    """On PostgreSQL: the runtime role may not get around row-level security."""
    if connection.vendor != "postgresql":
        return
    if settings.MIGRATION_DATABASE_URL == "":
        text = f"one user for everything; each connection drops to {settings.RUNTIME_DB_ROLE}"
        step = "Give the runtime its own login and set MIGRATION_DATABASE_URL to the owner's."
        yield Finding("note", "roles", text, step)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles "
            "WHERE rolname = current_user"
        )
        name, walks_through = cursor.fetchone()
    if walks_through:
        step = f"Create {settings.RUNTIME_DB_ROLE} without SUPERUSER and BYPASSRLS."
        yield Finding("wrong", "roles", f"{name} walks through row-level security", step)
    else:
        yield Finding("ok", "roles", f"runs as {name}, bound by row-level security")
    try:
        connections[settings.ADMIN_DATABASE].ensure_connection()
    except DatabaseError as error:
        step = "Check ADMIN_DATABASE_URL and ADMIN_DB_ROLE; only /admin/ needs it."
        yield Finding("wrong", "roles", f"admin: {error}".strip(), step)


def queue() -> Iterator[Finding]:
    """The broker, or the note that there is none."""
    if settings.EMBEDDED:
        step = "Set CELERY_BROKER_URL or REDIS_URL to split web, worker and dispatcher."
        yield Finding("note", "worker", "no broker: worker and loops live in one process", step)
        return
    try:
        with app.connection_for_read(settings.CELERY_BROKER_URL, connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
        yield Finding("ok", "broker", "answers")
    except Exception as error:  # noqa: BLE001 - every transport has its own errors
        yield Finding("wrong", "broker", str(error), "Check CELERY_BROKER_URL and that it runs.")


def mail() -> Iterator[Finding]:
    """Whether mail leaves this machine."""
    if not settings.EMAIL_URL:
        level = "note" if settings.DEMO or not settings.SECURE else "wrong"
        step = "Set EMAIL_URL; until then nobody gets a code, claim link or approval mail."
        yield Finding(level, "mail", f"written to {settings.MAIL_DIR}", step)
        return
    try:
        get_connection().open()
        yield Finding("ok", "mail", f"{urlsplit(settings.EMAIL_URL).hostname} answers")
    except OSError as error:
        yield Finding("wrong", "mail", str(error), "Check EMAIL_URL: host, port, login, TLS.")


def public_address() -> Iterator[Finding]:
    """TLS, host names and what PUBLIC_URL answers."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if not settings.SECURE:
        level = "note" if host in settings.LOOPBACK else "wrong"
        step = "Put a TLS proxy in front and set PUBLIC_URL=https://…, TRUST_PROXY=1."
        yield Finding(level, "address", f"{settings.PUBLIC_URL} is not https", step)
    if host not in settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        step = f"Add {host} to ALLOWED_HOSTS."
        yield Finding("wrong", "address", f"ALLOWED_HOSTS lacks {host}", step)
    if not is_listening(settings.PUBLIC_URL):
        step = "Start the product with manage.py serve, or check DNS and the proxy."
        yield Finding("note", "address", f"nothing answers at {settings.PUBLIC_URL}", step)
        return
    yield from _clock(settings.PUBLIC_URL + "/healthz")


def _clock(url: str) -> Iterator[Finding]:
    try:
        answer = httpx.get(url, timeout=3)
        skew = abs(parsedate_to_datetime(answer.headers["Date"]) - now())
    except (httpx.HTTPError, KeyError, ValueError) as error:
        yield Finding("note", "address", f"{url}: {error}", "Open it in a browser.")
        return
    yield Finding("ok", "address", f"{url} answers {answer.status_code}")
    if skew > MAX_CLOCK_SKEW:
        text = f"this clock and the server's differ by {skew.total_seconds():.0f} s"
        yield Finding("wrong", "clock", text, "Run a time service (chrony, systemd-timesyncd).")


def keys() -> Iterator[Finding]:
    """Secrets that must not be the development ones."""
    if settings.SECRET_KEY == settings.INSECURE_SECRET:
        level = "wrong" if settings.SECURE else "note"
        yield Finding(level, "keys", "SECRET_KEY is the development value", "Set SECRET_KEY.")
    if settings.SEALS_WITH_OWN_KEY:
        yield Finding(
            "ok", "keys", f"platform tokens are sealed with {settings.KEY_RING.primary_id}"
        )
    else:
        step = "Set ENCRYPTION_KEYS (id:base64 of 32 bytes) and keep it with the backups."
        level = "wrong" if settings.SECURE else "note"
        yield Finding(level, "keys", "platform tokens are sealed with SECRET_KEY", step)


def platforms() -> Iterator[Finding]:
    """Meta's app, and the simulator behind test businesses."""
    if not (settings.META_APP_ID and settings.META_APP_SECRET):
        step = "Create an app at Meta and set META_APP_ID and META_APP_SECRET."
        yield Finding("note", "meta", "live businesses cannot connect", step)
    if is_listening(settings.SIMULATOR_URL):
        yield Finding("ok", "simulator", f"{settings.SIMULATOR_URL} answers")
    else:
        step = "Start it with ROLE=simulator manage.py serve; only test businesses need it."
        yield Finding("note", "simulator", f"{settings.SIMULATOR_URL} does not answer", step)


EXAMINATIONS: tuple[Callable[[], Iterator[Finding]], ...] = (
    environment,
    database,
    queue,
    keys,
    public_address,
    mail,
    platforms,
)
