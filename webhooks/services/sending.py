"""One turn of an endpoint: claim what is due, send it over one connection, record the answers.

Claim and record are one transaction each; nothing in between touches the database, so that many
endpoints may take their time.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from core.crypto import DecryptionError
from core.failpoints import reach
from core.http import OutsideFetchError, OutsideSession
from core.ids import encode
from core.tenancy import tenant_tx
from webhooks.domain import ladder, signing
from webhooks.domain.states import SLACK
from webhooks.models import Delivery, Endpoint
from webhooks.queries import Due
from webhooks.services.endpoints import disable_endpoint, open_secrets

log = structlog.get_logger(__name__)
DEADLINE_S = 15.0
TURN = timedelta(seconds=10)  # and two tries at most; well within the lease
LEASE = timedelta(seconds=60)
MAX_ANSWER = 64 * 1024
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Answer:
    """What a receiver said; status 0 stands for nothing."""

    status: int
    excerpt: str = ""
    wish: timedelta | None = None


@dataclass(frozen=True)
class Turn:
    """An endpoint and the deliveries claimed for it until `lease_until`."""

    endpoint: Endpoint
    deliveries: Sequence[Delivery]
    lease_until: datetime


def claim(due: Due, now: datetime) -> Turn | None:
    """Those of the deliveries that nobody else has; None where there are none. A process that dies
    after this leaves them to whoever comes after the lease, one try counted.
    """
    lease_until = now + LEASE
    with tenant_tx(due.tenant_id):
        open_ones = Endpoint.objects.filter(is_active=True, deleted_at=None)
        endpoint = open_ones.filter(pk=due.endpoint_id).first()
        if endpoint is None:
            return None
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        found = list(
            Delivery.objects.select_for_update(skip_locked=True)
            .filter(free, pk__in=due.ids, state__in=["ready", "sent"], next_attempt_at__lte=now)
            .order_by("next_attempt_at", "id")
        )
        Delivery.objects.filter(pk__in=[row.pk for row in found]).update(
            state="sent", lease_until=lease_until, attempts=F("attempts") + 1
        )
    for row in found:
        row.attempts += 1
    reach("webhooks.after_claim")
    return Turn(endpoint, found, lease_until) if found else None


def send(turn: Turn, now: Clock) -> list[Answer]:
    """The answers to the turn's deliveries in order. It ends early at the first one that is not
    received, and when the endpoint has had its time.
    """
    endpoint, started = turn.endpoint, now()
    try:
        secrets, address = open_secrets(endpoint, started), endpoint.url
        if endpoint.kind == SLACK:
            address, secrets = secrets[0], ("", "")
        session = OutsideSession(address)
    except DecryptionError:
        log.warning("webhook_secret_unreadable", endpoint=str(endpoint.id))
        return [Answer(0)]
    except OutsideFetchError:
        return [Answer(0)]
    answers = []
    with session:
        for delivery in turn.deliveries:
            moment = now()
            if moment - started > TURN:
                break
            answers.append(_post(session, delivery, secrets, now=moment))
            if not ladder.is_success(answers[-1].status):
                break
    reach("webhooks.after_post")
    return answers


def _post(
    session: OutsideSession, delivery: Delivery, secrets: tuple[str, str], *, now: datetime
) -> Answer:
    """One try. While a rotation's overlap runs, a receiver that turns down the guide's signature
    of the old secret gets the new one's at once: that header has room for one only.
    """
    secret, old = secrets
    if old:
        answer = _request(session, delivery, (old, secret), now=now)
        if not ladder.is_refused(answer.status):
            return answer
    return _request(session, delivery, secrets, now=now)


def _request(
    session: OutsideSession, delivery: Delivery, secrets: tuple[str, str], *, now: datetime
) -> Answer:
    body = bytes(delivery.body)
    sent = {"content-type": "application/json", "user-agent": "Adamant-Webhooks/1"}
    if secrets[0]:
        sent |= signing.headers(
            secrets[0],
            encode("evt", delivery.event_id),
            timestamp=int(now.timestamp()),
            body=body,
            also=secrets[1],
        )
    try:
        answer = session.request(
            "POST", headers=sent, content=body, deadline_s=DEADLINE_S, max_body=MAX_ANSWER
        )
    except OutsideFetchError as error:
        return Answer(error.answered)
    excerpt = answer.body[:500].decode(errors="replace").replace("\x00", "")
    return Answer(answer.status, excerpt, _retry_after(answer.headers.get("retry-after", "")))


def _retry_after(text: str) -> timedelta | None:
    is_seconds = text.isascii() and text.isdigit() and len(text) < 7
    return timedelta(seconds=int(text)) if is_seconds else None


def record(turn: Turn, answers: Sequence[Answer], now: datetime) -> None:
    """Write down what became of the turn; what was not tried is free again. Rows whose lease
    somebody else has taken over meanwhile are theirs.
    """
    tried = list(zip(turn.deliveries, answers, strict=False))
    received, failed = defaultdict(list), None
    for delivery, answer in tried:
        if ladder.is_success(answer.status):
            received[answer.status, answer.excerpt].append(delivery.pk)
        else:
            failed = (delivery, answer)
    with tenant_tx(turn.endpoint.tenant_id):
        mine = Delivery.objects.filter(state="sent", lease_until=turn.lease_until)
        for (status, excerpt), ids in received.items():
            mine.filter(pk__in=ids).update(
                state="delivered",
                delivered_at=now,
                response_status=status,
                response_excerpt=excerpt,
                lease_until=None,
            )
        if rest := [row.pk for row in turn.deliveries[len(tried) :]]:
            mine.filter(pk__in=rest).update(
                state="ready", lease_until=None, attempts=F("attempts") - 1
            )
        if received:
            _count_success(turn.endpoint)
        if failed is not None:
            delivery, answer = failed
            if mine.filter(pk=delivery.pk).update(**_after_failure(delivery, answer, now)):
                _count_failure(turn.endpoint, answer.status, now)


def _count_success(endpoint: Endpoint) -> None:
    failing = Endpoint.objects.filter(pk=endpoint.pk, consecutive_failures__gt=0)
    failing.update(consecutive_failures=0, failing_since=None)


def _after_failure(delivery: Delivery, answer: Answer, now: datetime) -> dict[str, object]:
    again = None
    if ladder.is_retried(answer.status):
        draw = random.random()  # noqa: S311 - spreads retries, protects nothing
        again = ladder.next_attempt(delivery.attempts, now=now, draw=draw, wish=answer.wish)
    outcome = {"state": "ready", "next_attempt_at": again} if again else {"state": "failed"}
    return {
        "response_status": answer.status or None,
        "response_excerpt": answer.excerpt,
        "lease_until": None,
        **outcome,
    }


def _count_failure(sent_to: Endpoint, status: int, now: datetime) -> None:
    endpoint = Endpoint.objects.select_for_update().get(pk=sent_to.pk)
    endpoint.consecutive_failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.save(update_fields=["consecutive_failures", "failing_since"])
    if status == ladder.GONE:
        disable_endpoint(endpoint, reason="gone", now=now)
    elif ladder.is_given_up(endpoint.failing_since, now):
        disable_endpoint(endpoint, reason="failing", now=now)
