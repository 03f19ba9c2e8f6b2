"""How a person comes to exist: registration over REST, sign-up in the browser, verification,
claim, log-in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.domain.scopes import scopes_of_role
from accounts.models import ApiKey, EmailCode, Membership, Tenant, User
from accounts.queries import MEMBERSHIPS_OF_USER, only_live_keys
from accounts.services import codes, limits
from accounts.services.evidence import emit, record_audit
from accounts.services.factors import require_second_factor
from accounts.services.keys import create_key
from accounts.services.mail import queue_mail
from core.actors import Actor, ActorKind, Channel, Role
from core.errors import (
    AppError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    RateLimitedError,
    UnauthenticatedError,
)
from core.ids import decode, encode
from core.tenancy import tenant_tx

SESSION_KEY_LIFE = timedelta(days=30)
SESSION_KEYS_ALIVE = 20


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a request without a credential comes from."""

    address: str
    request_id: str
    environment: str
    channel: Channel = Channel.REST


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """What a person or an agent types in to register; `organisation` may be empty."""

    email: str
    password: str
    first_name: str
    last_name: str
    organisation: str = ""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A key just minted for a user, with its plain token."""

    user: User
    key: ApiKey
    token: str


class EmailTakenError(ConflictError):
    code = "email_taken"
    message = "An account with this e-mail address exists."
    hint = "Log in, or reset the password in the dashboard."


class InvalidCodeError(AppError):
    """Wrong, expired, used up, unknown address: one answer for all of them."""

    code = "invalid_code"
    status = 422
    message = "The code is wrong or no longer valid."
    hint = "Ask for a new one with POST /v1/auth/verify/resend."


class BadCredentialsError(UnauthenticatedError):
    code = "invalid_credentials"
    message = "The e-mail address or the password is wrong."
    hint = "Check both, or reset the password in the dashboard."


def normalise_email(text: str) -> str:
    """Lower-case address; raises InvalidError for what is not one."""
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidError("This is not an e-mail address.", field="email") from error
    return email


def check_password_strength(password: str, user: User | None = None) -> None:
    """Raise InvalidError naming what is wrong with a new password."""
    if len(password) > 256:
        raise InvalidError("A password has at most 256 characters.", field="password")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidError(" ".join(error.messages), field="password") from error


def person(user: User, tenant_id: UUID, origin: Origin, *, role: Role | None = None) -> Actor:
    """The user as the actor of an audit row before any credential exists."""
    user_id = encode("user", user.pk)
    return Actor(
        kind=ActorKind.USER,
        id=user_id,
        tenant_id=tenant_id,
        channel=origin.channel,
        request_id=origin.request_id,
        label=user.full_name,
        user_id=user.pk,
        role=role,
        roots=(user_id,),
    )


def register(new: NewPerson, *, origin: Origin, now: datetime) -> Session:
    """Create tenant, owner (unclaimed, unverified) and first key, and mail a code.

    Raises EmailTakenError (documented; limited per address and globally), InvalidError,
    RateLimitedError.
    """
    _limit_registrations(origin, now)
    user = _new_user(new, is_claimed=False, now=now)
    with transaction.atomic():
        _insert(user)
        tenant = Tenant.objects.create(name=_organisation(new), created_at=now)
        with tenant_tx(tenant.pk):
            _join(user, tenant, now)
            key, token = create_key(
                tenant_id=tenant.pk,
                user_id=user.pk,
                name="Registration key",
                environment=origin.environment,
                scopes=scopes_of_role(Role.OWNER),
                root=encode("user", user.pk),
                purpose="registration",
                now=now,
            )
            queue_mail("verify_code", user.email, {}, now=now)
            record_audit(
                person(user, tenant.pk, origin),
                "account.registered",
                now=now,
                target_type="user",
                target_id=encode("user", user.pk),
                facts={"key_id": encode("key", key.pk), "environment": origin.environment},
            )
    return Session(user=user, key=key, token=token)


def sign_up(new: NewPerson, *, origin: Origin, now: datetime) -> str:
    """Create a claimed, unverified user and mail a code; for a known address mail the owner
    instead. The caller cannot tell the two apart. Returns the hashed password, for `verify`.
    """
    _limit_registrations(origin, now)
    user = _new_user(new, is_claimed=True, now=now)
    try:
        with transaction.atomic():
            _insert(user)
            queue_mail("verify_code", user.email, {}, now=now)
    except EmailTakenError:
        mail_within_limits("account_exists", user.email, origin=origin, now=now)
    return user.password


def _limit_registrations(origin: Origin, now: datetime) -> None:
    limits.require(
        [(limits.REGISTER_PER_ADDRESS, origin.address), (limits.REGISTER_GLOBAL, "")], now=now
    )


def _new_user(new: NewPerson, *, is_claimed: bool, now: datetime) -> User:
    user = User(
        email=normalise_email(new.email),
        first_name=new.first_name.strip(),
        last_name=new.last_name.strip(),
        is_claimed=is_claimed,
        created_at=now,
    )
    check_password_strength(new.password, user)
    user.password = make_password(new.password)
    return user


def _insert(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise EmailTakenError from error


def _organisation(new: NewPerson) -> str:
    return new.organisation.strip() or f"{new.first_name} {new.last_name}".strip() or new.email


def _join(user: User, tenant: Tenant, now: datetime) -> None:
    Membership.objects.create(tenant_id=tenant.pk, user=user, role=Role.OWNER, created_at=now)


def open_tenant(user: User, name: str, *, now: datetime) -> Tenant:
    """A new organisation with `user` as its owner."""
    tenant = Tenant.objects.create(name=name[:200], created_at=now)
    with tenant_tx(tenant.pk):
        _join(user, tenant, now)
    return tenant


def request_code(email: str, *, origin: Origin, now: datetime) -> None:
    """Queue a fresh code for the address, if it waits for one. Same work and answer for any
    address.
    """
    limit_mails(email, origin, now)
    queue_mail("verify_code", email, {}, now=now)


def limit_mails(email: str, origin: Origin, now: datetime) -> None:
    """Count a mail that a stranger's request causes; raises RateLimitedError."""
    limits.require(
        [(limits.MAIL_PER_ADDRESS, origin.address), (limits.MAIL_PER_USER, email)], now=now
    )


