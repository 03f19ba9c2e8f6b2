"""What Celery beat rings, and how often."""

from typing import Any

HOUR, DAY = 3600, 86_400


def _every(seconds: int, task: str) -> dict[str, Any]:
    """A bell that nobody has heard when the next one rings is dropped."""
    expires = min(seconds, HOUR)
    return {"task": task, "schedule": float(seconds), "options": {"expires": expires}}


SCHEDULE = {
    "heads": _every(HOUR, "accounts.sign_heads"),
    "turn": _every(30, "accounts.worker_turn"),
    "keys": _every(HOUR, "accounts.prune_keys"),
    "credits": _every(HOUR, "billing.release_credits"),
    "grace": _every(300, "billing.end_grace"),
    "payments": _every(60, "billing.refresh_stale"),
    "sync": _every(20, "campaigns.sync_due"),
    "expire": _every(30, "campaigns.expire_due"),
    "announce": _every(20, "campaigns.announce_due"),
    "remind": _every(60, "campaigns.remind_due"),
    "rules": _every(60, "optimizer.evaluate_due"),
    "alerts": _every(60, "analytics.alerts_due"),
    "tokens": _every(HOUR, "platforms.expire_due"),
    "reports": _every(30, "analytics.reports_due"),
    "assets": _every(DAY, "platforms.refresh_all"),
}
