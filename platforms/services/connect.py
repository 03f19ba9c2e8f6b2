"""Consent by link: made by an agent or a button, opened in a browser, finished by the platform's
answer.

A link works for an hour and until a consent through it has succeeded. Token and OAuth state are
stored as digests; the state is made at each opening, bound to that browser, and used once.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Business, Membership
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from core.actors import Actor, ActorKind, Channel, Role
from core.crypto import sha256_hex
from core.errors import AppError, InvalidError
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.domain.words import AVAILABLE, PLATFORM_WORDS, available_words
from platforms.errors import PlatformError
from platforms.meta.oauth import MetaOAuth, meta_app
from platforms.models import Connection, ConnectLink
from platforms.ports import Credentials, Token
from platforms.queries import CONNECT_LINK_BY_STATE, CONNECT_LINK_BY_TOKEN
from platforms.services.assets import RemoteAssets, read_assets, save_assets
from platforms.services.grants import record, store_grant

log = structlog.get_logger(__name__)
LINK_LIFE = timedelta(hours=1)
SHOWN_ACCOUNTS = 20
NEEDED_SCOPE = "ads_management"


class LinkEndedError(AppError):
    """The link is unknown, too old or already used: the three are not told apart."""

    code = "connect_link_ended"
    status = 410
    message = "This connection link has expired or was already used."
    hint = "Request a new connection."


class ConsentError(AppError):
    """The platform's consent did not lead to a connection; the link still works."""

    code = "consent_failed"
    status = 422


@dataclass(frozen=True, slots=True)
class StartedConnect:
    """A new link; `token` and `url` exist here only."""

    link: ConnectLink
    token: str
    url: str


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """Where to send the browser, and the state it must come back with."""

    authorize_url: str
    state: str


def platform_of(word: str) -> str:
    """The platform of a word of the API; raises InvalidError where it cannot be connected."""
    platform = PLATFORM_WORDS.get(word.lower(), "")
    if platform in AVAILABLE:
        return platform
    available = available_words()
    if platform:
        raise InvalidError(
            _("%(platform)s cannot be connected yet.") % {"platform": word},
            field="platform",
            code="platform_not_available",
            details={"available": available},
        )
    raise InvalidError(
        _("%(platform)s is not a platform.") % {"platform": word[:40]},
        field="platform",
        code="platform_unknown",
        details={"available": available},
    )


def callback_url(platform: str) -> str:
    """The address the platform sends the browser back to; it has to be registered there."""
    return settings.PUBLIC_URL + reverse("platform-callback", args=[platform])


def start_connect(
    actor: Actor, business: Business, word: str, *, mail_to: str = "", now: datetime
) -> StartedConnect:
    """Make a link for `business`, and mail it where `mail_to` is given.

    Raises InvalidError `platform_not_available` or `platform_not_configured`.
    """
    platform = platform_of(word)
    try:
        meta_app(business.environment)
    except PlatformError as error:
        raise InvalidError(error.message, code="platform_not_configured") from error
    token = secrets.token_hex(16)
    url = f"{settings.PUBLIC_URL}/api/v1/platforms/{word.lower()}/setup?token={token}"
    with tenant_tx(actor.tenant_id):
        link = ConnectLink.objects.create(
            tenant_id=actor.tenant_id,
            business=business,
            platform=platform,
            environment=business.environment,
            token_digest=sha256_hex(token),
            created_by=actor.id,
            created_at=now,
            expires_at=now + LINK_LIFE,
        )
        if mail_to:
            queue_mail("connect", mail_to, {"link": url, "business": business.name}, now=now)
        record_audit(
            actor,
            "connection.requested",
            now=now,
            target_type="business",
            target_id=encode("biz", business.pk),
            business_id=business.pk,
            facts={"platform": platform, "mailed": bool(mail_to)},
        )
    return StartedConnect(link, token, url)


def _found(row: dict[str, Any] | None) -> tuple[UUID, UUID]:
    if row is None:
        raise LinkEndedError
    return row["tenant_id"], row["id"]


