"""An app as the authorization server meets it: its own half of the protocol, and a person's."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

from accounts.models import OAuthApplication
from accounts.services.apps import NewApp, register_app
from core.actors import Role
from tests.cast import NOW, Cast

CALLBACK = "https://app.example/callback"


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def register(cast: Cast, *uris: str, has_secret: bool = False) -> tuple[OAuthApplication, str]:
    new = NewApp(name="Helper", redirect_uris=uris or (CALLBACK,), has_secret=has_secret)
    made, secret = register_app(cast.person(), new, now=NOW)
    return made.application, secret


@dataclass
class App:
    """A client that keeps what it is given."""

    client_id: str
    secret: str = ""
    callback: str = CALLBACK
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    tokens: dict[str, Any] = field(default_factory=dict)

    def question(self, **changes: Any) -> str:
        """The address to which the app sends a person; None takes a parameter away."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "scope": "campaigns:read account:read",
            "state": "s1",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        kept = {name: value for name, value in asked.items() if value is not None}
        return f"/oauth/authorize/?{urlencode(kept, doseq=True)}"

    def post(self, path: str, **fields: Any) -> Any:
        sent = {"client_id": self.client_id, **fields}
        if self.secret:
            sent["client_secret"] = self.secret
        kept = {name: value for name, value in sent.items() if value is not None}
        return Client().post(path, kept)

    def redeem(self, code: str, **changes: Any) -> Any:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": self.verifier,
            **changes,
        }
        return self._keep(self.post("/oauth/token/", **fields))

    def refresh(self, token: str = "", **changes: Any) -> Any:
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": token or self.tokens["refresh_token"],
            **changes,
        }
        return self._keep(self.post("/oauth/token/", **fields))

    def _keep(self, answer: Any) -> Any:
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer

    def call(self, path: str = "/v1/account/business", token: str = "", **more: Any) -> Any:
        bearer = token or self.tokens["access_token"]
        return Client().get(path, headers={"Authorization": f"Bearer {bearer}"}, **more)


def person(cast: Cast, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(cast.people[role])
    session = client.session
    session["tenant_id"] = str(cast.tenant.id)
    session.save()
    return client


def answer_of(response: Any) -> dict[str, str]:
    """The parameters that a redirect brings to the app."""
    assert response.status_code == 302, response.content.decode()
    return {
        name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()
    }


def allowed(
    app: App, cast: Cast, role: Role = Role.OWNER, *, where: str = "test", **asked: Any
) -> dict[str, str]:
    """What the app gets back when the person allows it."""
    answer = person(cast, role).post(app.question(**asked), {"allow": "1", "where": where})
    return answer_of(answer)


def connected(cast: Cast, role: Role = Role.OWNER, *, where: str = "test", **asked: Any) -> App:
    """A registered app with tokens."""
    client, _ = register(cast)
    app = App(client.client_id)
    code = allowed(app, cast, role, where=where, **asked)["code"]
    assert app.redeem(code).status_code == 200
    return app
