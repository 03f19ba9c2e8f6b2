"""Liveness and readiness, for load balancers and `manage.py doctor`."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from accounts.services.loops import last_turns
from config import liveness
from config.celery import app
from config.queries import OLDEST_DUE_DISPATCH
from core.clock import now

log = structlog.get_logger(__name__)
STUCK_AFTER = timedelta(minutes=5)
_migrated = threading.Event()


def database_problem(_now: datetime) -> str:
    """Empty where the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def migration_problem(_now: datetime) -> str:
    """Empty once every migration is applied; asked until then only."""
    if _migrated.is_set():
        return ""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "migrations are not applied; run manage.py migrate"
    _migrated.set()
    return ""


def worker_problem(_now: datetime) -> str:
    """Empty where the broker answers, or this process runs the embedded worker's threads."""
    if settings.EMBEDDED:
        missing = liveness.missing()
        if missing is None:
            return "no embedded worker in this process; start it with manage.py serve"
        return f"embedded threads are not running: {', '.join(missing)}" if missing else ""
    with app.connection_for_read(settings.CELERY_BROKER_URL, connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return ""


def queue_problem(moment: datetime) -> str:
    """Empty unless a due dispatch has waited for longer than `STUCK_AFTER`."""
    row = OLDEST_DUE_DISPATCH.one(before=moment - STUCK_AFTER)
    waiting = row["waiting"] if row else 0
    return f"{waiting} dispatches are overdue; is a dispatcher running?" if waiting else ""


def loop_problem(moment: datetime) -> str:
    """Empty while every loop, in whichever process, has had a good turn of late."""
    names = liveness.standing(last_turns(), moment, lenient=True)
    return f"loops fail or stand still: {', '.join(names)}; see their log" if names else ""


CHECKS: dict[str, Callable[[datetime], str]] = {
    "database": database_problem,
    "migrations": migration_problem,
    "worker": worker_problem,
    "loops": loop_problem,
    "dispatch": queue_problem,
}


def problems(moment: datetime) -> dict[str, str]:
    """What is not ready, by check; empty when all is well. The first database error ends it."""
    found: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            problem = check(moment)
        except DatabaseError as error:
            log.warning("not_ready", check=name, error=str(error))
            return found | {name: "the database does not answer"}
        except (OSError, OperationalError) as error:
            log.warning("not_ready", check=name, error=str(error))
            problem = "the broker does not answer"
        if problem:
            found[name] = problem
    return found


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    found = problems(now())
    checks = {name: found.get(name, "ok") for name in CHECKS}
    return JsonResponse({"ready": not found, "checks": checks}, status=503 if found else 200)
