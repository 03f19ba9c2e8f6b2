"""Finishes what an interrupted kill or release left undone: a loop over the switches' rows."""

import threading
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import close_old_connections, connection

from accounts.services.loops import Turns
from campaigns.models import KillSwitch
from campaigns.queries.kill import SWITCHES_TO_SWEEP
from campaigns.services import stopping
from campaigns.services.kill import decide_held
from core import clock
from core.actors import system_actor
from core.tenancy import tenant_tx

log = structlog.get_logger(__name__)
BEAT_S = 2.0
MOST_SWITCHES = 1000
MOST_CAMPAIGNS = 200  # stops of one business in one pass; the next pass goes on
SETTLED_AFTER = timedelta(minutes=1)  # a release decides what it held by itself first


def sweep_once(now: datetime) -> int:
    """Go through every switch with something left to do; returns how many stops were submitted."""
    found = SWITCHES_TO_SWEEP.rows(settled=now - SETTLED_AFTER, most=MOST_SWITCHES)
    return sum(_sweep(row["tenant_id"], row["business_id"], now) for row in found)


def _sweep(tenant_id: UUID, business_id: UUID, now: datetime) -> int:
    with tenant_tx(tenant_id, readonly=True):
        switch = KillSwitch.objects.get(business_id=business_id)
    if not switch.is_engaged:
        decide_held(system_actor(tenant_id, name="kill_switch"), business_id, now)
        return 0
    actor = stopping.engager_of(switch)
    if actor is None:
        return 0
    stopping.return_approved(actor, business_id, now)
    with tenant_tx(tenant_id, readonly=True):
        left = stopping.unstopped(business_id, epoch=switch.epoch, now=now)[:MOST_CAMPAIGNS]
    return sum(stopping.stop(actor, business_id, key, epoch=switch.epoch, now=now) for key in left)


def run_forever(stop: threading.Event) -> None:
    """Sweep on its own beat until `stop` is set; survives every error."""
    turns = Turns("kill-sweep")
    while not stop.wait(BEAT_S):
        try:
            close_old_connections()
            sweep_once(clock.now())
            turns.good(clock.now())
        except Exception:
            log.exception("kill_sweep_failed")
            connection.close()
    connection.close()
