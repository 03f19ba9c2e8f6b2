"""Tokens of OAuth apps: issued for a code or a refresh token, each of which works once.

What a person allowed is an ApiKey with an `application`; its tokens live and die with it. A code or
refresh token that comes twice has been copied by somebody, so the key is revoked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from oauthlib.common import Request

from accounts.models import ApiKey, OAuthAccessToken, OAuthGrant, OAuthRefreshToken
from accounts.services.evidence import record_audit
from core.actors import Actor, ActorKind, Channel
from core.crypto import checksum62, random_base62, sha256_hex
from core.errors import InvalidError
from core.ids import encode
from core.tenancy import tenant_tx

ACCESS_PREFIX = "aa_app_"
ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=30)  # from the last use
CODE_KEPT = timedelta(days=1)
Spendable = OAuthGrant | OAuthRefreshToken


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A new access and refresh token in plain, what they may do and where they are good."""

    access_token: str
    refresh_token: str
    scope: str
    resource: Sequence[str]


def new_access_token(_request: Request, **_more: object) -> str:
    """`aa_app_`, 40 random base62 characters and a checksum: a mistyped one costs no query."""
    body = ACCESS_PREFIX + random_base62(40)
    return body + checksum62(body)


def new_refresh_token(_request: Request, **_more: object) -> str:
    """`aa_refresh_` and 43 random base62 characters."""
    return f"aa_refresh_{random_base62(43)}"


def resources() -> dict[str, str]:
    """Where a token can be good: `api` and `mcp` as the addresses that clients name (RFC 8707)."""
    return {"api": settings.PUBLIC_URL, "mcp": f"{settings.PUBLIC_URL}/mcp/"}


def check_resources(asked: Sequence[str]) -> list[str]:
    """The asked resources as we write them, the REST API where none is named; InvalidError
    `invalid_target` for one that is not ours.
    """
    known = {address.rstrip("/"): address for address in resources().values()}
    found = [known.get(one.rstrip("/"), "") for one in asked]
    if not all(found):
        raise InvalidError(
            _("This server has no such resource."),
            code="invalid_target",
            field="resource",
            details={"resources": sorted(known.values())},
        )
    return sorted(set(found)) or [resources()["api"]]


def allowed_scopes(source: Spendable) -> list[str]:
    """What the person allowed, as it was asked for; later tokens may hold less of it."""
    with tenant_tx(source.tenant_id, readonly=True):
        return list(ApiKey.objects.values_list("scopes", flat=True).get(pk=source.key_id))


def _spend(source: Spendable, now: datetime) -> bool:
    """Whether this call is the one that uses it up."""
    if isinstance(source, OAuthGrant):
        rows = OAuthGrant.objects.filter(pk=source.pk, used_at=None)
        return rows.update(used_at=now) == 1
    fresh = OAuthRefreshToken.objects.filter(pk=source.pk, revoked=None)
    return fresh.update(revoked=now) == 1


def issue(source: Spendable, pair: Pair, *, now: datetime) -> bool:
    """Store a pair for a code or refresh token and use that up; False where it was used before
    (then the app's access has ended) or where the access had ended.
    """
    with tenant_tx(source.tenant_id):
        is_first = _spend(source, now)
        if is_first:
            return _store(source, pair, now)
    end_reused(source, now=now)
    return False


def _store(source: Spendable, pair: Pair, now: datetime) -> bool:
    key = ApiKey.objects.select_for_update().filter(pk=source.key_id).first()
    if key is None or not key.is_alive(now):
        return False
    same = {
        "tenant_id": key.tenant_id,
        "key": key,
        "user_id": key.user_id,
        "application_id": key.application_id,
        "resource": list(pair.resource),
        "token": "",
    }
    OAuthAccessToken.objects.filter(key=key).delete()
    access = OAuthAccessToken.objects.create(
        token_checksum=sha256_hex(pair.access_token),
        scope=pair.scope,
        expires=now + ACCESS_LIFE,
        **same,
    )
    OAuthRefreshToken.objects.create(
        token_checksum=sha256_hex(pair.refresh_token),
        access_token=access,
        token_family=key.pk,
        **same,
    )
    ApiKey.objects.filter(pk=key.pk).update(expires_at=now + REFRESH_LIFE)
    return True


def end_reused(source: Spendable, *, now: datetime) -> None:
    """Somebody has copied a code or refresh token: end the access it belongs to."""
    what = "code" if isinstance(source, OAuthGrant) else "refresh_token"
    end_access(source.tenant_id, source.key_id, "app.token_reused", now=now, reused=what)


def end_access(
    tenant_id: UUID,
    key_id: UUID,
    event: str,
    *,
    now: datetime,
    actor: Actor | None = None,
    **facts: str,
) -> bool:
    """Revoke what a person allowed an app, and its tokens; False where it had ended before."""
    with tenant_tx(tenant_id):
        key = ApiKey.objects.filter(pk=key_id).exclude(application=None).first()
        if key is None or not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(
            revoked_at=now
        ):
            return False
        OAuthAccessToken.objects.filter(key=key).delete()
        OAuthRefreshToken.objects.filter(key=key, revoked=None).update(revoked=now)
        record_audit(
            actor or _app_itself(key),
            event,
            now=now,
            target_type="key",
            target_id=encode("key", key.pk),
            business_id=key.business_id,
            facts={"environment": key.environment, **facts},
            detail={"name": key.name},
        )
    return True


def _app_itself(key: ApiKey) -> Actor:
    public_id = encode("key", key.pk)
    return Actor(
        kind=ActorKind.OAUTH_APP,
        id=public_id,
        tenant_id=key.tenant_id,
        channel=Channel.REST,
        request_id="",
        label=key.name,
        user_id=key.user_id,
        roots=(public_id, key.root),
    )


def prune(now: datetime) -> int:
    """Forget codes and tokens whose second use would end nothing that still lives."""
    gone = [
        OAuthGrant.objects.filter(expires__lt=now - CODE_KEPT),
        OAuthAccessToken.objects.filter(expires__lt=now - REFRESH_LIFE),
        OAuthRefreshToken.objects.filter(revoked__lt=now - REFRESH_LIFE),
    ]
    return sum(rows.delete()[0] for rows in gone)
