"""What an object's status comes to, given its parents, its review and its account."""

from datetime import datetime

from platforms.simulator.models import (
    ACTIVE,
    AD,
    APPROVED,
    ARCHIVED,
    DELETED,
    DISAPPROVED,
    PAUSED,
    PENDING_REVIEW,
    Node,
)


def review_state(ad: Node, now: datetime) -> str:
    """APPROVED, PENDING_REVIEW or DISAPPROVED at `now`."""
    if ad.reviewed_at is None:
        return APPROVED
    if now < ad.reviewed_at:
        return PENDING_REVIEW
    return DISAPPROVED if ad.review_reason else APPROVED


def effective_status(node: Node, parents: list[Node], now: datetime) -> str:
    """Graph's effective_status; `parents` are nearest first (ad set, campaign)."""
    line = [node, *parents]
    for gone in (DELETED, ARCHIVED):
        if any(one.status == gone for one in line):
            return gone
    if node.kind == AD:
        blocked = _ad_block(node, now)
        if blocked:
            return blocked
    if node.status == PAUSED:
        return PAUSED
    for parent in reversed(parents):
        if parent.status == PAUSED:
            return f"{parent.kind.upper()}_PAUSED"
    return ACTIVE


def _ad_block(ad: Node, now: datetime) -> str:
    state = review_state(ad, now)
    if state != APPROVED:
        return state
    return "PENDING_BILLING_INFO" if ad.account.status == 3 else ""


def issues(ad: Node, now: datetime) -> list[dict[str, object]]:
    """`issues_info` of a disapproved ad."""
    if ad.kind != AD or review_state(ad, now) != DISAPPROVED:
        return []
    return [
        {
            "level": "AD",
            "error_code": 1815869,
            "error_summary": "Ad Disapproved",
            "error_message": ad.review_reason,
            "error_type": "HARD_ERROR",
        }
    ]
