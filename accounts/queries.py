"""Reads of the room `accounts`."""

from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.domain.roles import MANAGERS
from accounts.domain.sessions import PersonSession
from accounts.models import ApiKey, AppRegistration, Business, Invitation, Membership, User
from core.actors import Actor, ActorKind
from core.crypto import hmac_hex
from core.errors import ForbiddenError, InvalidError, NotFoundError
from core.ids import decode, encode
from core.lookups import Lookup
from core.sessions import SessionStore

# One statement a request finds a credential with all that decides about it; `k` is its ApiKey.
_CREDENTIAL = """
    SELECT k.id, k.tenant_id, k.user_id, k.business_id, k.environment, k.name, k.scopes, k.root,
      k.parent, k.granted_by_person, k.expires_at, k.revoked_at, k.last_used_at,
      u.email, u.is_active, u.email_verified_at, t.is_suspended,
      m.business_ids, {own}
      p.id AS plan_id, p.slug AS plan_slug,
      p.requests_per_minute, p.requests_per_day
    FROM {source}
    JOIN accounts_user u ON u.id = k.user_id
    JOIN accounts_tenant t ON t.id = k.tenant_id
    JOIN accounts_membership m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id
    LEFT JOIN billing_subscription s ON s.tenant_id = k.tenant_id AND s.cancelled_at IS NULL
      AND s.status <> 'unpaid'
    JOIN billing_plan p ON p.id = COALESCE(s.plan_id, 1)
    WHERE {found}"""
_CREDENTIAL_COLUMNS = {
    "id": "uuid",
    "tenant_id": "uuid",
    "user_id": "uuid",
    "business_id": "uuid",
    "environment": "text",
    "name": "text",
    "scopes": "jsonb",
    "root": "text",
    "parent": "text",
    "granted_by_person": "boolean",
    "expires_at": "timestamptz",
    "revoked_at": "timestamptz",
    "last_used_at": "timestamptz",
    "email": "text",
    "is_active": "boolean",
    "email_verified_at": "timestamptz",
    "is_suspended": "boolean",
    "business_ids": "jsonb",
}
_PLAN_COLUMNS = {
    "plan_id": "integer",
    "plan_slug": "text",
    "requests_per_minute": "integer",
    "requests_per_day": "integer",
}
KEY_BY_DIGEST = Lookup(
    "key_by_digest",
    sql=_CREDENTIAL.format(own="", source="accounts_apikey k", found="k.digest = :digest"),
    params={"digest": "text"},
    columns={**_CREDENTIAL_COLUMNS, **_PLAN_COLUMNS},
)
APP_TOKEN_BY_DIGEST = Lookup(
    "app_token_by_digest",
    sql=_CREDENTIAL.format(
        own="m.role, a.scope, a.resource, a.expires AS token_expires_at, c.client_id,",
        source="accounts_oauthaccesstoken a JOIN accounts_apikey k ON k.id = a.key_id"
        " JOIN accounts_oauthapplication c ON c.id = k.application_id AND c.removed_at IS NULL",
        found="a.token_checksum = :digest",
    ),
    params={"digest": "text"},
    columns={
        **_CREDENTIAL_COLUMNS,
        "role": "text",
        "scope": "text",
        "resource": "jsonb",
        "token_expires_at": "timestamptz",
        "client_id": "text",
        **_PLAN_COLUMNS,
    },
)
MEMBERSHIPS_OF_USER = Lookup(
    "memberships_of_user",
    sql="""
    SELECT m.id, m.tenant_id, t.name AS tenant_name, t.is_suspended, m.role, m.business_ids
    FROM accounts_membership m JOIN accounts_tenant t ON t.id = m.tenant_id
    WHERE m.user_id = :user_id ORDER BY m.created_at""",
    params={"user_id": "uuid"},
    columns={
        "id": "uuid",
        "tenant_id": "uuid",
        "tenant_name": "text",
        "is_suspended": "boolean",
        "role": "text",
        "business_ids": "jsonb",
    },
)
TENANTS_WITH_OLD_KEYS = Lookup(
    "tenants_with_old_keys",
    sql="SELECT DISTINCT tenant_id FROM accounts_idempotencyrecord WHERE created_at < :moment",
    params={"moment": "timestamptz"},
    columns={"tenant_id": "uuid"},
)
INVITATION_BY_TOKEN = Lookup(
    "invitation_by_token",
    sql="SELECT id, tenant_id FROM accounts_invitation WHERE token_digest = :digest",
    params={"digest": "text"},
    columns={"id": "uuid", "tenant_id": "uuid"},
)


