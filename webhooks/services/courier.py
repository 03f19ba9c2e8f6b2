"""The delivery loop: claim a row, sign and post without a transaction, record what became of it."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import F, Q

from accounts.services.loops import Turns
from core import clock, queue
from core.crypto import DecryptionError
from core.failpoints import reach
from core.http import OutsideFetchError, fetch_outside
from core.ids import encode
from core.tenancy import tenant_tx
from webhooks.domain import ladder, signing
from webhooks.models import Delivery, Endpoint
from webhooks.queries import due_by_endpoint
from webhooks.services.endpoints import disable_endpoint, open_secrets
from webhooks.services.outbox import fan_out

log = structlog.get_logger(__name__)
DEADLINE_S = 15.0
LEASE = timedelta(seconds=60)
BEAT_S = 1.0
WORKERS = 8
MAX_ANSWER = 64 * 1024
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Answer:
    status: int  # 0: none
    excerpt: str = ""
    wish: timedelta | None = None


def deliver_due(now: datetime) -> int:
    """Try everything that is due at `now`, in this thread; returns the number of tries."""
    tries = 0
    while due := due_by_endpoint(now):
        done = sum(
            _deliver_batch(tenant_id, ids, lambda: now)
            for (tenant_id, _endpoint), ids in due.items()
        )
        if not done:
            break
        tries += done
    return tries


def run_forever(stop: threading.Event) -> None:
    """Fan out and deliver until `stop` is set: one thread an endpoint at a time, so a receiver that
    hangs holds up nobody else's events.
    """
    busy: set[UUID] = set()
    turns = Turns("webhooks")
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="webhooks") as pool:
        while not stop.is_set():
            try:
                fan_out(clock.now())
                for (tenant_id, endpoint_id), ids in due_by_endpoint(clock.now()).items():
                    if endpoint_id not in busy:
                        busy.add(endpoint_id)
                        done = partial(busy.discard, endpoint_id)
                        pool.submit(_deliver_in_thread, tenant_id, ids, done)
                turns.good(clock.now())
            except Exception:
                log.exception("webhook_round_failed")
                connection.close()
            queue.wait("webhooks.deliver", BEAT_S)
    connection.close()


def _deliver_in_thread(tenant_id: UUID, ids: list[UUID], done: Callable[[], None]) -> None:
    try:
        _deliver_batch(tenant_id, ids, clock.now)
    except Exception:
        log.exception("webhook_batch_failed")
    finally:
        connection.close()
        done()


def _deliver_batch(tenant_id: UUID, ids: list[UUID], now: Clock) -> int:
    tries = 0
    for delivery_id in ids:
        claimed = _claim(tenant_id, delivery_id, now())
        if claimed is None:
            continue
        tries += 1
        delivery, endpoint = claimed
        reach("webhooks.after_claim")
        answer = _post(delivery, endpoint, now())
        reach("webhooks.after_post")
        _record(delivery, answer, now())
        if not ladder.is_success(answer.status):
            break
    return tries


def _claim(tenant_id: UUID, delivery_id: UUID, now: datetime) -> tuple[Delivery, Endpoint] | None:
    with tenant_tx(tenant_id):
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        won = Delivery.objects.filter(
            free,
            pk=delivery_id,
            state__in=["ready", "sent"],
            next_attempt_at__lte=now,
            endpoint__is_active=True,
            endpoint__deleted_at=None,
        ).update(state="sent", lease_until=now + LEASE, attempts=F("attempts") + 1)
        if not won:
            return None
        delivery: Delivery = Delivery.objects.select_related("endpoint").get(pk=delivery_id)
        return delivery, delivery.endpoint


def _post(delivery: Delivery, endpoint: Endpoint, now: datetime) -> _Answer:
    """One try. While a rotation's overlap runs, a receiver that turns down the guide's signature
    of the old secret gets the new one's at once: that header has room for one only.
    """
    try:
        secret, old = open_secrets(endpoint, now)
    except DecryptionError:
        log.warning("webhook_secret_unreadable", endpoint=str(endpoint.id))
        return _Answer(0)
    if old:
        answer = _send(delivery, endpoint.url, old, now=now, also=secret)
        if not ladder.is_refused(answer.status):
            return answer
    return _send(delivery, endpoint.url, secret, now=now, also=old)


def _send(delivery: Delivery, url: str, secret: str, *, now: datetime, also: str) -> _Answer:
    body = bytes(delivery.body)
    signed = signing.headers(
        secret,
        encode("evt", delivery.event_id),
        timestamp=int(now.timestamp()),
        body=body,
        also=also,
    )
    try:
        answer = fetch_outside(
            "POST",
            url,
            headers={
                "content-type": "application/json",
                "user-agent": "Adamant-Webhooks/1",
                **signed,
            },
            content=body,
            deadline_s=DEADLINE_S,
            max_body=MAX_ANSWER,
        )
    except OutsideFetchError as error:
        return _Answer(error.answered)
    excerpt = answer.body[:500].decode(errors="replace").replace("\x00", "")
    return _Answer(answer.status, excerpt, _retry_after(answer.headers.get("retry-after", "")))


def _retry_after(text: str) -> timedelta | None:
    is_seconds = text.isascii() and text.isdigit() and len(text) < 7
    return timedelta(seconds=int(text)) if is_seconds else None


def _record(delivery: Delivery, answer: _Answer, now: datetime) -> None:
    with tenant_tx(delivery.tenant_id):
        is_success = ladder.is_success(answer.status)
        changes = _outcome(delivery, answer, now)
        mine = Delivery.objects.filter(
            pk=delivery.pk, state="sent", attempts=delivery.attempts
        ).update(
            response_status=answer.status or None,
            response_excerpt=answer.excerpt,
            lease_until=None,
            **changes,
        )
        if not mine:
            return
        endpoint = Endpoint.objects.select_for_update().get(pk=delivery.endpoint_id)
        if is_success:
            if endpoint.consecutive_failures:
                endpoint.consecutive_failures, endpoint.failing_since = 0, None
                endpoint.save(update_fields=["consecutive_failures", "failing_since"])
            return
        _count_failure(endpoint, answer.status, now)


def _outcome(delivery: Delivery, answer: _Answer, now: datetime) -> dict[str, object]:
    if ladder.is_success(answer.status):
        return {"state": "delivered", "delivered_at": now}
    again = None
    if ladder.is_retried(answer.status):
        draw = random.random()  # noqa: S311 - spreads retries, protects nothing
        again = ladder.next_attempt(delivery.attempts, now=now, draw=draw, wish=answer.wish)
    if again is None:
        return {"state": "failed"}
    return {"state": "ready", "next_attempt_at": again}


def _count_failure(endpoint: Endpoint, status: int, now: datetime) -> None:
    endpoint.consecutive_failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.save(update_fields=["consecutive_failures", "failing_since"])
    if status == ladder.GONE:
        disable_endpoint(endpoint, reason="gone", now=now)
    elif ladder.is_given_up(endpoint.failing_since, now):
        disable_endpoint(endpoint, reason="failing", now=now)
