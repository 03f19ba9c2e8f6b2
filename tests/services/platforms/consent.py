"""A Graph host that knows one person: consent codes, tokens, two lists of assets."""

from datetime import timedelta
from typing import Any

import httpx2 as httpx

from tests.unit.platforms.graph import error

CODE = "good-code"
LONG = "long-lived-token"
SIXTY_DAYS = timedelta(days=60)


class Person:
    """What the stand-in answers; change its attributes to change the world."""

    def __init__(self) -> None:
        self.user_id = "9001"
        self.accounts: list[dict[str, Any]] = [account("act_77")]
        self.pages = [{"id": "501", "name": "Acme page"}]
        self.pixels = {"act_77": [{"id": "601", "name": "Acme pixel"}]}
        self.scopes = ["ads_management", "ads_read"]
        self.token_works = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.split("/", 2)[2]
        query = request.url.params
        if path == "oauth/access_token":
            return self._token(query)
        if path == "debug_token":
            return _ok({"data": {"scopes": self.scopes, "expires_at": 0}})
        if not self.token_works:
            return error(190, 463, status=401)
        edges = {
            "me/adaccounts": self.accounts,
            "me/accounts": self.pages,
            **{f"{key}/adspixels": pixels for key, pixels in self.pixels.items()},
        }
        if path == "me":
            return _ok({"id": self.user_id, "name": "Pat Person"})
        return _ok({"data": edges[path]})

    @staticmethod
    def _token(query: Any) -> httpx.Response:
        if query.get("grant_type") == "fb_exchange_token":
            assert query["fb_exchange_token"] == "short"
            return _ok({"access_token": LONG, "expires_in": int(SIXTY_DAYS.total_seconds())})
        if query["code"] != CODE:
            return error(100, 36009)
        return _ok({"access_token": "short", "expires_in": 7200})


def _ok(body: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json=body)


def account(external_id: str, *, status: int = 1, name: str = "Acme ads") -> dict[str, Any]:
    return {
        "id": external_id,
        "name": name,
        "account_status": status,
        "currency": "USD",
        "timezone_name": "America/New_York",
    }