def mail_within_limits(template: str, email: str, *, origin: Origin, now: datetime) -> None:
    """Queue a mail that a stranger's request causes; beyond the limits none leaves, silently."""
    try:
        limit_mails(email, origin, now)
    except RateLimitedError:
        return
    queue_mail(template, email, {}, now=now)


def verify(
    email: str,
    code: str,
    *,
    origin: Origin,
    now: datetime,
    organisation: str = "",
    password: str = "",
) -> User:
    """Turn a right code into a verified account (event `account.verified`, claim link mailed).

    `organisation` names the tenant of a person who has none yet. `password` is the hash from the
    sign-up of this very session: it replaces what somebody else may have set for the address
    before its owner proved it. Raises InvalidCodeError for every kind of wrong, RateLimitedError.
    """
    limits.require(
        [
            (limits.CODE_PER_ADDRESS, origin.address),
            (limits.CODE_PER_HOUR, email),
            (limits.CODE_PER_DAY, email),
            (limits.CODE_GLOBAL, ""),
        ],
        now=now,
    )
    user = User.objects.filter(email=email, is_active=True).first()
    if not codes.use_code(user.pk if user else None, code, now=now) or user is None:
        raise InvalidCodeError
    if password and user.is_claimed:
        User.objects.filter(pk=user.pk, email_verified_at=None).update(password=password)
        user.password = password
    confirm_address(user, origin=origin, now=now, organisation=organisation)
    if not user.is_claimed:
        queue_mail("claim", user.email, {}, now=now)
    return user


def confirm_address(user: User, *, origin: Origin, now: datetime, organisation: str = "") -> None:
    """Mark the mailbox as proven, once; the first time opens the tenant where there is none."""
    with transaction.atomic():
        first = User.objects.filter(pk=user.pk, email_verified_at=None).update(
            email_verified_at=now
        )
        if not first:
            return
        user.email_verified_at = now
        EmailCode.objects.filter(user=user, purpose=codes.VERIFY, used_at=None).update(used_at=now)
        tenant_id = _first_tenant(user, organisation, now)
        with tenant_tx(tenant_id):
            emit(
                "account.verified",
                {"user": user_payload(user)},
                tenant_id=tenant_id,
                environment=origin.environment,
                now=now,
                target_id=encode("user", user.pk),
            )
            record_audit(
                person(user, tenant_id, origin),
                "account.verified",
                now=now,
                target_type="user",
                target_id=encode("user", user.pk),
            )


def _first_tenant(user: User, organisation: str, now: datetime) -> UUID:
    rows = MEMBERSHIPS_OF_USER.rows(user_id=user.pk)
    if rows:
        found: UUID = rows[0]["tenant_id"]
        return found
    return open_tenant(user, organisation.strip() or user.full_name, now=now).pk


def keys_before_claim(user: User, *, now: datetime) -> list[ApiKey]:
    """The live keys of an account's person, made by whoever registered it; oldest first."""
    found: list[ApiKey] = []
    for row in MEMBERSHIPS_OF_USER.rows(user_id=user.pk):
        with tenant_tx(row["tenant_id"], readonly=True):
            rows = only_live_keys(ApiKey.objects.filter(user=user), now=now)
            found += rows.order_by("created_at", "id")
    return found


