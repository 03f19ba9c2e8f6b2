"""Consent and tokens: test people, single-use codes, short and long-lived tokens."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core.clock import now as wall_now
from platforms.simulator import sessions
from platforms.simulator.errors import GraphError, invalid
from platforms.simulator.graph.call import Call
from platforms.simulator.models import AdAccount, Code, Page, Person, Pixel, Token

CODE_LIFE = timedelta(minutes=10)
SHORT_LIFE = timedelta(hours=2)
LONG_LIFE = timedelta(days=60)
DEFAULT_SCOPES = ["ads_management", "ads_read", "business_management", "pages_show_list"]
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def new_person(
    name: str, *, now: datetime, currency: str = "USD", timezone: str = "America/New_York"
) -> Person:
    """A test person with exactly one active ad account, one page and one pixel."""
    person = Person.objects.create(name=name)
    account = AdAccount.objects.create(
        person=person, name=f"{name} ads", currency=currency, timezone=timezone, created_at=now
    )
    sessions.forget()
    Page.objects.create(person=person, name=f"{name} page")
    Pixel.objects.create(account=account, name=f"{name} pixel")
    return person


def new_token(person: Person, scopes: list[str], life: timedelta) -> Token:
    """A fresh token that lives `life` of wall time."""
    return Token.objects.create(
        value=f"EAAS{secrets.token_urlsafe(48)}",
        person=person,
        scopes=scopes,
        expires_at=wall_now() + life,
    )


def new_code(person: Person, redirect_uri: str, scopes: list[str]) -> Code:
    """A single-use code for exactly this redirect address."""
    return Code.objects.create(
        value=secrets.token_urlsafe(32),
        person=person,
        redirect_uri=redirect_uri,
        scopes=scopes,
        expires_at=wall_now() + CODE_LIFE,
    )


def redirect_allowed(uri: str) -> bool:
    """Codes go back to this machine or to the product's own address."""
    try:
        parts = urlsplit(uri)
        own = urlsplit(settings.PUBLIC_URL)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or parts.username or parts.fragment:
        return False
    return parts.hostname in LOOPBACK or parts.netloc == own.netloc


def _check_app(params: dict[str, Any]) -> None:
    if params.get("client_id") != settings.SIM_APP_ID:
        raise GraphError("Error validating application. Invalid application ID.", code=101)
    secret = str(params.get("client_secret") or "")
    if not secrets.compare_digest(secret.encode(), settings.SIM_APP_SECRET.encode()):
        raise GraphError("Error validating client secret.", code=1)


def exchange(call: Call) -> dict[str, Any]:
    """`oauth/access_token`: a code for a short token, or a token for a long-lived one."""
    _check_app(call.params)
    grant = call.params.get("grant_type", "authorization_code")
    if grant == "fb_exchange_token":
        text = str(call.params.get("fb_exchange_token") or "")
        old = Token.objects.select_related("person").filter(value=text, revoked=False).first()
        if old is None or old.expires_at <= wall_now():
            raise GraphError("Error validating access token.", code=190, status=400)
        return _issued(new_token(old.person, old.scopes, LONG_LIFE), LONG_LIFE)
    if grant != "authorization_code":
        raise invalid(f"Unsupported grant_type {grant}")
    return _issued(_redeem(call.params), SHORT_LIFE)


def _redeem(params: dict[str, Any]) -> Token:
    code = Code.objects.select_related("person").filter(value=params.get("code", "")).first()
    if code is None:
        raise GraphError("Invalid verification code format.", subcode=36009)
    if code.used:
        raise GraphError("This authorization code has been used.", subcode=36009)
    if code.expires_at <= wall_now():
        raise GraphError("This authorization code has expired.", subcode=36007)
    if code.redirect_uri != params.get("redirect_uri"):
        raise GraphError(
            "Error validating verification code. Please make sure your redirect_uri is identical "
            "to the one you used in the OAuth dialog request",
            subcode=36008,
        )
    code.used = True
    code.save(update_fields=["used"])
    return new_token(code.person, code.scopes, SHORT_LIFE)


def _issued(token: Token, life: timedelta) -> dict[str, Any]:
    return {
        "access_token": token.value,
        "token_type": "bearer",
        "expires_in": int(life.total_seconds()),
    }


def debug_token(call: Call) -> dict[str, Any]:
    """What a token is; asked with the app's own token (`id|secret`) or any valid one."""
    if call.token_text != f"{settings.SIM_APP_ID}|{settings.SIM_APP_SECRET}":
        _ = call.token
    text = str(call.params.get("input_token") or "")
    if not text:
        raise invalid("The parameter input_token is required.")
    token = Token.objects.select_related("person").filter(value=text).first()
    if token is None:
        return {"data": {"is_valid": False, "error": {"code": 190, "message": "Malformed token"}}}
    valid = not token.revoked and token.expires_at > wall_now()
    return {
        "data": {
            "app_id": settings.SIM_APP_ID,
            "type": "USER",
            "application": "Simulated app",
            "expires_at": int(token.expires_at.timestamp()),
            "is_valid": valid,
            "scopes": token.scopes,
            "user_id": token.person.graph_id,
        }
    }


def permissions(call: Call) -> dict[str, Any]:
    """`me/permissions` of the token."""
    return {"data": [{"permission": one, "status": "granted"} for one in call.token.scopes]}
