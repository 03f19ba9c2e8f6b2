"""Keyed requests: the first one takes effect, a repetition gets the first one's very bytes.

The record is written in the transaction of the effect: an error or a crash leaves neither. Only
successes are kept, sealed, since an answer may show a new secret. A key replays for 24 hours, is
refused as expired until 31 days have passed, and is new after that.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import CharField
from django.utils.translation import gettext as _

from accounts.models import IdempotencyRecord
from accounts.queries import TENANTS_WITH_OLD_KEYS
from core.actors import Actor
from core.compiled import Compiled
from core.crypto import sha256_hex
from core.errors import AppError, ConflictError
from core.statements import gathered, insert
from core.tenancy import tenant_tx

REPLAY_FOR = timedelta(hours=24)
REFUSE_FOR = timedelta(days=31)
_ROUTE_LENGTH = 120
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')


class KeyInvalidError(AppError):
    """The header is empty, too long or holds characters outside printable ASCII."""

    code = "idempotency_key_invalid"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            _("Idempotency-Key must be 1 to 255 printable ASCII characters without spaces."),
            hint=_("Send a UUID."),
        )


class InFlightError(ConflictError):
    """The first request with this key has not finished."""

    code = "idempotency_in_flight"

    def __init__(self) -> None:
        super().__init__(
            _("A request with this Idempotency-Key is being carried out."),
            hint=_("Repeat the same request in a second."),
        )


class KeyReusedError(AppError):
    """The key was used with another body; nothing of the first request is told."""

    code = "idempotency_key_reused"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("This Idempotency-Key was used with a different request."),
            hint=_("Use a new key for a new request."),
        )


class KeyExpiredError(ConflictError):
    """The key's answer is no longer kept, and it is never carried out again silently."""

    code = "idempotency_key_expired"

    def __init__(self) -> None:
        super().__init__(
            _("This Idempotency-Key was used more than 24 hours ago."),
            hint=_("Read the object first, then use a new key if the change is still wanted."),
        )


class Answer(NamedTuple):
    """Status and body of a finished request."""

    status: int
    body: bytes


@dataclass
class Slot:
    """One keyed request: `replay` is the kept answer of an earlier one, else call `keep`.

    A slot left without `keep` (a denial) records nothing.
    """

    replay: Answer | None = None
    kept: Answer | None = None

    def keep(self, status: int, body: bytes) -> None:
        """Record the success this transaction is about to commit."""
        self.kept = Answer(status, body)


def parse_header(value: str | None) -> str:
    """The key of an `Idempotency-Key` header, bare or a quoted RFC 8941 string; "" when absent.

    Raises KeyInvalidError.
    """
    if value is None:
        return ""
    text = value.strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if not _KEY.fullmatch(text):
        raise KeyInvalidError
    return text


@contextmanager
def keyed(actor: Actor, *, route: str, key: str, body_digest: str, now: datetime) -> Iterator[Slot]:
    """Open the actor's tenant transaction with the key's lock held; "" as key means no key.

    Lock order: this comes before every other lock of the transaction. Raises InFlightError,
    KeyReusedError, KeyExpiredError.
    """
    if not key:
        with tenant_tx(actor.tenant_id), gathered():
            yield Slot()
        return
    route = route if len(route) <= _ROUTE_LENGTH else sha256_hex(route)
    key_digest = sha256_hex(key)
    name = f"{actor.tenant_id}:{actor.id}:{route}:{key_digest}"
    with tenant_tx(actor.tenant_id, try_lock=name) as obtained:
        if not obtained:
            raise InFlightError
        found = _RECORD.first(principal=actor.id, route=route, key_digest=key_digest)
        slot = Slot(replay=_replay(found, body_digest, now))
        with gathered():
            yield slot
            if slot.kept:
                row = IdempotencyRecord(
                    tenant_id=actor.tenant_id,
                    principal=actor.id,
                    route=route,
                    key_digest=key_digest,
                    body_digest=body_digest,
                    status=slot.kept.status,
                    response=_seal(slot.kept.body, actor.tenant_id, key_digest),
                    created_at=now,
                )
                insert(row)


def _record(**key: Any) -> Any:
    return IdempotencyRecord.objects.filter(**key)


_RECORD: Compiled[IdempotencyRecord] = Compiled(
    _record, principal=CharField(), route=CharField(), key_digest=CharField()
)


def _replay(found: IdempotencyRecord | None, body_digest: str, now: datetime) -> Answer | None:
    if found is None:
        return None
    age = now - found.created_at
    if age > REFUSE_FOR:
        found.delete()
        return None
    if age > REPLAY_FOR:
        raise KeyExpiredError
    if found.body_digest != body_digest:
        raise KeyReusedError
    token = bytes(found.response).decode()
    body: str = settings.KEY_RING.decrypt(
        token, context=_context(found.tenant_id, found.key_digest)
    )
    return Answer(found.status, body.encode())


def _seal(body: bytes, tenant_id: UUID, key_digest: str) -> bytes:
    context = _context(tenant_id, key_digest)
    sealed: str = settings.KEY_RING.encrypt(body.decode(), context=context)
    return sealed.encode()


def _context(tenant_id: UUID, key_digest: str) -> str:
    return f"idempotency:{tenant_id}:{key_digest}"


def prune(now: datetime) -> int:
    """Destroy answers that are no longer replayed and forget keys that are new again; returns the
    number of rows touched.
    """
    touched = 0
    for row in TENANTS_WITH_OLD_KEYS.rows(moment=now - REPLAY_FOR):
        with tenant_tx(row["tenant_id"]):
            old = IdempotencyRecord.objects.filter(created_at__lt=now - REFUSE_FOR)
            stale = IdempotencyRecord.objects.filter(created_at__lt=now - REPLAY_FOR)
            touched += old.delete()[0]
            touched += stale.exclude(response=b"").update(response=b"")
    return touched


class Keyed(NamedTuple):
    """What `run_keyed` returns."""

    status: int
    body: bytes
    replayed: bool


def run_keyed(
    actor: Actor,
    *,
    route: str,
    key: str,
    body_digest: str,
    now: datetime,
    effect: Callable[[], tuple[int, bytes]],
) -> Keyed:
    """Carry out `effect` (returns status and body) once per key, in one transaction with the
    record; a status from 400 up commits what the effect wrote and keeps no answer.
    """
    with keyed(actor, route=route, key=key, body_digest=body_digest, now=now) as slot:
        if slot.replay:
            return Keyed(*slot.replay, replayed=True)
        status, body = effect()
        if status < 400:
            slot.keep(status, body)
        return Keyed(status, body, replayed=False)
