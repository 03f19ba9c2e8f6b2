"""Meta's consent flow: authorisation code, then a long-lived token; there is no refresh token."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from core.text import visible
from platforms.errors import PlatformError
from platforms.meta.client import MetaClient
from platforms.ports import Credentials, Token

SCOPES = (
    "ads_management",
    "ads_read",
    "business_management",
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_ads",
)


@dataclass(frozen=True, slots=True)
class MetaApp:
    """The app at Meta, or at the simulator, that people give consent to."""

    id: str
    secret: str = field(repr=False)


def meta_app(environment: str) -> MetaApp:
    """The app of an environment; raises `permission` where the operator configured none."""
    if environment == "test":
        return MetaApp(settings.SIM_APP_ID, settings.SIM_APP_SECRET)
    if not settings.META_APP_ID or not settings.META_APP_SECRET:
        raise PlatformError(
            "permission",
            _("This installation has no Meta app: set META_APP_ID and META_APP_SECRET."),
            platform_code="no_app",
        )
    return MetaApp(settings.META_APP_ID, settings.META_APP_SECRET)


class MetaOAuth:
    """`platforms.ports.OAuth` for Meta."""

    def authorize_url(self, *, environment: str, redirect_uri: str, state: str) -> str:
        """Where the person's browser goes to consent."""
        base = settings.META_DIALOG_URL
        if environment == "test":
            base = settings.SIMULATOR_PUBLIC_URL or settings.SIMULATOR_URL
        query = {
            "client_id": meta_app(environment).id,
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
            "scope": ",".join(SCOPES),
        }
        return f"{base}/{settings.META_API_VERSION}/dialog/oauth?{urlencode(query)}"

    def exchange(self, *, environment: str, redirect_uri: str, code: str, now: datetime) -> Token:
        """A token of about 60 days for a consent code. `expires_at` is None for one that does not
        expire.
        """
        app = meta_app(environment)
        own = {"client_id": app.id, "client_secret": app.secret}
        client = MetaClient(
            Credentials(access_token=f"{app.id}|{app.secret}", environment=environment)
        )
        short = _token(
            client.get("oauth/access_token", {**own, "redirect_uri": redirect_uri, "code": code})
        )
        exchange = {"grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
        long = _token(client.get("oauth/access_token", {**own, **exchange}))
        token = long["access_token"]
        about = client.get("debug_token", {"input_token": token}).get("data") or {}
        person = MetaClient(
            Credentials(
                access_token=token,
                environment=environment,
                app_id=app.id,
                app_secret=app.secret,
            )
        ).get("me", {"fields": "id,name"})
        return Token(
            access_token=token,
            expires_at=_expiry(long, about, now),
            scopes=tuple(str(scope) for scope in about.get("scopes") or ()),
            external_user_id=str(person["id"]),
            external_user_name=visible(str(person.get("name", ""))),
        )


def _token(reply: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(reply.get("access_token"), str) or not reply["access_token"]:
        raise PlatformError("unavailable", _("Meta sent no token."))
    return reply


def _expiry(reply: dict[str, Any], about: dict[str, Any], now: datetime) -> datetime | None:
    """By the exchange's own lifetime, else by the token's description; 0 means never."""
    if reply.get("expires_in"):
        return now + timedelta(seconds=int(reply["expires_in"]))
    stamp = int(about.get("expires_at") or 0)
    return datetime.fromtimestamp(stamp, UTC) if stamp else None
