"""The clock that runs by itself: one virtual hour every SIM_SECONDS_PER_HOUR seconds."""

import logging
import threading
import time

from django.conf import settings
from django.db import OperationalError

from platforms.simulator import delivery

log = logging.getLogger(__name__)


def start() -> None:
    """Start the thread, where the setting asks for one."""
    if settings.SIM_SECONDS_PER_HOUR > 0:
        threading.Thread(target=_run, name="virtual-clock", daemon=True).start()


def _run() -> None:
    while True:
        time.sleep(settings.SIM_SECONDS_PER_HOUR)
        try:
            delivery.advance(1)
        except OperationalError:
            # Somebody else holds the database: the hour is tried again.
            log.exception("the virtual clock could not move")
