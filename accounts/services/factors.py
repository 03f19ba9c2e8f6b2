"""Second factors: how often a person may guess, whether one is set up, how fresh it must be."""

from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.services import limits
from core.actors import Actor, Environment
from core.errors import ForbiddenError


def _counted(user_id: UUID) -> list[tuple[limits.Limit, str]]:
    subject = f"factor:{user_id}"
    return [
        (limits.FACTOR, subject),
        (limits.CODE_PER_HOUR, subject),
        (limits.CODE_PER_DAY, subject),
    ]


def count_guess(user_id: UUID, *, now: datetime) -> None:
    """Count one code typed by the person: 5 in 5 minutes, 20 an hour, 50 a day.

    Raises RateLimitedError.
    """
    limits.require(_counted(user_id), now=now)


def forgive_guess(user_id: UUID, *, now: datetime) -> None:
    """The code was right: it does not count."""
    limits.give_back(_counted(user_id), now=now)


def require_second_factor(user_id: UUID, code: str, *, now: datetime) -> None:
    """Nothing for a person without a second factor; else `code` must be their authenticator's.

    Raises ForbiddenError `second_factor_required`, RateLimitedError.
    """
    factors = list(
        Authenticator.objects.filter(user_id=user_id).exclude(
            type=Authenticator.Type.RECOVERY_CODES
        )
    )
    if not factors:
        return
    totp = next((row for row in factors if row.type == Authenticator.Type.TOTP), None)
    if code and totp is not None:
        count_guess(user_id, now=now)
        if TOTP(totp).validate_code(code):
            forgive_guess(user_id, now=now)
            return
    raise ForbiddenError(
        "This account has a second factor.",
        code="second_factor_required",
        details={"field": "otp"},
        hint="Send the authenticator's code as `otp`, or create a key on the page Keys.",
    )


def require_fresh_factor(actor: Actor, environment: str, *, now: datetime) -> None:
    """Raise ForbiddenError(`reauthentication_required`) in live unless the actor gave a TOTP or
    passkey within the last 15 minutes. In test a session is enough.
    """
    if environment == Environment.TEST:
        return
    at = actor.strong_auth_at
    if at is None or not 0 <= now.timestamp() - at <= settings.STRONG_AUTH_MAX_AGE_S:
        raise ForbiddenError(
            _("Confirm with your passkey or authenticator app first."),
            code="reauthentication_required",
            hint=_("Live changes need a second factor given within the last 15 minutes."),
        )
