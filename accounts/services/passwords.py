"""A new password by a mailed link, over REST: nobody is signed in by it."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from accounts.queries import MEMBERSHIPS_OF_USER
from accounts.services import codes, keys, limits
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from accounts.services.registration import (
    Origin,
    check_password_strength,
    confirm_address,
    limit_mails,
    person,
)
from core.actors import Role
from core.errors import AppError
from core.ids import encode
from core.tenancy import tenant_tx


class InvalidTokenError(AppError):
    """Wrong, too old, used up, of an account that nobody has claimed: one answer for all."""

    code = "invalid_token"
    status = 422
    message = "The token is wrong or no longer valid."
    hint = "Ask for a new one with POST /v1/auth/password/reset."


def request_reset(email: str, *, origin: Origin, now: datetime) -> None:
    """Mail the link and its token, if the address has an account. Same work and answer for any
    address; raises RateLimitedError.
    """
    limit_mails(email, origin, now)
    queue_mail("password_reset", email, {}, now=now)


def confirm_reset(token: str, password: str, *, origin: Origin, now: datetime) -> None:
    """Set the password whose reset was mailed; log-ins with the old one end.

    Browser sessions end and keys from log-ins are revoked, in every organisation of the person.
    Raises InvalidTokenError for a token that does not hold, used once included, InvalidError for a
    weak password (the token still holds then), RateLimitedError.
    """
    limits.require([(limits.RESET_PER_ADDRESS, origin.address), (limits.RESET_GLOBAL, "")], now=now)
    user = codes.reset_owner(token)
    if user is None or not user.is_claimed:
        raise InvalidTokenError
    check_password_strength(password, user)
    hashed = make_password(password)
    with transaction.atomic():
        # The token is made of the old password: of many parallel callers one replaces it.
        same = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
        if not same.update(password=hashed):
            raise InvalidTokenError
        confirm_address(user, origin=origin, now=now)
        for session in UserSession.objects.filter(user=user):
            session.end()
        end_log_ins(user, "account.password_reset", origin=origin, now=now)
        queue_mail("password_changed", user.email, {"name": user.first_name}, now=now)


def end_log_ins(user: User, event_type: str, *, origin: Origin, now: datetime) -> None:
    """Keys from log-ins with the password that no longer holds end, in every organisation of the
    person, whose audit says why.
    """
    for row in MEMBERSHIPS_OF_USER.rows(user_id=user.pk):
        with tenant_tx(row["tenant_id"]):
            record_audit(
                person(user, row["tenant_id"], origin, role=Role(row["role"])),
                event_type,
                now=now,
                target_type="user",
                target_id=encode("user", user.pk),
                facts={"keys_revoked": keys.end_login_keys(user.pk, now=now)},
            )
