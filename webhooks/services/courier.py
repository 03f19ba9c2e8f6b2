"""The delivery loop. One thread fans out and claims, many send without the database, one records:
receivers that hang cost threads that wait, and no connection.
"""

import queue as queues
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection

from accounts.services.loops import Turns
from core import clock, queue
from webhooks.domain.lanes import SENDERS, Lanes
from webhooks.queries import Due, due_by_endpoint
from webhooks.services.outbox import fan_out
from webhooks.services.sending import Answer, Turn, claim, record, send

log = structlog.get_logger(__name__)
BEAT_S = 1.0


def deliver_due(now: datetime) -> int:
    """Try everything that is due at `now`, in this thread; returns the number of tries."""
    tries = 0
    while due := due_by_endpoint(now):
        done = sum(_take_turn(one, now) for one in due)
        if not done:
            break
        tries += done
    return tries


def _take_turn(due: Due, now: datetime) -> int:
    turn = claim(due, now)
    if turn is None:
        return 0
    answers = send(turn, lambda: now)
    record(turn, answers, now)
    return len(answers)


@dataclass
class _Courier:
    """What the threads of one loop share."""

    lanes: Lanes = field(default_factory=Lanes)
    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: queues.SimpleQueue[tuple[Turn, list[Answer], float] | None] = field(
        default_factory=queues.SimpleQueue
    )

    def start_turns(self, pool: ThreadPoolExecutor) -> None:
        """Claim for every endpoint that has a place and hand it to a sender."""
        for due in due_by_endpoint(clock.now()):
            with self.lock:
                entered = self.lanes.enter(
                    due.tenant_id, due.endpoint_id, is_failing=due.is_failing
                )
            if entered:
                self._start_turn(due, pool)

    def _start_turn(self, due: Due, pool: ThreadPoolExecutor) -> None:
        turn = None
        try:
            turn = claim(due, clock.now())
        finally:
            if turn is None:
                self.leave(due.endpoint_id)
        if turn is not None:
            pool.submit(self.send, turn)

    def leave(self, endpoint_id: UUID, seconds_a_try: float = 0.0) -> None:
        with self.lock:
            self.lanes.leave(endpoint_id, seconds_a_try=seconds_a_try)

    def send(self, turn: Turn) -> None:
        started, answers = time.monotonic(), list[Answer]()
        try:
            answers = send(turn, clock.now)
        except Exception:
            log.exception("webhook_turn_failed", endpoint=str(turn.endpoint.pk))
        finally:
            self.sent.put((turn, answers, time.monotonic() - started))

    def record_sent(self) -> None:
        """Until None comes: record turns, then ask for the next one of their endpoints."""
        while (found := self.sent.get()) is not None:
            turn, answers, seconds = found
            try:
                if answers:
                    record(turn, answers, clock.now())
            except Exception:
                log.exception("webhook_record_failed", endpoint=str(turn.endpoint.pk))
                connection.close()
            self.leave(turn.endpoint.pk, seconds / max(len(answers), 1))
            queue.ring("webhooks.deliver")
        connection.close()


def run_forever(stop: threading.Event) -> None:
    """Fan out and deliver until `stop` is set; an endpoint that hangs holds up nobody else's
    events, and what is being sent is recorded before the loop ends.
    """
    courier, turns = _Courier(), Turns("webhooks")
    recorder = threading.Thread(target=courier.record_sent, name="webhooks-record")
    recorder.start()
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="webhooks") as pool:
        while not stop.is_set():
            try:
                fan_out(clock.now())
                courier.start_turns(pool)
                turns.good(clock.now())
            except Exception:
                log.exception("webhook_round_failed")
                connection.close()
            queue.wait("webhooks.deliver", BEAT_S)
    courier.sent.put(None)
    recorder.join()
    connection.close()
