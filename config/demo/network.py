"""The simulated ad network as the demo plays it: a person per business, days that pass."""

from datetime import datetime
from typing import Any

import httpx2 as httpx  # noqa: TID251 - speaks to the demo's own child process
from django.conf import settings

from accounts.models import Business
from core.tenancy import tenant_tx
from platforms.meta.oauth import meta_app
from platforms.models import Connection
from platforms.ports import Credentials, Token
from platforms.services.assets import read_assets, save_assets
from platforms.services.grants import store_grant

STEP_TIMEOUT_S = 300


def control(method: str, path: str, **body: Any) -> dict[str, Any]:
    """One call of the simulator's control API."""
    answer = httpx.request(
        method,
        f"{settings.SIMULATOR_URL}/_sim/{path}",
        headers={"X-Sim-Token": settings.SIMULATOR_TRUTH_TOKEN},
        json=body,
        timeout=STEP_TIMEOUT_S,
        trust_env=False,
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def advance(days: int) -> None:
    """Let simulated days pass."""
    control("POST", "advance", hours=24 * days)


def connect(business: Business, *, now: datetime) -> Connection:
    """A new person at the network grants `business` access to their ad account."""
    person = control("POST", "users", name=business.name, currency=business.currency)
    app = meta_app(business.environment)
    grant = Credentials(
        access_token=person["access_token"],
        environment=business.environment,
        app_id=app.id,
        app_secret=app.secret,
    )
    remote = read_assets(grant)
    token = Token(
        access_token=person["access_token"],
        expires_at=None,
        scopes=("ads_management", "ads_read", "business_management", "pages_show_list"),
        external_user_id=person["user_id"],
        external_user_name=business.name,
    )
    with tenant_tx(business.tenant_id):
        connection = store_grant(business, "meta", token=token, now=now)
        save_assets(connection, remote, now=now)
    return connection
