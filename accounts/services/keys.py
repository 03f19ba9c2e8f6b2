"""Minting, rotating and revoking API keys; the plain token exists in the return value only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.domain.roles import MANAGERS
from accounts.domain.scopes import PERSON_GRANTED, beyond, expand, unknown_scopes
from accounts.models import ApiKey
from accounts.queries import get_business, get_key
from accounts.services.evidence import record_audit
from core.actors import Actor, ActorKind
from core.crypto import checksum62, random_base62, sha256_hex
from core.errors import ForbiddenError, InvalidError
from core.ids import decode, encode, new_uuid
from core.tenancy import tenant_tx

MAX_GRACE = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """What a new key shall be; `business_id` is a public id or empty, `life` None for no expiry."""

    name: str
    scopes: list[str]
    business_id: str = ""
    life: timedelta | None = None


def new_token(environment: str) -> str:
    """`aa_live_` or `aa_test_`, 30 random base62 characters and a 6-character checksum."""
    body = f"aa_{environment}_{random_base62(30)}"
    return body + checksum62(body)


def create_key(
    *,
    tenant_id: UUID,
    user_id: UUID,
    name: str,
    environment: str,
    scopes: Iterable[str],
    root: str,
    now: datetime,
    parent: str = "",
    purpose: str = "minted",
    business_id: UUID | None = None,
    expires_at: datetime | None = None,
    granted_by_person: bool = False,
    application_id: UUID | None = None,
) -> tuple[ApiKey, str]:
    """Insert a key inside the tenant's scope and return it with its plain token."""
    token = new_token(environment)
    key_id = new_uuid()
    key = ApiKey.objects.create(
        id=key_id,
        tenant_id=tenant_id,
        user_id=user_id,
        business_id=business_id,
        name=name,
        environment=environment,
        purpose=purpose,
        prefix=token[:12],
        last4=token[-4:],
        digest=sha256_hex(token),
        scopes=sorted(scopes),
        parent=parent,
        root=root or encode("key", key_id),
        granted_by_person=granted_by_person,
        application_id=application_id,
        created_at=now,
        expires_at=expires_at,
    )
    return key, token


def mint_key(actor: Actor, new: NewKey, *, now: datetime) -> tuple[ApiKey, str]:
    """A key made by a key: a subset of its scopes, its environment, its business where it is
    bound to one.

    Raises InvalidError, ForbiddenError (`scope_not_held`, `scope_needs_person`,
    `app_makes_no_keys`).
    """
    _refuse_apps(actor)
    scopes = _checked_scopes(new.scopes)
    _refuse_person_scopes(scopes)
    _require_held(actor, scopes)
    with tenant_tx(actor.tenant_id):
        return _mint(actor, new, environment=str(actor.environment), now=now)


def grant_key(actor: Actor, new: NewKey, *, environment: str, now: datetime) -> tuple[ApiKey, str]:
    """A key made by an owner or admin in the dashboard, the only way to `ads:write:pending`.

    The caller has asked for a fresh factor where the scopes or the environment call for it.
    """
    _require_manager(actor)
    scopes = _checked_scopes(new.scopes)
    if "org:admin" in scopes and actor.role != "owner":
        raise ForbiddenError(_("Only an owner gives org:admin."), code="scope_not_held")
    with tenant_tx(actor.tenant_id):
        return _mint(actor, new, environment=environment, now=now)


def _mint(actor: Actor, new: NewKey, *, environment: str, now: datetime) -> tuple[ApiKey, str]:
    end = now + new.life if new.life else None
    key, token = create_key(
        tenant_id=actor.tenant_id,
        user_id=_owner_of(actor),
        name=new.name.strip(),
        environment=environment,
        scopes=new.scopes,
        root=actor.roots[-1],
        parent="" if actor.is_person else actor.id,
        business_id=_bound_business(actor, new.business_id, environment),
        expires_at=end if actor.is_person else _not_after_parent(actor, end),
        granted_by_person=actor.is_person,
        now=now,
    )
    _audit(actor, "key.created", key, now=now, scopes=list(key.scopes))
    return key, token


def _not_after_parent(actor: Actor, end: datetime | None) -> datetime | None:
    """A key gives no more time than it has itself."""
    own = ApiKey.objects.values_list("expires_at", flat=True).get(pk=decode("key", actor.id))
    return min((one for one in (own, end) if one is not None), default=None)


