"""A connection's life: stored, found expired, checked, disconnected. Tokens are sealed to their
row.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.models import Business
from accounts.services.evidence import emit, record_audit
from core.actors import Actor, system_actor
from core.errors import ConflictError
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.meta.reader import MetaReader
from platforms.models import Connection
from platforms.ports import Token
from platforms.presenters import event_json
from platforms.queries import CONNECTIONS_EXPIRED, connection_credentials, token_context
from platforms.services.uses import Use, uses_of

HEALTH_TIMEOUT_S = 5.0
SHOWN = 20


def store_grant(business: Business, platform: str, *, token: Token, now: datetime) -> Connection:
    """Save a fresh token inside the caller's transaction.

    A business has one living connection per platform: consent again renews its row, and so does
    consent of the same person after a disconnect, so that campaigns keep their ad accounts.
    """
    connection = _row_to_renew(business, platform, token) or Connection(
        tenant_id=business.tenant_id,
        business=business,
        platform=platform,
        environment=business.environment,
        created_at=now,
    )
    connection.status = "connected"
    connection.external_user_id = token.external_user_id
    connection.external_user_name = token.external_user_name[:200]
    connection.scopes = list(token.scopes)
    connection.token_expires_at = token.expires_at
    connection.sealed_token = settings.KEY_RING.encrypt(
        token.access_token, context=token_context(connection)
    )
    connection.error_code = connection.error_message = ""
    connection.checked_at, connection.disconnected_at = now, None
    connection.save()
    return connection


def _row_to_renew(business: Business, platform: str, token: Token) -> Connection | None:
    rows = Connection.objects.select_for_update().filter(business=business, platform=platform)
    living: Connection | None = rows.filter(disconnected_at=None).first()
    if living is not None:
        return living
    same_person = rows.filter(external_user_id=token.external_user_id)
    former: Connection | None = same_person.order_by("-disconnected_at").first()
    return former


def record(
    actor: Actor,
    connection: Connection,
    event_type: str,
    *,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    """Outbox event and audit row of a change to a connection, last in its transaction."""
    public_id = connection.public_id
    emit(
        event_type,
        event_json(connection),
        tenant_id=connection.tenant_id,
        environment=connection.environment,
        now=now,
        business_id=connection.business_id,
        target_id=public_id,
    )
    record_audit(
        actor,
        event_type,
        now=now,
        target_type="connection",
        target_id=public_id,
        business_id=connection.business_id,
        facts={"platform": connection.platform, **(facts or {})},
        detail={"external_user": connection.external_user_name},
    )


class ConnectionInUseError(ConflictError):
    """Without the token neither a person nor the kill switch could stop what runs."""

    code = "connection_in_use"
    message = "Campaigns run through this connection, or changes to them are on their way."
    hint = "Pause them and wait until that is done; or ask a person to disconnect in the dashboard."

    def __init__(self, uses: list[Use]) -> None:
        self.uses = uses
        shown = [{"id": use.public_id, "name": use.name} for use in uses[:SHOWN]]
        super().__init__(details={"campaigns": shown, "count": len(uses)})


def disconnect(
    actor: Actor, connection: Connection, *, now: datetime, with_uses: bool = False
) -> None:
    """Forget the token for good; campaigns stay and can be read again after a new consent. The
    grant at the platform itself is the person's to withdraw there.

    Raises ConnectionInUseError while something needs the token, unless a person who was told
    (`with_uses`) wants it so.
    """
    with tenant_tx(actor.tenant_id):
        ended = Connection.objects.filter(pk=connection.pk, disconnected_at=None).update(
            status="disconnected", sealed_token="", token_expires_at=None, disconnected_at=now
        )
        # Read after the update: a dispatch that found the token until then is seen here.
        uses = uses_of(connection.pk) if ended else []
        if uses and not (with_uses and actor.is_person):
            raise ConnectionInUseError(uses)
        if ended:
            connection.status = "disconnected"
            facts = {"still_running": len(uses)}
            record(actor, connection, "connection.disconnected", now=now, facts=facts)


def mark_expired(
    tenant_id: UUID, connection_id: UUID, *, now: datetime, error: PlatformError | None = None
) -> bool:
    """Note that the platform takes the token no longer; says so once. True when it was news."""
    with tenant_tx(tenant_id):
        rows = Connection.objects.filter(pk=connection_id, status="connected")
        code, message = (error.platform_code, error.message) if error else ("", "")
        if not rows.update(
            status="expired", error_code=code[:40], error_message=message[:300], checked_at=now
        ):
            return False
        connection = Connection.objects.get(pk=connection_id)
        actor = system_actor(tenant_id, name="platforms")
        record(actor, connection, "connection.expired", now=now, facts={"platform_code": code})
        return True


def expire_due(now: datetime) -> int:
    """Mark every connection whose token's lifetime is over; returns how many."""
    due = CONNECTIONS_EXPIRED.rows(moment=now)
    return sum(mark_expired(row["tenant_id"], row["id"], now=now) for row in due)


def check_health(connection: Connection, *, now: datetime) -> Connection:
    """Ask the platform whether it still takes the token, and note the answer.

    Call it outside any transaction. A platform that does not answer changes the error, not the
    status.
    """
    try:
        reader = MetaReader(connection_credentials(connection), timeout_s=HEALTH_TIMEOUT_S)
        reader.list_accounts()
        error = None
    except PlatformError as problem:
        error = problem
    if error is not None and error.kind == "auth" and connection.status == "connected":
        mark_expired(connection.tenant_id, connection.pk, now=now, error=error)
    with tenant_tx(connection.tenant_id):
        if error is None or error.kind != "auth":
            Connection.objects.filter(pk=connection.pk).update(
                checked_at=now,
                error_code=error.platform_code[:40] or error.kind if error else "",
                error_message=error.message[:300] if error else "",
            )
        connection.refresh_from_db()
    return connection
