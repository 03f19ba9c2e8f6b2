"""Ending what a person is logged in with: browser sessions and keys of log-ins."""

from datetime import datetime

from allauth.usersessions.models import UserSession

from accounts import queries
from accounts.domain.sessions import PersonSession
from accounts.services.evidence import record_audit
from accounts.services.keys import revoke_key
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode, encode
from core.tenancy import tenant_tx


def end_session(actor: Actor, public_id: str, *, now: datetime) -> None:
    """The session's next request is refused; of a key from a log-in also those that it minted."""
    wanted = decode("sess", public_id)
    with tenant_tx(actor.tenant_id):
        found = next(
            (one for one in queries.list_sessions(actor, now=now) if one.id == wanted), None
        )
        if found is None:
            raise NotFoundError
        _end(actor, found, now=now)


def end_other_sessions(actor: Actor, *, now: datetime) -> int:
    """End all but the one that asks; returns how many."""
    with tenant_tx(actor.tenant_id):
        others = [one for one in queries.list_sessions(actor, now=now) if not one.is_current]
        for one in others:
            _end(actor, one, now=now)
    return len(others)


def _end(actor: Actor, one: PersonSession, *, now: datetime) -> None:
    if one.kind == "browser":
        for row in UserSession.objects.filter(user_id=actor.user_id, pk=one.row):
            row.end()
    else:
        revoke_key(actor, encode("key", one.id), now=now)
    record_audit(
        actor,
        "session.ended",
        now=now,
        target_type="session",
        target_id=encode("sess", one.id),
        facts={"kind": one.kind},
    )
