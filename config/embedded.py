"""Loops over rows as threads; without a broker also Celery's worker and beat, in this one process.

The memory broker and the bells belong to one process, so this is started once, inside the one
worker that also answers requests (`config.serving.all_in_one`) or inside `manage.py dispatcher`.
"""

import signal
import threading
from collections.abc import Callable
from functools import partial

import structlog
from celery.beat import EmbeddedService
from celery.worker import WorkController
from django.conf import settings
from django.db import connections

from accounts.services.mail import run_forever as run_mail
from billing.services.inbound import run_forever as run_billing
from campaigns.dispatch.loop import run_forever as run_dispatch
from campaigns.services.sweep import run_forever as run_kill_sweep
from config import liveness
from config.celery import app
from creatives.services.running import run_forever as run_generations
from webhooks.services.courier import run_forever as run_webhooks

log = structlog.get_logger(__name__)
Loop = Callable[[threading.Event], None]


def loops() -> dict[str, Loop]:
    """Name of the thread → what it runs until the event is set.

    Stops have a thread of their own, so that no slow launch delays them.
    """
    dispatch: dict[str, Loop] = {
        f"dispatch-{number}": run_dispatch for number in range(1, settings.DISPATCH_THREADS + 1)
    }
    return dispatch | {
        "kill": partial(run_dispatch, stops_only=True),
        "kill-sweep": run_kill_sweep,
        "webhooks": run_webhooks,
        "mail": run_mail,
        "billing": run_billing,
        "generate": run_generations,
    }


def start_loops(stop: threading.Event) -> list[threading.Thread]:
    """Start the loops over rows, each in its own thread, and promise them to readiness."""
    return [_start(name, partial(loop, stop)) for name, loop in loops().items()]


def start_celery() -> list[threading.Thread]:
    """Start a worker of one slot on the memory broker, and beat."""
    app.conf.update(broker_url="memory://", worker_pool="solo")
    beat = EmbeddedService(app, thread=True, schedule_filename=str(settings.VAR_DIR / "beat"))
    return [_start("celery", _run_worker), _start("beat", beat.run)]


def run_loops() -> bool:
    """Run the loops until SIGTERM or SIGINT and finish what is in hand; main thread only.

    False where a loop ended by itself.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stop.set())
    threads = start_loops(stop)
    log.info("loops_started", loops=[thread.name for thread in threads])
    while not stop.wait(1) and all(thread.is_alive() for thread in threads):
        pass
    by_signal = stop.is_set()
    stop.set()
    for thread in threads:
        thread.join(settings.DISPATCH_CALL_TIMEOUT_S + 5)
    log.info("loops_stopped", by_signal=by_signal)
    return by_signal


def _run_worker() -> None:
    # Built inside its thread: elsewhere Celery's Django fix-up meets a foreign connection.
    WorkController(
        app=app,
        pool_cls="solo",
        concurrency=1,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()


def _start(name: str, run: Callable[[], None]) -> threading.Thread:
    def guarded() -> None:
        try:
            run()
        except Exception:
            log.exception("embedded_thread_failed", thread=name)
            raise
        finally:
            connections.close_all()

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    liveness.promise([name])
    return thread
