"""Reads of the room `platforms`: connections, ad accounts, and readers that speak for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.actors import Actor
from core.crypto import DecryptionError, sha256_hex
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.meta.oauth import meta_app
from platforms.meta.reader import MetaReader
from platforms.models import AdAccount, Connection, ConnectLink, PlatformAsset
from platforms.ports import Credentials, Reader

CONNECT_LINK_BY_TOKEN = Lookup(
    "connect_link_by_token",
    sql="SELECT id, tenant_id FROM platforms_connectlink WHERE token_digest = :digest",
    params={"digest": "text"},
    columns={"id": "uuid", "tenant_id": "uuid"},
)
CONNECT_LINK_BY_STATE = Lookup(
    "connect_link_by_state",
    sql="SELECT id, tenant_id FROM platforms_connectlink WHERE state_digest = :digest",
    params={"digest": "text"},
    columns={"id": "uuid", "tenant_id": "uuid"},
)
CONNECTIONS_EXPIRED = Lookup(
    "connections_expired",
    sql="""
    SELECT id, tenant_id FROM platforms_connection
    WHERE status = 'connected' AND token_expires_at <= :moment""",
    params={"moment": "timestamptz"},
    columns={"id": "uuid", "tenant_id": "uuid"},
)
CONNECTIONS_ALIVE = Lookup(
    "connections_alive",
    sql="SELECT id, tenant_id FROM platforms_connection WHERE status = 'connected' ORDER BY id",
    params={},
    columns={"id": "uuid", "tenant_id": "uuid"},
)


@dataclass(frozen=True, slots=True)
class ConnectionAssets:
    """What one connection gives access to."""

    ad_accounts: list[AdAccount]
    pages: list[PlatformAsset]
    pixels: list[PlatformAsset]

    @property
    def by_name(self) -> dict[str, list[Any]]:
        return {"ad_accounts": self.ad_accounts, "pages": self.pages, "pixels": self.pixels}


@dataclass(frozen=True, slots=True)
class LaunchAssets:
    """What an ad account's ads may use; the default is None until it is clear or chosen."""

    pages: list[PlatformAsset]
    pixels: list[PlatformAsset]

    @property
    def page(self) -> PlatformAsset | None:
        return _default(self.pages)

    @property
    def pixel(self) -> PlatformAsset | None:
        return _default(self.pixels)


def _default(assets: list[PlatformAsset]) -> PlatformAsset | None:
    return next((asset for asset in assets if asset.is_default), None)


def list_connections(actor: Actor, business_id: UUID | None = None) -> QuerySet[Connection]:
    """Connections the actor may see that were not disconnected, newest first."""
    rows = Connection.objects.filter(disconnected_at=None).select_related("business")
    return _visible(rows, actor, business_id).order_by("-created_at", "-id")


def get_connection(actor: Actor, public_id: str) -> Connection:
    """One connection by `conn_…`; NotFoundError for missing, foreign and disconnected ones."""
    row = list_connections(actor).filter(pk=decode("conn", public_id)).first()
    if row is None:
        raise NotFoundError
    return row


def assets_of(connections: Iterable[Connection]) -> dict[UUID, ConnectionAssets]:
    """Ad accounts, pages and pixels of each connection, in two queries."""
    keys = [connection.pk for connection in connections]
    found = {key: ConnectionAssets([], [], []) for key in keys}
    for account in AdAccount.objects.filter(connection_id__in=keys).order_by("name", "id"):
        found[account.connection_id].ad_accounts.append(account)
    for asset in PlatformAsset.objects.filter(connection_id__in=keys).order_by("name", "id"):
        assets = found[asset.connection_id]
        (assets.pages if asset.kind == "page" else assets.pixels).append(asset)
    return found


def get_link(actor: Actor, token: str) -> ConnectLink:
    """The tenant's connect link of a token; raises NotFoundError for any other."""
    row = ConnectLink.objects.filter(token_digest=sha256_hex(token)).first()
    if row is None or not actor.may_see_business(row.business_id):
        raise NotFoundError
    link: ConnectLink = row
    return link


