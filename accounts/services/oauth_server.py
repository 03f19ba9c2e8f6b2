"""The authorization server's protocol: oauthlib and django-oauth-toolkit, with what we allow.

Authorization code with S256 and refresh are the only ways to a token. The library parses, judges
clients and PKCE; what is stored, and for how long, is `accounts.services.app_tokens`.
"""

import json
from datetime import timedelta
from functools import cache
from typing import Any, override

from oauth2_provider import cimd
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    RefreshTokenGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749 import errors

from accounts.domain.redirects import is_document_address
from accounts.domain.scopes import APP_SCOPES
from accounts.models import (
    AppRegistration,
    OAuthAccessToken,
    OAuthApplication,
    OAuthGrant,
    OAuthRefreshToken,
)
from accounts.services import app_tokens, limits
from core.actors import Actor
from core.clock import now
from core.crypto import sha256_hex
from core.errors import InvalidError
from core.http import OutsideFetchError, check_outside_url, fetch_outside
from core.tenancy import tenant_tx

DEFAULT_SCOPES = ("account:read", "analytics:read", "campaigns:read")
CODE_LIFE = timedelta(minutes=1)
DOCUMENT_SIZE = 16 * 1024
DOCUMENT_AGE_S = 3600
DOCUMENT_DEADLINE_S = 5.0
DOCUMENTS_PER_PERSON = limits.Limit("app-document", 30, 3600)


class CodeServer(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):  # type: ignore[misc]
    """oauthlib's endpoints without the grants that OAuth 2.1 has dropped."""

    def __init__(
        self,
        validator: "Validator",
        *,
        token_expires_in: int | None = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **_more: Any,
    ) -> None:
        code, refresh = AuthorizationCodeGrant(validator), RefreshTokenGrant(validator)
        methods = code._code_challenge_methods
        code._code_challenge_methods = {"S256": methods["S256"]}
        bearer = BearerToken(validator, token_generator, token_expires_in, refresh_token_generator)
        AuthorizationEndpoint.__init__(
            self,
            default_response_type="code",
            response_types={"code": code},
            default_token_type=bearer,
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            grant_types={"authorization_code": code, "refresh_token": refresh},
            default_token_type=bearer,
        )
        RevocationEndpoint.__init__(self, validator)


class Validator(OAuth2Validator):  # type: ignore[misc]  # the library is untyped
    """What the protocol asks of us."""

    @override
    def _load_application(self, client_id: str, request: Request) -> OAuthApplication | None:
        """A client by its id, never by a fetch: `find_client` does that for people signed in."""
        found = find_known(client_id)
        request.client = found
        return found

    @override
    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Request, *_: Any, **__: Any
    ) -> bool:
        return set(scopes) <= APP_SCOPES

    @override
    def get_default_scopes(self, client_id: str, request: Request, *_: Any, **__: Any) -> list[str]:
        return list(DEFAULT_SCOPES)

    @override
    def _create_authorization_code(
        self, request: Request, code: dict[str, str], expires: Any = None
    ) -> OAuthGrant:
        return OAuthGrant.objects.create(
            tenant_id=request.key.tenant_id,
            key=request.key,
            user=request.user,
            application=request.client,
            code=code["code"],
            expires=now() + CODE_LIFE,
            redirect_uri=request.redirect_uri,
            scope=" ".join(request.scopes),
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
            resource=request.resource,
        )

    @override
    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *_: Any, **__: Any
    ) -> bool:
        rows = OAuthGrant.objects.filter(code=code, application=client).select_related("user")
        grant = rows.first()
        if grant is None:
            return False
        if grant.used_at is not None:
            app_tokens.end_reused(grant, now=now())
            return False
        request.source, request.scopes, request.user = grant, grant.scope.split(), grant.user
        return bool(grant.expires > now() and grant.user.is_active)

    @override
    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *_: Any, **__: Any
    ) -> None:
        """`save_bearer_token` has used it up, in one transaction with the tokens."""

    @override
    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *_: Any, **__: Any
    ) -> bool:
        rows = OAuthRefreshToken.objects.filter(
            token_checksum=sha256_hex(refresh_token), application=client
        )
        found = rows.select_related("user").first()
        if found is None:
            return False
        if found.revoked is not None:
            app_tokens.end_reused(found, now=now())
            return False
        request.source, request.user = found, found.user
        return bool(found.user.is_active)

    @override
    def get_original_scopes(
        self, refresh_token: str, request: Request, *_: Any, **__: Any
    ) -> list[str]:
        return app_tokens.allowed_scopes(request.source)

    @override
    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *_: Any, **__: Any
    ) -> None:
        """Store what was issued, once; a code or refresh token used before gets `invalid_grant`."""
        pair = app_tokens.Pair(
            access_token=token["access_token"],
            refresh_token=token["refresh_token"],
            scope=token["scope"],
            resource=_narrowed(request),
        )
        if not app_tokens.issue(request.source, pair, now=now()):
            raise errors.InvalidGrantError(request=request)

    @override
    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *_: Any, **__: Any
    ) -> None:
        """Either token ends the whole access; another client's is treated as unknown."""
        for kind in (OAuthAccessToken, OAuthRefreshToken):
            rows = kind.objects.filter(token_checksum=sha256_hex(token), application=request.client)
            for row in rows:
                app_tokens.end_access(row.tenant_id, row.key_id, "app.revoked", now=now())