def _owner_of(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise ForbiddenError
    return actor.user_id


def _bound_business(actor: Actor, public_id: str, environment: str) -> UUID | None:
    if not public_id:
        if actor.business_ids is not None:
            raise InvalidError(
                _("Choose one of your businesses for this key."), field="business_id"
            )
        return actor.business_id
    business = get_business(actor, public_id)
    if business.environment != environment:
        raise InvalidError(
            _("The business is of the other environment."),
            field="business_id",
            code="environment_mismatch",
        )
    return business.pk


def _checked_scopes(scopes: list[str]) -> list[str]:
    if not scopes:
        raise InvalidError(_("Name at least one scope."), field="scopes")
    unknown = unknown_scopes(scopes)
    if unknown:
        raise InvalidError(
            _("Unknown scope: %(scopes)s.") % {"scopes": ", ".join(unknown)},
            field="scopes",
            code="unknown_scope",
        )
    return scopes


def _refuse_person_scopes(scopes: list[str]) -> None:
    reserved = sorted(set(scopes) & PERSON_GRANTED)
    if reserved:
        raise ForbiddenError(
            _("Only a person gives %(scopes)s, on the page Keys.")
            % {"scopes": ", ".join(reserved)},
            code="scope_needs_person",
            details={"field": "scopes", "scopes": reserved},
        )


def _refuse_apps(actor: Actor) -> None:
    """A key would outlast what the person allowed and can take back."""
    if actor.kind is ActorKind.OAUTH_APP:
        raise ForbiddenError(
            _("An app makes no keys."),
            code="app_makes_no_keys",
            hint=_("Ask for the scopes you need when you are authorised."),
        )


def _require_held(actor: Actor, scopes: list[str]) -> None:
    missing = beyond(scopes, actor.scopes)
    if missing:
        raise ForbiddenError(
            _("A key gives only scopes that it holds itself."),
            code="scope_not_held",
            details={"field": "scopes", "scopes": missing},
        )


def _require_manager(actor: Actor) -> None:
    if not actor.is_person or actor.role not in MANAGERS:
        raise ForbiddenError(_("Only owners and admins manage keys."), code="role_required")


def _require_power_over(actor: Actor, key: ApiKey) -> None:
    """A person who manages keys; or a key over itself, what it minted, and with account:write the
    others.
    """
    if actor.is_person:
        _require_manager(actor)
    elif actor.id not in (encode("key", key.pk), key.parent) and (
        "account:write" not in actor.scopes
    ):
        raise ForbiddenError(
            _("The key lacks the scope account:write."),
            code="insufficient_scope",
            details={"required_scope": "account:write"},
        )


def rotate_key(
    actor: Actor, public_id: str, *, grace: timedelta, now: datetime
) -> tuple[ApiKey, str]:
    """A successor with the same name, scopes, business and expiry; the old key works for `grace`
    (at most 7 days) longer.
    """
    if not timedelta(0) <= grace <= MAX_GRACE:
        raise InvalidError(_("The grace is 0 to 604800 seconds."), field="grace_seconds")
    _refuse_apps(actor)
    with tenant_tx(actor.tenant_id):
        old = get_key(actor, public_id, lock=True)
        _require_power_over(actor, old)
        if not actor.is_person:
            _refuse_person_scopes(old.scopes)
            _require_held(actor, old.scopes)
        if not old.is_alive(now):
            raise InvalidError(_("The key is revoked or expired."), code="key_not_active")
        key, token = create_key(
            tenant_id=actor.tenant_id,
            user_id=old.user_id,
            name=old.name,
            environment=old.environment,
            scopes=old.scopes,
            root=old.root,
            parent=old.parent,
            purpose=old.purpose,
            business_id=old.business_id,
            expires_at=old.expires_at,
            granted_by_person=old.granted_by_person,
            now=now,
        )
        end = min(now + grace, old.expires_at or now + grace)
        ApiKey.objects.filter(pk=old.pk).update(expires_at=end)
        minted = ApiKey.objects.filter(parent=encode("key", old.pk))
        minted.update(parent=encode("key", key.pk))
        _audit(actor, "key.rotated", old, now=now, successor=encode("key", key.pk))
    return key, token


def revoke_key(actor: Actor, public_id: str, *, now: datetime) -> None:
    """The key's next request is refused, and that of every key it minted. Revoking a revoked key
    changes nothing.
    """
    with tenant_tx(actor.tenant_id):
        key = get_key(actor, public_id)
        _require_power_over(actor, key)
        for one in [key, *_minted_by(key)]:
            if ApiKey.objects.filter(pk=one.pk, revoked_at=None).update(revoked_at=now):
                _audit(actor, "key.revoked", one, now=now)


def _minted_by(key: ApiKey) -> list[ApiKey]:
    """All that descends from a key; what a stolen key has minted must not outlive it."""
    found: dict[UUID, ApiKey] = {}
    parents = [encode("key", key.pk)]
    while parents:
        children = ApiKey.objects.filter(parent__in=parents).exclude(pk__in=found)
        fresh = {child.pk: child for child in children}
        found |= fresh
        parents = [encode("key", pk) for pk in fresh]
    return list(found.values())


def end_login_keys(user_id: UUID, *, now: datetime) -> int:
    """Revoke what POST /auth/login gave for a password that no longer holds, and return how many;
    inside the tenant's scope. A key somebody minted with one is a key of its own and stays.
    """
    live = ApiKey.objects.filter(user_id=user_id, purpose="login", revoked_at=None)
    ended: int = live.update(revoked_at=now)
    return ended


def revoke_keys_of(user_id: UUID, *, allowed: frozenset[str], now: datetime) -> int:
    """Revoke the person's live keys that can do more than `allowed`; inside the tenant's scope."""
    live = ApiKey.objects.filter(user_id=user_id, revoked_at=None)
    excess = [key.pk for key in live if not expand(tuple(key.scopes)) <= allowed]
    revoked: int = ApiKey.objects.filter(pk__in=excess).update(revoked_at=now)
    return revoked


def _audit(actor: Actor, event: str, key: ApiKey, *, now: datetime, **facts: object) -> None:
    record_audit(
        actor,
        event,
        now=now,
        target_type="key",
        target_id=encode("key", key.pk),
        business_id=key.business_id,
        facts={"environment": key.environment, **facts},
        detail={"name": key.name},
    )
