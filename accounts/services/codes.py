"""The 6-digit codes and single-use links that are mailed to people."""

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account import app_settings
from allauth.account.utils import url_str_to_user_pk, user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts.models import EmailCode, User
from core.crypto import hmac_hex, random_base62, sha256_hex
from core.ids import new_uuid

VERIFY = "verify"
CLAIM = "claim"
MAX_TRIES = 5
CODE_LIFE = timedelta(minutes=15)
CLAIM_LIFE = timedelta(days=7)


def issue_code(user: User, *, now: datetime) -> str:
    """A fresh 6-digit verification code, good for 15 minutes and five tries; older ones die."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    _replace(user, VERIFY, _code_digest(user.pk, code), expires_at=now + CODE_LIFE, now=now)
    return code


def issue_claim_token(user: User, *, now: datetime) -> str:
    """A fresh single-use claim token, good for a week; older ones die."""
    token = random_base62(40)
    _replace(user, CLAIM, sha256_hex(token), expires_at=now + CLAIM_LIFE, now=now)
    return token


def reset_token(user: User) -> str:
    """What POST /auth/password/reset/confirm takes; it dies with the old password."""
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    return f"{user_pk_to_url_str(user)}-{token}"


def reset_link(token: str) -> str:
    """The address where a person sets a new password with a `reset_token`."""
    owner, _sep, key = token.partition("-")
    kwargs = {"uidb36": owner, "key": key}
    return f"{settings.PUBLIC_URL}{reverse('account_reset_password_from_key', kwargs=kwargs)}"


def reset_owner(token: str) -> User | None:
    """Whose living `reset_token` this is."""
    owner, _sep, key = token.partition("-")
    try:
        user = User.objects.filter(pk=url_str_to_user_pk(owner), is_active=True).first()
    except (ValueError, OverflowError, ValidationError):
        return None
    generator = app_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    return user if user is not None and generator.check_token(user, key) else None


def _replace(user: User, purpose: str, digest: str, *, expires_at: datetime, now: datetime) -> None:
    with transaction.atomic():
        EmailCode.objects.filter(user=user, purpose=purpose, used_at=None).update(used_at=now)
        EmailCode.objects.create(
            user=user, purpose=purpose, digest=digest, created_at=now, expires_at=expires_at
        )


def use_code(user_id: UUID | None, code: str, *, now: datetime) -> bool:
    """Whether `code` is the person's live code; a success and a fifth miss both end its life.

    A try is taken before the comparison, by one conditional UPDATE, so that parallel guesses
    cannot exceed five. Without a user the same statements run and nothing is found.
    """
    owner = user_id or new_uuid()
    live = EmailCode.objects.filter(
        user_id=owner, purpose=VERIFY, used_at=None, expires_at__gt=now, tries__lt=MAX_TRIES
    )
    row = live.order_by("-created_at").first()
    row_id, stored = (row.pk, row.digest) if row else (new_uuid(), "")
    taken = live.filter(pk=row_id).update(tries=F("tries") + 1)
    right = hmac.compare_digest(stored, _code_digest(owner, code))
    if not (taken and right):
        return False
    used = EmailCode.objects.filter(pk=row_id, used_at=None).update(used_at=now)
    return used == 1


def claim_owner(token: str, *, now: datetime) -> User | None:
    """Whose live claim link this is, without using it up."""
    row = (
        EmailCode.objects.filter(
            purpose=CLAIM, digest=sha256_hex(token), used_at=None, expires_at__gt=now
        )
        .select_related("user")
        .first()
    )
    return row.user if row else None


def use_claim_token(token: str, *, now: datetime) -> User | None:
    """The person whose claim link this is; the link is used up. One of many parallel callers
    wins.
    """
    user = claim_owner(token, now=now)
    used = EmailCode.objects.filter(
        purpose=CLAIM, digest=sha256_hex(token), used_at=None, expires_at__gt=now
    ).update(used_at=now)
    return user if used == 1 else None


def _code_digest(user_id: UUID, code: str) -> str:
    return hmac_hex(settings.SECRET_KEY, f"code:{user_id}:{code}")
