"""What a platform connector offers: one Protocol per capability, plain values in and out.

Money crosses as `core.money.Money`, days as dates in the ad account's zone, statuses as ACTIVE,
PAUSED, ARCHIVED,
DELETED. Every method raises `platforms.errors.PlatformError`. Writers are reached through
`campaigns.dispatch` only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a connector needs to speak for one connection; its host follows `environment`.

    Where the credentials are one ad account's, `account` is the platform's id of it, `timezone` its
    zone (days become times in it) and `advertiser` who is named as its beneficiary and payer.
    """

    access_token: str = field(repr=False)
    environment: str
    app_id: str = ""
    app_secret: str = field(default="", repr=False)
    account: str = ""
    timezone: str = "UTC"
    advertiser: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    external_id: str
    name: str
    currency: str
    timezone: str
    status: str  # active, disabled, unsettled, closed


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAsset:
    external_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSpec:
    """A campaign to create, paused. `start_date` and `end_date` bound delivery in the account's
    zone.
    """

    name: str
    objective: str
    budget_type: str  # daily, lifetime
    budget: Money
    start_date: date | None = None
    end_date: date | None = None
    special_ad_categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdSetSpec:
    """An ad set to create, paused. `targeting` is the Agent API's shape, `platforms` facebook
    and instagram. `objective` is the campaign's and decides what delivery is optimised for.
    """

    name: str
    campaign_external_id: str
    objective: str
    targeting: dict[str, object]
    platforms: tuple[str, ...]
    page_id: str
    pixel_id: str
    start_date: date | None = None
    end_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreativeSpec:
    name: str
    page_id: str
    headline: str
    primary_text: str
    description: str
    link_url: str
    call_to_action: str
    image_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdSpec:
    """An ad to create, paused. `link_url` is the creative's, for platforms that want the domain
    where conversions happen.
    """

    name: str
    ad_set_external_id: str
    creative_external_id: str
    link_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A partial update of one object; None leaves a field alone. `budget` needs `budget_type`.
    `status` travels alone, in `set_status`.
    """

    name: str | None = None
    budget_type: str | None = None
    budget: Money | None = None
    start_date: date | None = None
    end_date: date | None = None
    targeting: dict[str, object] | None = None
    platforms: tuple[str, ...] = ()
    creative_external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteObject:
    """An object as the platform shows it now. `name` has its tag stripped, `tag` is empty where
    there is none.
    """

    object_type: str  # campaign, ad_set, creative, ad
    external_id: str
    name: str
    tag: str = ""
    parent_external_id: str = ""
    status: str = ""
    effective_status: str = ""
    budget_type: str = ""
    budget: Money | None = None
    start_date: date | None = None
    end_date: date | None = None
    targeting_digest: str = ""
    creative_external_id: str = ""
    issues: tuple[dict[str, str], ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightRow:
    """Delivery of one ad on one day of the account's zone on one publisher platform."""

    ad_external_id: str
    day: date
    publisher_platform: str
    impressions: int
    clicks: int
    spend: Money
    conversions: int
    conversion_value: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    access_token: str = field(repr=False)
    expires_at: datetime | None
    scopes: tuple[str, ...] = ()
    external_user_id: str = ""
    external_user_name: str = ""


class OAuth(Protocol):
    """The consent flow of a platform."""

    def authorize_url(self, *, environment: str, redirect_uri: str, state: str) -> str: ...
    def exchange(
        self, *, environment: str, redirect_uri: str, code: str, now: datetime
    ) -> Token: ...


class Reader(Protocol):
    """Reads of one connection. `read_lag_s` is how late a list may show a fresh create."""

    read_lag_s: int

    def list_accounts(self) -> list[AccountInfo]: ...
    def list_pages(self) -> list[NamedAsset]: ...
    def list_pixels(self, account: str) -> list[NamedAsset]: ...
    def read(self, object_type: str, external_id: str, *, currency: str) -> RemoteObject: ...
    def read_many(
        self, account: str, object_type: str, ids: Iterable[str], *, currency: str
    ) -> list[RemoteObject]: ...
    def find_by_tag(
        self, account: str, object_type: str, tag: str, *, currency: str, parent: str = ""
    ) -> list[RemoteObject]:
        """Every object that carries `tag`, oldest first. `parent` (the campaign of an ad set, the
        ad set of an ad) narrows the search.
        """
        ...

    def find_image(self, account: str, image_hash: str) -> str: ...
    def insights(
        self, account: str, *, since: date, until: date, currency: str
    ) -> Iterator[InsightRow]: ...
    def platform_now(self) -> datetime: ...


class Writer(Protocol):
    """Changes at one connection. Creates are made paused, carry `tag`, and return the
    platform's id.

    Raises PlatformError `unknown` whenever the platform may have acted (see `if_absent_kind`), also
    for updates: read the object before anything is sent again.
    """

    def create_campaign(self, account: str, spec: CampaignSpec, *, tag: str) -> str: ...
    def create_ad_set(self, account: str, spec: AdSetSpec, *, tag: str) -> str: ...
    def upload_image(self, account: str, *, name: str, content: bytes) -> str: ...
    def create_creative(self, account: str, spec: CreativeSpec, *, tag: str) -> str: ...
    def create_ad(self, account: str, spec: AdSpec, *, tag: str) -> str: ...
    def update(self, object_type: str, external_id: str, changes: Changes) -> None: ...
    def set_status(self, object_type: str, external_id: str, status: str) -> None: ...