def claim(
    token: str, password: str, *, keep_keys: frozenset[str], origin: Origin, now: datetime
) -> User:
    """Make an unclaimed account its mailbox owner's: a password of their own, other sessions gone.

    Every key made before is revoked, save those whose public ids are in `keep_keys`. Raises
    InvalidError for a dead link, and for a weak password before the link is used up.
    """
    owner = codes.claim_owner(token, now=now)
    check_password_strength(password, owner)
    hashed = make_password(password)
    with transaction.atomic():
        user = codes.use_claim_token(token, now=now)
        if user is None:
            raise InvalidError(
                _("This link has been used or is too old."), code="link_expired", field="token"
            )
        mark_claimed(user, hashed)
        confirm_address(user, origin=origin, now=now)
        for row in MEMBERSHIPS_OF_USER.rows(user_id=user.pk):
            with tenant_tx(row["tenant_id"]):
                _record_claim(user, row["tenant_id"], keep_keys=keep_keys, origin=origin, now=now)
    return user


def mark_claimed(user: User, hashed_password: str) -> None:
    """From here on the password opens web sessions."""
    user.password = hashed_password
    user.is_claimed = True
    User.objects.filter(pk=user.pk).update(password=hashed_password, is_claimed=True)


def _record_claim(
    user: User, tenant_id: UUID, *, keep_keys: frozenset[str], origin: Origin, now: datetime
) -> None:
    kept = [decode("key", public_id) for public_id in keep_keys]
    before = ApiKey.objects.filter(user=user, revoked_at=None).exclude(pk__in=kept)
    revoked = before.update(revoked_at=now)
    record_audit(
        person(user, tenant_id, origin),
        "account.claimed",
        now=now,
        target_type="user",
        target_id=encode("user", user.pk),
        facts={"keys_revoked": revoked},
    )


def log_in(email: str, password: str, *, otp: str = "", origin: Origin, now: datetime) -> Session:
    """A fresh session key of 30 days with the scopes of the person's role; at most 20 live, the
    oldest goes.

    Raises BadCredentialsError (same answer and same hashing work for unknown addresses),
    ForbiddenError `second_factor_required`, RateLimitedError.
    """
    counted = [
        (limits.LOGIN_PER_ADDRESS, origin.address),
        (limits.LOGIN_PER_USER, email),
        (limits.LOGIN_GLOBAL, ""),
    ]
    limits.require(counted, now=now)
    user = User.objects.filter(email=email).first()
    if user is None:
        make_password(password)
        raise BadCredentialsError
    if not user.check_password(password) or not user.is_active:
        raise BadCredentialsError
    require_second_factor(user.pk, otp, now=now)
    rows = MEMBERSHIPS_OF_USER.rows(user_id=user.pk)
    if not rows:
        raise ForbiddenError("This person belongs to no organisation.", code="no_membership")
    limits.give_back(counted, now=now)
    return _mint_session_key(user, rows[0]["tenant_id"], Role(rows[0]["role"]), origin, now)


def _mint_session_key(  # noqa: PLR0917 - private, one caller
    user: User, tenant_id: UUID, role: Role, origin: Origin, now: datetime
) -> Session:
    with tenant_tx(tenant_id):
        Membership.objects.select_for_update().get(user=user)
        alive = ApiKey.objects.filter(
            user=user, purpose="login", revoked_at=None, expires_at__gt=now
        ).order_by("-created_at", "-id")
        oldest = [key.pk for key in alive[SESSION_KEYS_ALIVE - 1 :]]
        ApiKey.objects.filter(pk__in=oldest).update(revoked_at=now)
        key, token = create_key(
            tenant_id=tenant_id,
            user_id=user.pk,
            name=f"Log-in of {now:%Y-%m-%d %H:%M}",
            environment=origin.environment,
            scopes=scopes_of_role(role),
            root=encode("user", user.pk),
            purpose="login",
            expires_at=now + SESSION_KEY_LIFE,
            now=now,
        )
        record_audit(
            person(user, tenant_id, origin, role=role),
            "auth.login",
            now=now,
            target_type="key",
            target_id=encode("key", key.pk),
            facts={"revoked": [encode("key", pk) for pk in oldest]},
        )
    return Session(user=user, key=key, token=token)


def user_payload(user: User) -> dict[str, object]:
    """A user as the REST faces and events print it."""
    return {
        "id": encode("user", user.pk),
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "enabled": user.email_verified_at is not None,
        "created_at": user.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