def business_limits(stored: list[str] | None) -> frozenset[UUID] | None:
    """The businesses a membership is limited to; None means all. It binds sessions and keys."""
    return frozenset(UUID(text) for text in stored) if stored else None


def list_businesses(actor: Actor) -> QuerySet[Business]:
    """Businesses the credential may see: its environment, its bound business, its limits."""
    rows: QuerySet[Business] = Business.objects.filter(is_archived=False)
    if actor.environment is not None:
        rows = rows.filter(environment=actor.environment)
    if actor.business_id is not None:
        rows = rows.filter(pk=actor.business_id)
    if actor.business_ids is not None:
        rows = rows.filter(pk__in=actor.business_ids)
    return rows.order_by("created_at", "id")


def get_business(actor: Actor, public_id: str) -> Business:
    """One business by `biz_…`; raises NotFoundError for missing, foreign and archived ones."""
    business = (
        list_businesses(actor).filter(pk=decode("biz", public_id, aliases=("prj", "lyr"))).first()
    )
    if business is None:
        raise NotFoundError
    return business


def business_for(actor: Actor, public_id: str = "") -> Business:
    """The business a request means: the named one, else the only one the credential may see.

    Raises InvalidError `business_required` where there is none and `choose_business` with the list
    where there are several.
    """
    if public_id:
        return get_business(actor, public_id)
    rows = list(list_businesses(actor)[:50])
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise InvalidError(
            _("There is no business yet."),
            code="business_required",
            hint=_("Create one first: POST /v1/account/business with its name."),
        )
    raise InvalidError(
        _("Several businesses could be meant."),
        field="business_id",
        code="choose_business",
        details={"businesses": [{"id": encode("biz", row.pk), "name": row.name} for row in rows]},
        hint=_("Send business_id, or use a key that is bound to one business."),
    )


def list_keys(actor: Actor) -> QuerySet[ApiKey]:
    """The keys a credential may look at, newest first: a person's tenant's; a key's environment's
    with account:read, else itself and what it minted. What people allowed apps is not among them.
    """
    rows: QuerySet[ApiKey] = ApiKey.objects.filter(application=None)
    rows = rows.select_related("business", "user")
    if actor.environment is not None:
        rows = rows.filter(environment=actor.environment)
    if actor.business_id is not None:
        rows = rows.filter(business_id=actor.business_id)
    if actor.business_ids is not None:
        own = Q() if actor.is_person else Q(pk=decode("key", actor.id))
        rows = rows.filter(Q(business_id__in=actor.business_ids) | own)
    if not actor.is_person and "account:read" not in actor.scopes:
        rows = rows.filter(Q(pk=decode("key", actor.id)) | Q(parent=actor.id))
    return rows.order_by("-created_at", "-id")


def only_live_keys(rows: QuerySet[ApiKey], *, now: datetime) -> QuerySet[ApiKey]:
    """Those neither revoked nor expired."""
    return rows.filter(
        Q(revoked_at=None) | Q(revoked_at__gt=now), Q(expires_at=None) | Q(expires_at__gt=now)
    )