def open_link(token: str, *, now: datetime) -> OpenedLink:
    """Begin a consent: a fresh state each time, the earlier one is void. Raises LinkEndedError."""
    tenant_id, link_id = _found(CONNECT_LINK_BY_TOKEN.one(digest=sha256_hex(token)))
    state = secrets.token_hex(32)
    with tenant_tx(tenant_id):
        alive = ConnectLink.objects.filter(pk=link_id, connected_at=None, expires_at__gt=now)
        if not alive.update(state_digest=sha256_hex(state), opened_at=now):
            raise LinkEndedError
        link = ConnectLink.objects.get(pk=link_id)
    url = MetaOAuth().authorize_url(
        environment=link.environment, redirect_uri=callback_url(link.platform), state=state
    )
    return OpenedLink(url, state)


def finish_connect(state: str, *, code: str, now: datetime) -> Connection:
    """Turn a consent code into a connection with its accounts, pages and pixels.

    Calls the platform between two transactions. Raises LinkEndedError for a state that was used or
    is too old, and ConsentError, with the link still working, when the platform does not give what
    is needed.
    """
    tenant_id, link_id = _found(CONNECT_LINK_BY_STATE.one(digest=sha256_hex(state)))
    link = _take_state(tenant_id, link_id, digest=sha256_hex(state), now=now)
    try:
        token, remote = _consented(link, code, now)
    except (ConsentError, PlatformError) as error:
        with tenant_tx(tenant_id):
            ConnectLink.objects.filter(pk=link_id).update(failed_reason=error.message[:300])
        raise ConsentError(error.message) from error
    actor = _holder(link)
    with tenant_tx(tenant_id):
        connection = store_grant(link.business, link.platform, token=token, now=now)
        save_assets(connection, remote, now=now)
        ConnectLink.objects.filter(pk=link_id).update(
            connected_at=now, connection=connection, failed_reason=""
        )
        facts = {"requested_by": link.created_by, "ad_accounts": len(remote.accounts)}
        record(actor, connection, "connection.connected", now=now, facts=facts)
        _tell_owners(connection, [account.name for account in remote.accounts], now=now)
    return connection


def _tell_owners(connection: Connection, accounts: list[str], *, now: datetime) -> None:
    """The link may have been passed on: who was let in at the platform is said to the owners."""
    owners = Membership.objects.filter(role=Role.OWNER, user__is_active=True)
    for owner in owners.select_related("user", "tenant"):
        context = {
            "person": connection.external_user_name,
            "platform": "Facebook",
            "business": connection.business.name,
            "organisation": owner.tenant.name,
            "accounts": ", ".join(accounts[:SHOWN_ACCOUNTS]),
            "url": settings.PUBLIC_URL + reverse("connections"),
        }
        queue_mail("connected", owner.user.email, context, now=now)


def _take_state(tenant_id: UUID, link_id: UUID, *, digest: str, now: datetime) -> ConnectLink:
    """The link with its business; its state is used up from here on."""
    with tenant_tx(tenant_id):
        mine = ConnectLink.objects.filter(
            pk=link_id, state_digest=digest, connected_at=None, expires_at__gt=now
        )
        if not mine.update(state_digest=None):
            raise LinkEndedError
        link: ConnectLink = ConnectLink.objects.select_related("business").get(pk=link_id)
        return link


def _consented(link: ConnectLink, code: str, now: datetime) -> tuple[Token, RemoteAssets]:
    """Token and assets of a consent, by calls to the platform."""
    if not code:
        raise ConsentError(_("The authorization was declined."))
    redirect_uri = callback_url(link.platform)
    token = MetaOAuth().exchange(
        environment=link.environment, redirect_uri=redirect_uri, code=code, now=now
    )
    if NEEDED_SCOPE not in token.scopes:
        raise ConsentError(
            _("The permission %(scope)s was not granted; without it nothing can be managed.")
            % {"scope": NEEDED_SCOPE}
        )
    app = meta_app(link.environment)
    grant = Credentials(
        access_token=token.access_token,
        environment=link.environment,
        app_id=app.id,
        app_secret=app.secret,
    )
    return token, read_assets(grant)


def _holder(link: ConnectLink) -> Actor:
    """Whoever opened the link and consented: known to the platform, not to us."""
    return Actor(
        kind=ActorKind.PLATFORM,
        id=f"connect_link:{link.pk.hex}",
        tenant_id=link.tenant_id,
        channel=Channel.DASHBOARD,
        request_id="",
        label="connect link",
    )