def _narrowed(request: Request) -> list[str]:
    """The resources of a token request: those of its code or refresh token, or some of them."""
    held: list[str] = request.source.resource
    asked = [value for name, value in request.decoded_body or [] if name == "resource"]
    try:
        chosen = app_tokens.check_resources(asked) if asked else held
    except InvalidError:
        chosen = []
    if not chosen or not set(chosen) <= set(held):
        raise errors.CustomOAuth2Error(
            "invalid_target",
            description="The token request names a resource that was not allowed.",
            request=request,
        )
    return chosen


class MetadataFetcher:
    """Fetches a public client's metadata document behind our own guard."""

    def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
        """(document, seconds it stays good); raises cimd.CIMDError."""
        try:
            check_outside_url(client_id, https_only=True)
            answer = fetch_outside(
                "GET",
                client_id,
                headers={"accept": "application/json"},
                deadline_s=DOCUMENT_DEADLINE_S,
                max_body=DOCUMENT_SIZE,
            )
            document = json.loads(answer.body)
        except (OutsideFetchError, ValueError) as error:
            raise cimd.CIMDError("the document could not be read") from error
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_json = kind.startswith("application/") and kind.endswith("json")
        if answer.status != 200 or answer.truncated or not is_json:
            raise cimd.CIMDError("no JSON document of at most 16 KB")
        if not isinstance(document, dict):
            raise cimd.CIMDError("not a JSON object")
        return document, DOCUMENT_AGE_S


def find_known(client_id: str | None) -> OAuthApplication | None:
    """A client that is stored and not removed."""
    if not client_id or "\0" in client_id:
        return None
    rows = OAuthApplication.objects.filter(client_id=client_id, removed_at=None)
    found: OAuthApplication | None = rows.first()
    return found


def find_client(actor: Actor, client_id: str) -> OAuthApplication | None:
    """A client that the person's organisation may use: its own, or a public one, whose document is
    fetched where it is new or an hour old. Makes a request to the outside: not inside a scope.
    """
    found = find_known(client_id)
    if found is None or found.is_public_document:
        return _public_client(actor, client_id, found)
    with tenant_tx(actor.tenant_id, readonly=True):
        is_ours = AppRegistration.objects.filter(application=found).exists()
    return found if is_ours else None


def _public_client(
    actor: Actor, client_id: str, known: OAuthApplication | None
) -> OAuthApplication | None:
    if not is_document_address(client_id):
        return None
    if known is not None and known.cimd_expires_at and known.cimd_expires_at > now():
        return known
    limits.require([(DOCUMENTS_PER_PERSON, str(actor.user_id))], now=now())
    found: OAuthApplication | None = (
        cimd.refresh_if_stale(known, None)
        if known is not None
        else cimd.resolve_cimd_application(client_id, None)
    )
    return found if found is not None and found.removed_at is None else None


@cache
def core() -> OAuthLibCore:
    """The library's face of this server, made once."""
    return OAuthLibCore(CodeServer(Validator(), **oauth2_settings.server_kwargs))
