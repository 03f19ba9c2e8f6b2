"""Decisions of people (and of keys that a person granted) on proposals."""

from campaigns.approvals.again import propose_again
from campaigns.approvals.approve import ApprovalDeniedError, approve
from campaigns.approvals.close import cancel, expire_due, reject, remind_due, snooze
from campaigns.approvals.common import NotPendingError
from campaigns.approvals.mails import announce_due
from campaigns.approvals.undo import undo

__all__ = [
    "ApprovalDeniedError",
    "NotPendingError",
    "announce_due",
    "approve",
    "cancel",
    "expire_due",
    "propose_again",
    "reject",
    "remind_due",
    "snooze",
    "undo",
]