def list_ad_accounts(actor: Actor, business_id: UUID | None = None) -> QuerySet[AdAccount]:
    """Ad accounts of connections that were not disconnected, the default one first."""
    rows = AdAccount.objects.filter(connection__disconnected_at=None)
    rows = rows.select_related("business", "connection")
    return _visible(rows, actor, business_id).order_by("-is_default", "name", "id")


def get_ad_account(actor: Actor, public_id: str) -> AdAccount:
    """One ad account by `acct_…`; raises NotFoundError for missing and foreign ones."""
    row = list_ad_accounts(actor).filter(pk=decode("acct", public_id)).first()
    if row is None:
        raise NotFoundError
    return row


def _visible[M: (Connection, AdAccount)](
    rows: QuerySet[M], actor: Actor, business_id: UUID | None
) -> QuerySet[M]:
    if actor.environment is not None:
        rows = rows.filter(environment=actor.environment)
    if actor.business_id is not None:
        rows = rows.filter(business_id=actor.business_id)
    if actor.business_ids is not None:
        rows = rows.filter(business_id__in=actor.business_ids)
    return rows if business_id is None else rows.filter(business_id=business_id)


def default_ad_account(business_id: UUID) -> AdAccount | None:
    """The account a business launches on, None while it is not clear or not chosen."""
    rows = AdAccount.objects.filter(
        business_id=business_id, is_default=True, connection__disconnected_at=None
    )
    account: AdAccount | None = rows.select_related("business", "connection").first()
    return account


def launch_assets(ad_account: AdAccount) -> LaunchAssets:
    """Pages of the account's connection and pixels of the account itself."""
    rows = PlatformAsset.objects.filter(connection_id=ad_account.connection_id).order_by("name")
    assets = list(rows)
    return LaunchAssets(
        pages=[asset for asset in assets if asset.kind == "page"],
        pixels=[
            asset
            for asset in assets
            if asset.kind == "pixel" and asset.ad_account_external_id == ad_account.external_id
        ],
    )


def token_context(connection: Connection) -> str:
    """What a sealed token is bound to: its tenant and its row."""
    return f"{connection.tenant_id}:{connection.pk}"


def connection_credentials(connection: Connection) -> Credentials:
    """Credentials without an ad account; raises PlatformError `auth` when the grant is gone."""
    if not connection.sealed_token or connection.status in ("expired", "revoked", "disconnected"):
        raise PlatformError("auth", _("The connection has to be renewed."), platform_code="local")
    try:
        token = settings.KEY_RING.decrypt(
            connection.sealed_token, context=token_context(connection)
        )
    except DecryptionError as error:
        raise PlatformError(
            "auth", _("The stored token cannot be opened; connect again."), platform_code="sealed"
        ) from error
    app = meta_app(connection.environment)
    return Credentials(
        access_token=token,
        environment=connection.environment,
        app_id=app.id,
        app_secret=app.secret,
    )


def credentials(ad_account: AdAccount) -> Credentials:
    """What a reader or writer of the account needs. Opens its own tenant scope where none is open;
    raises PlatformError `auth`.
    """
    with tenant_tx(ad_account.tenant_id, readonly=True):
        row = AdAccount.objects.select_related("connection", "business").get(pk=ad_account.pk)
    grant = connection_credentials(row.connection)
    return Credentials(
        access_token=grant.access_token,
        environment=grant.environment,
        app_id=grant.app_id,
        app_secret=grant.app_secret,
        account=row.external_id,
        timezone=row.timezone,
        advertiser=row.business.name,
    )


def open_reader(ad_account: AdAccount, *, timeout_s: float = 20.0) -> Reader:
    """A reader of the account's platform; call it outside any transaction. `timeout_s` bounds each
    of its calls.
    """
    return MetaReader(credentials(ad_account), timeout_s=timeout_s)
