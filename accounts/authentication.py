"""Who calls the REST faces: a key in the Authorization header, looked up once per request."""

from datetime import datetime
from typing import Any

import structlog
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.domain.scopes import CANONICAL, app_limits, expand, within
from accounts.queries import APP_TOKEN_BY_DIGEST, KEY_BY_DIGEST, business_limits
from accounts.services.app_tokens import ACCESS_PREFIX, resources
from accounts.services.key_usage import note_use
from core.actors import Actor, ActorKind, Channel, Environment
from core.clock import now
from core.crypto import checksum62, sha256_hex
from core.errors import ForbiddenError, UnauthenticatedError
from core.ids import encode


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer aa_live_…`; sets `request.user` to the Actor and `request.auth` to
    the key's row. An app's access token must be good at `resource`.
    """

    resource = "api"

    def authenticate(self, request: Request) -> tuple[Actor, dict[str, Any]] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise UnauthenticatedError
        return authenticate_key(token.strip(), request._request, resource=self.resource)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def authenticate_key(
    token: str, request: HttpRequest, *, resource: str = "api"
) -> tuple[Actor, dict[str, Any]]:
    """The Actor and the row of a key, or of an app's access token that is good at `resource` (see
    `app_tokens.resources`); raises UnauthenticatedError. A mistyped one costs no query.
    """
    is_app = token.startswith(ACCESS_PREFIX)
    if not (is_app or token.startswith(("aa_live_", "aa_test_"))):
        raise UnauthenticatedError
    if checksum62(token[:-6]) != token[-6:]:
        raise UnauthenticatedError
    moment = now()
    row = (APP_TOKEN_BY_DIGEST if is_app else KEY_BY_DIGEST).one(digest=sha256_hex(token))
    if row is None or not row["is_active"]:
        raise UnauthenticatedError
    if is_app:
        _narrow_to_token(row, resource, moment)
    if (row["revoked_at"] and row["revoked_at"] <= moment) or (
        row["expires_at"] and row["expires_at"] <= moment
    ):
        raise UnauthenticatedError(
            "This key is expired or revoked.", hint="Log in again or ask for a new key."
        )
    note_use(row["tenant_id"], row["id"], now=moment)
    structlog.contextvars.bind_contextvars(tenant=str(row["tenant_id"]))
    return _actor_of_row(row, request, is_app=is_app), row


def _narrow_to_token(row: dict[str, Any], resource: str, moment: datetime) -> None:
    """An access token opens what it was made for, and never more than the person's role may."""
    if row["token_expires_at"] <= moment:
        raise UnauthenticatedError(
            "This access token is expired.", hint="Use the refresh token to get a new one."
        )
    if resources()[resource] not in row["resource"]:
        raise UnauthenticatedError(
            "This access token is for another resource.",
            hint="Name this one as `resource` when you ask for authorisation.",
        )
    row["scopes"] = within(row["scope"].split(), app_limits(row["role"]))


def _actor_of_row(row: dict[str, Any], request: HttpRequest, *, is_app: bool) -> Actor:
    key_id = encode("key", row["id"])
    return Actor(
        kind=ActorKind.OAUTH_APP if is_app else ActorKind.API_KEY,
        id=key_id,
        tenant_id=row["tenant_id"],
        channel=Channel.REST,
        request_id=getattr(request, "request_id", ""),
        label=row["name"],
        scopes=expand(row["scopes"]),
        environment=Environment(row["environment"]),
        business_id=row["business_id"],
        business_ids=business_limits(row["business_ids"]),
        user_id=row["user_id"],
        roots=tuple(dict.fromkeys(part for part in (key_id, row["parent"], row["root"]) if part)),
    )


class ScopeRequired(BasePermission):
    """Default permission: the view names its scope with `@scope(...)`, `@public` or
    `@unverified_ok`, or is refused.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = getattr(view, "required_scope", None)
        if needed is None:
            raise ForbiddenError("This route names no scope.", code="route_without_scope")
        if needed == "public":
            return True
        actor: object = request.user
        row: Any = request.auth
        if not isinstance(actor, Actor):
            raise UnauthenticatedError
        if row["is_suspended"] and not getattr(view, "quota_exempt", False):
            raise ForbiddenError(
                "The organisation is suspended.",
                code="account_suspended",
                hint="Ask the operator of this installation.",
            )
        if not getattr(view, "unverified_ok", False) and row["email_verified_at"] is None:
            raise ForbiddenError(
                "Verify the account first.",
                code="account_not_verified",
                hint="POST /v1/auth/verify with the 6-digit code that was mailed.",
            )
        if needed != "any" and needed not in actor.scopes:
            raise ForbiddenError(
                f"The key lacks the scope {needed}.",
                code="insufficient_scope",
                details={"required_scope": needed},
            )
        return True


def check_scope(name: str) -> str:
    """A scope a route may name; raises LookupError at import for an unknown one."""
    if name not in CANONICAL | {"public", "any"}:
        raise LookupError(f"unknown scope {name}")
    return name
