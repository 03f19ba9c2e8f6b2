"""Timings of the dispatch loop that cannot work, as system checks."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register
def lease_outlives_a_call(**_kwargs: Any) -> list[CheckMessage]:
    """A claim must hold longer than one call may take, or no call is ever made."""
    if settings.DISPATCH_LEASE_S > settings.DISPATCH_CALL_TIMEOUT_S:
        return []
    return [
        Error(
            "DISPATCH_LEASE_S must be greater than DISPATCH_CALL_TIMEOUT_S.",
            hint="Three times the time-out is a good value.",
            id="campaigns.E001",
        )
    ]
