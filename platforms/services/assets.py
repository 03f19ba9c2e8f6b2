"""What a grant gives access to: ad accounts, pages, pixels, and which of them are the defaults."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.services.evidence import record_audit
from core.actors import Actor
from core.errors import InvalidError, NotFoundError
from core.ids import decode
from core.tenancy import tenant_tx
from platforms.meta.reader import MetaReader
from platforms.models import AdAccount, Connection, PlatformAsset
from platforms.ports import AccountInfo, Credentials, NamedAsset
from platforms.queries import connection_credentials

REMOVED = "removed"  # the person shares it no longer


@dataclass(frozen=True, slots=True)
class RemoteAssets:
    """What the platform lists for one grant."""

    accounts: Sequence[AccountInfo]
    pages: Sequence[NamedAsset]
    pixels: Sequence[tuple[str, NamedAsset]]  # (ad account, pixel)


def read_assets(credentials: Credentials) -> RemoteAssets:
    """Ask the platform; no transaction may be open. Raises PlatformError."""
    reader = MetaReader(credentials)
    accounts = reader.list_accounts()
    usable = [account.external_id for account in accounts if account.status == "active"]
    return RemoteAssets(
        accounts=accounts,
        pages=reader.list_pages(),
        pixels=[(account, pixel) for account in usable for pixel in reader.list_pixels(account)],
    )


def save_assets(connection: Connection, remote: RemoteAssets, *, now: datetime) -> None:
    """Bring our rows in line inside the caller's transaction; nothing is deleted that campaigns may
    point at. Exactly one usable of a kind becomes the default where none is chosen.
    """
    _save_accounts(connection, remote.accounts, now)
    pages = [("page", "", page) for page in remote.pages]
    pixels = [("pixel", account, pixel) for account, pixel in remote.pixels]
    _save_platform_assets(connection, [*pages, *pixels])
    _set_clear_defaults(connection)


def _save_accounts(connection: Connection, accounts: Sequence[AccountInfo], now: datetime) -> None:
    rows = [
        AdAccount(
            tenant_id=connection.tenant_id,
            connection=connection,
            business_id=connection.business_id,
            platform=connection.platform,
            environment=connection.environment,
            external_id=account.external_id,
            name=account.name[:200],
            currency=account.currency,
            timezone=account.timezone,
            status=account.status,
            created_at=now,
        )
        for account in accounts
    ]
    AdAccount.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["tenant", "connection", "external_id"],
        update_fields=["name", "currency", "timezone", "status"],
    )
    mine = AdAccount.objects.filter(connection=connection)
    gone = mine.exclude(external_id__in=[account.external_id for account in accounts])
    gone.update(status=REMOVED, is_default=False)


def _save_platform_assets(
    connection: Connection, assets: Sequence[tuple[str, str, NamedAsset]]
) -> None:
    rows = [
        PlatformAsset(
            tenant_id=connection.tenant_id,
            connection=connection,
            business_id=connection.business_id,
            kind=kind,
            external_id=asset.external_id,
            name=asset.name[:200],
            ad_account_external_id=account,
        )
        for kind, account, asset in assets
    ]
    PlatformAsset.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["tenant", "connection", "kind", "external_id", "ad_account_external_id"],
        update_fields=["name"],
    )
    listed = {(kind, account, asset.external_id) for kind, account, asset in assets}
    for row in PlatformAsset.objects.filter(connection=connection):
        if (row.kind, row.ad_account_external_id, row.external_id) not in listed:
            row.delete()


def _set_clear_defaults(connection: Connection) -> None:
    """One of a kind is a clear choice; a business that has a default keeps it."""
    accounts = AdAccount.objects.filter(
        business_id=connection.business_id, connection__disconnected_at=None
    )
    usable = list(accounts.filter(status="active")[:2])
    if len(usable) == 1 and not accounts.filter(is_default=True).exists():
        AdAccount.objects.filter(pk=usable[0].pk).update(is_default=True)
    groups: dict[tuple[str, str], list[PlatformAsset]] = {}
    for asset in PlatformAsset.objects.filter(connection=connection):
        groups.setdefault((asset.kind, asset.ad_account_external_id), []).append(asset)
    for assets in groups.values():
        if len(assets) == 1 and not assets[0].is_default:
            PlatformAsset.objects.filter(pk=assets[0].pk).update(is_default=True)


def refresh_assets(tenant_id: UUID, connection_id: UUID, *, now: datetime) -> None:
    """Read the grant's accounts, pages and pixels again. Call it outside any transaction; raises
    PlatformError.
    """
    with tenant_tx(tenant_id, readonly=True):
        connection = Connection.objects.get(pk=connection_id)
    remote = read_assets(connection_credentials(connection))
    with tenant_tx(tenant_id):
        save_assets(connection, remote, now=now)


def choose_defaults(
    actor: Actor,
    connection: Connection,
    *,
    ad_account_id: str = "",
    page_id: str = "",
    pixel_id: str = "",
    now: datetime,
) -> None:
    """Make an ad account (`acct_…`), page or pixel (the platform's id) what launches use.

    A pixel is chosen for the ad accounts that list it. Raises InvalidError for one that this
    connection does not have, and for an ad account that is not active.
    """
    with tenant_tx(actor.tenant_id):
        if ad_account_id:
            _choose_account(connection, ad_account_id)
        if page_id:
            _choose_asset(connection, "page", page_id)
        if pixel_id:
            _choose_asset(connection, "pixel", pixel_id)
        record_audit(
            actor,
            "connection.defaults_chosen",
            now=now,
            target_type="connection",
            target_id=connection.public_id,
            business_id=connection.business_id,
            facts={"ad_account_id": ad_account_id, "page_id": page_id, "pixel_id": pixel_id},
        )


def _choose_account(connection: Connection, public_id: str) -> None:
    try:
        key = decode("acct", public_id)
    except NotFoundError:
        key = None
    rows = AdAccount.objects.filter(connection=connection, pk=key, status="active")
    if key is None or not rows.exists():
        raise InvalidError(
            _("This connection has no active ad account with that id."), field="ad_account_id"
        )
    AdAccount.objects.filter(business_id=connection.business_id).exclude(pk=key).update(
        is_default=False
    )
    rows.update(is_default=True)


def _choose_asset(connection: Connection, kind: str, external_id: str) -> None:
    rows = PlatformAsset.objects.filter(connection=connection, kind=kind)
    chosen = rows.filter(external_id=external_id)
    accounts = list(chosen.values_list("ad_account_external_id", flat=True))
    if not accounts:
        raise InvalidError(
            _("This connection has no %(kind)s with that id.") % {"kind": kind},
            field=f"{kind}_id",
        )
    rows.filter(ad_account_external_id__in=accounts).update(is_default=False)
    chosen.update(is_default=True)
