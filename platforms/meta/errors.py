"""What Graph's error codes mean, and what a failed call says about whether something happened.

Codes decide, not the status: Graph also reports errors with HTTP 200. The table is from Meta's
error reference and from reports of what its answers turned out to mean.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from platforms.errors import PlatformError

AUTH = frozenset({102, 190})
PERMISSION = frozenset({3, 10, *range(200, 300)})
RATE = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
TRANSIENT = frozenset({-2, 1, 2})
BLOCKED_FOR_NOW = 368
NOT_FOUND = frozenset({(100, 33), (803, 0)})
FLAKY_CREATIVE = (100, 1487390)  # HTTP 400, "not transient", and gone on the next try
# Limits of the whole ad account; other rate errors concern one object (an ad set's budget).
ACCOUNT_LIMITS = frozenset({(17, 2446079), (613, 1487742), (4, 0), (32, 0)})
# Answers that are only given before anything is done, whatever was asked.
CERTAIN = frozenset({"auth", "permission", "rate_limited"})
REPORT_TOO_BIG = frozenset({"100/1504018", "2/1504038"})


def kind_of(code: int, subcode: int, *, transient: bool, status: int) -> str:
    """The PlatformError kind of a parsed Graph error."""
    if code in AUTH:
        return "auth"
    if code in RATE or code == BLOCKED_FOR_NOW:
        return "rate_limited"
    if code in PERMISSION:
        return "permission"
    if (code, subcode) in NOT_FOUND or (code == 803):
        return "not_found"
    if transient or code in TRANSIENT or (code, subcode) == FLAKY_CREATIVE or status >= 500:
        return "unavailable"
    return "invalid"


def limits_the_account(code: int, subcode: int) -> bool:
    """Whether a rate error means that the whole ad account has to wait."""
    return (code, subcode) in ACCOUNT_LIMITS or code >= 80000


def codes_of(body: object) -> tuple[int, int]:
    """(code, subcode) of an error body, zeros where there is none."""
    envelope = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(envelope, Mapping):
        return 0, 0
    return _integer(envelope.get("code")), _integer(envelope.get("error_subcode"))


def error_of(status: int, body: object, *, write: bool, wait_s: int = 0) -> PlatformError:
    """The error an answer stands for.

    For a write everything but a clear refusal before any work (token, permission, rate, with a 4xx
    status) is `unknown`: Meta has been seen to answer 400 after the change was made.
    """
    envelope = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(envelope, Mapping):
        return _unreadable(status, write=write, wait_s=wait_s)
    code, subcode = codes_of(body)
    kind = kind_of(code, subcode, transient=envelope.get("is_transient") is True, status=status)
    platform_code = f"{code}/{subcode}" if subcode else str(code)
    retry_after = wait_s or (3600 if code == BLOCKED_FOR_NOW else 60)
    if not write or (kind in CERTAIN and 400 <= status < 500):
        return PlatformError(
            kind,
            _words(envelope),
            platform_code=platform_code,
            retry_after_s=retry_after if kind in ("rate_limited", "unavailable") else 0,
        )
    return PlatformError(
        "unknown", _words(envelope), platform_code=platform_code, if_absent_kind=kind
    )


def _unreadable(status: int, *, write: bool, wait_s: int) -> PlatformError:
    if status == 429:
        return PlatformError(
            "rate_limited", _("Meta asks to wait."), platform_code="429", retry_after_s=wait_s or 60
        )
    message = _("Meta sent an answer that could not be read (HTTP %(status)d).") % {
        "status": status
    }
    kind = "unknown" if write else "unavailable"
    return PlatformError(kind, message, platform_code=str(status))


def _words(envelope: Mapping[str, Any]) -> str:
    text = envelope.get("error_user_msg") or envelope.get("message") or _("Meta refused.")
    return str(text)[:300]


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
