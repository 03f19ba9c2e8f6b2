"""What /platforms answers."""

from typing import Annotated

import pydantic

from core.shapes import Answer, Currency, Environment, Message, OneOf, Page, Time, an_id

PLATFORM_MEANINGS = {
    "facebook": "Meta; one connection serves Facebook and Instagram",
    "instagram": "Meta; one connection serves Facebook and Instagram",
    "meta": "Meta; one connection serves Facebook and Instagram",
    "tiktok": "TikTok; cannot be connected yet",
    "reddit": "Reddit; cannot be connected yet",
    "apple": "Apple; cannot be connected yet",
}
type Platform = Annotated[str, OneOf(PLATFORM_MEANINGS)]
ConnectionId = Annotated[str, an_id("conn")]
type ConnectionStatus = Annotated[
    str,
    OneOf(
        {
            "connected": "in use",
            "expired": "the platform no longer takes the token; connect again",
            "revoked": "the person took the access back at the platform",
            "disconnected": "was disconnected here",
            "error": "the platform refuses it",
        }
    ),
]
AccountStatus = Annotated[
    str,
    pydantic.Field(
        description="The platform's word for it: `active` accounts can spend; `disabled`, "
        "`unsettled` and `closed` ones cannot."
    ),
]


class Connecting(Message):
    """A link that a person opens to agree at the platform."""

    status: Annotated[str, OneOf({"pending": "waits for the person"})]
    platform: Platform
    connect_url: str
    token: Annotated[str, pydantic.Field(description="Asks for the link's status.")]
    expires_at: Time


class ConnectStatus(Message):
    """What became of a link."""

    status: Annotated[
        str,
        OneOf(
            {
                "pending": "waits for the person",
                "connected": "the platform is connected",
                "expired": "the link is too old; connect again",
            }
        ),
    ]
    platform: Platform
    last_error: Annotated[
        str | None, pydantic.Field(description="Why the last try at the platform failed.")
    ] = None
    connection_id: ConnectionId | None = None


class AdAccount(Answer):
    """An ad account that the connection reaches."""

    id: Annotated[str, an_id("acct")]
    external_id: Annotated[str, pydantic.Field(description="The platform's own id.")]
    name: str
    currency: Currency
    timezone: str
    status: AccountStatus
    is_default: bool


class Asset(Answer):
    """A page or pixel that the connection reaches."""

    external_id: Annotated[str, pydantic.Field(description="The platform's own id.")]
    name: str
    is_default: bool
    ad_account_external_id: Annotated[
        str | None, pydantic.Field(description="The ad account a pixel belongs to.")
    ] = None


class Connection(Answer):
    """A platform that a person connected for one business."""

    id: ConnectionId
    platform: Platform
    covers: list[Platform]
    status: ConnectionStatus
    environment: Environment
    business_id: Annotated[str, an_id("biz")]
    account_holder: str
    scopes: Annotated[list[str], pydantic.Field(description="What the platform granted.")]
    token_expires_at: Time | None
    connected_at: Time
    checked_at: Time | None
    synced_at: Time | None
    ad_accounts: list[AdAccount]
    pages: list[Asset]
    pixels: list[Asset]


class ConnectionPage(Page[Connection]):
    """Connections."""


class Health(Message):
    """Whether the platform accepts the connection now."""

    id: ConnectionId
    platform: Platform
    status: ConnectionStatus
    healthy: bool
    error_code: str | None
    token_expires_at: Time | None
    checked_at: Time | None
