"""What /auth and /account answer."""

from typing import Annotated

import pydantic

from accounts.domain.scopes import SCOPE_WORDS
from core.shapes import Answer, Currency, Environment, Message, OneOf, Page, Time, an_id

KeyId = Annotated[str, an_id("key")]
BusinessId = Annotated[str, an_id("biz")]
Token = Annotated[
    str,
    pydantic.Field(
        description="The key itself, `aa_live_…` or `aa_test_…`: shown in this answer only."
    ),
]
type Scope = Annotated[str, OneOf(SCOPE_WORDS)]
type KeyPurpose = Annotated[
    str,
    OneOf(
        {
            "registration": "came with the account",
            "login": "came from POST /auth/login and expires",
            "minted": "was made by a person or by another key",
        }
    ),
]


type SessionKind = Annotated[
    str,
    OneOf({"browser": "a session of the dashboard", "key": "a key from POST /auth/login"}),
]


class User(Answer):
    """A person."""

    id: Annotated[str, an_id("user")]
    email: str
    first_name: str
    last_name: str
    enabled: Annotated[bool, pydantic.Field(description="Whether the address is verified.")]
    created_at: Time


class Registered(Message):
    """A new account, not yet verified, and its first key."""

    user: User
    api_key: Token


class Verified(Message):
    """The account whose address is verified."""

    user: User


class LoggedIn(Answer):
    """A key for this log-in."""

    user: User
    api_key: Token
    scopes: list[Scope]
    expires_at: Time | None


class Key(Answer):
    """A key without its secret."""

    id: KeyId
    name: str
    key_hint: Annotated[str, pydantic.Field(description="Enough of the key to recognise it.")]
    environment: Environment
    scopes: list[Scope]
    business_id: Annotated[
        str | None, pydantic.Field(description="The only business it reaches; null for all.")
    ]
    purpose: KeyPurpose
    active: Annotated[bool, pydantic.Field(description="Neither revoked nor expired.")]
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    last_used_at: Time | None


class NewKey(Key):
    """A key and its secret."""

    api_key: Token


class RotatedKey(NewKey):
    """The new key; the one it replaces works until the grace is over."""

    replaces: KeyId


class KeyPage(Page[Key]):
    """Keys."""


class Session(Answer):
    """A place where the key's person is logged in."""

    id: Annotated[str, an_id("sess")]
    kind: SessionKind
    name: Annotated[str, pydantic.Field(description="The browser in words, or the key's name.")]
    address: Annotated[str | None, pydantic.Field(description="Where a browser came from.")]
    current: Annotated[bool, pydantic.Field(description="Whether it is the key that asks.")]
    created_at: Time
    last_used_at: Time | None
    expires_at: Time | None


class SessionPage(Page[Session]):
    """Sessions."""


class SessionsEnded(Answer):
    """How many sessions were ended."""

    ended: int


class Business(Answer):
    """A business: what ad accounts, campaigns and policies belong to."""

    id: BusinessId
    name: str
    environment: Environment
    currency: Currency
    created_at: Time


class NewBusiness(Business, Message):
    """A business that was just made."""


class BusinessPage(Page[Business]):
    """Businesses."""


class Organization(Answer):
    """Whom the account belongs to."""

    id: Annotated[str, an_id("ten")]
    name: str


class OwnKey(Answer):
    """The key of this request."""

    id: KeyId
    name: str
    scopes: list[Scope]
    business_id: BusinessId | None


class Profile(Answer):
    """Who calls, and with what."""

    user: User
    organization: Organization
    environment: Environment
    plan: Annotated[str, pydantic.Field(description="The plan's slug; see GET /billing/plans.")]
    key: OwnKey