def get_key(actor: Actor, public_id: str, *, lock: bool = False) -> ApiKey:
    """One of `list_keys`; NotFoundError for anything else."""
    rows = list_keys(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    key = rows.filter(pk=decode("key", public_id)).first()
    if key is None:
        raise NotFoundError
    return key


def list_members() -> QuerySet[Membership]:
    """The tenant's people, newest first."""
    rows: QuerySet[Membership] = Membership.objects.select_related("user")
    return rows.order_by("-created_at", "-id")


def list_invitations() -> QuerySet[Invitation]:
    """Invitations nobody has accepted or withdrawn, newest first."""
    rows: QuerySet[Invitation] = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    return rows.order_by("-created_at", "-id")


def get_membership(public_id: str) -> Membership:
    """One of the tenant's people by membership id; NotFoundError otherwise."""
    found = list_members().filter(pk=decode("mem", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def list_apps() -> QuerySet[AppRegistration]:
    """The organisation's own apps, newest first."""
    rows: QuerySet[AppRegistration] = AppRegistration.objects.filter(application__removed_at=None)
    return rows.select_related("application").order_by("-created_at", "-id")


def get_app(public_id: str) -> AppRegistration:
    """One of `list_apps` by `app_…`; NotFoundError otherwise."""
    found = list_apps().filter(pk=decode("app", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def list_app_access(actor: Actor, *, now: datetime) -> QuerySet[ApiKey]:
    """What lives of what people allowed apps, newest first: managers see everyone's, others their
    own; where a member is limited to businesses, what reaches those.
    """
    rows: QuerySet[ApiKey] = ApiKey.objects.exclude(application=None)
    if actor.role not in MANAGERS:
        rows = rows.filter(user=actor.user_id)
    if actor.business_ids is not None:
        everywhere = Q(business_id=None, user_id=actor.user_id)
        rows = rows.filter(Q(business_id__in=actor.business_ids) | everywhere)
    rows = only_live_keys(rows, now=now).select_related("application", "user", "business")
    return rows.order_by("-created_at", "-id")


def get_app_access(actor: Actor, public_id: str, *, now: datetime) -> ApiKey:
    """One of `list_app_access` by `key_…`; NotFoundError otherwise."""
    found = list_app_access(actor, now=now).filter(pk=decode("key", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def list_sessions(actor: Actor, *, now: datetime) -> list[PersonSession]:
    """Where the credential's person is logged in, newest first: their browser sessions, and keys of
    POST /auth/login in this organisation and environment.

    Raises ForbiddenError for apps and for keys that are bound to a business.
    """
    if actor.kind is ActorKind.OAUTH_APP:
        raise ForbiddenError(_("An app does not see where people are logged in."))
    if actor.business_id is not None:
        raise ForbiddenError(
            _("A key of one business does not see where people are logged in."),
            code="business_bound",
        )
    found = [*_browser_sessions(actor, now), *_log_in_keys(actor, now)]
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def _browser_sessions(actor: Actor, now: datetime) -> list[PersonSession]:
    if actor.user_id is None:
        return []
    user = User.objects.get(pk=actor.user_id)
    rows = {row.session_key: row for row in UserSession.objects.filter(user=user)}
    stored = SessionStore.get_model_class().objects.filter(
        session_key__in=rows, expire_date__gt=now
    )
    valid = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    return [
        PersonSession(
            id=UUID(hmac_hex(settings.SECRET_KEY, f"session:{session.session_key}")[:32]),
            kind="browser",
            row=row.pk,
            name=row.user_agent,
            address=row.ip,
            created_at=row.created_at,
            last_used_at=row.last_seen_at,
            expires_at=session.expire_date,
            is_current=False,
        )
        for session in stored
        if session.get_decoded().get(HASH_SESSION_KEY) in valid
        for row in [rows[session.session_key]]
    ]


def _log_in_keys(actor: Actor, now: datetime) -> list[PersonSession]:
    keys = ApiKey.objects.filter(user=actor.user_id, purpose="login", environment=actor.environment)
    return [
        PersonSession(
            id=key.pk,
            kind="key",
            row=key.pk,
            name=key.name,
            address=None,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            expires_at=key.expires_at,
            is_current=encode("key", key.pk) == actor.id,
        )
        for key in only_live_keys(keys, now=now)
    ]
