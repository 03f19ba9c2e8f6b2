"""Request limits by plan: a minute and a day, counted for the tenant and environment, so that
minting more keys gives no more requests.
"""

from collections.abc import Callable
from typing import Any

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.services.limits import Limit, Usage, client_address, hit
from core.clock import now
from core.errors import RateLimitedError

log = structlog.get_logger(__name__)
PUBLIC = Limit("public-address", 60, 60)
MINUTE_S, DAY_S = 60, 86_400
COUNTED = ("/api/v1/", "/v1/", "/mcp")  # the faces that keys call


class PlanThrottle(BaseThrottle):
    """Counts every request; refuses beyond the plan unless the view stops harm (`quota_exempt`)."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises RateLimitedError; the usage is kept on the request for the headers."""
        if not settings.PLAN_THROTTLE:
            return True
        usages = _count(_windows(request))
        request._request.rate_usage = usages  # type: ignore[attr-defined]
        full = [usage for usage in usages if not usage.allowed]
        if full and not getattr(view, "quota_exempt", False):
            reset_at = max(usage.reset_at for usage in full)
            wait = max(reset_at - int(now().timestamp()), 1)
            raise RateLimitedError(
                f"More than {full[0].limit.count} requests in {full[0].limit.seconds} seconds.",
                retry_after=wait,
                details={"limit": full[0].limit.count, "retry_after_seconds": wait},
                hint="Wait for Retry-After seconds, or move to a larger plan.",
            )
        return True


def _windows(request: Request) -> list[tuple[Limit, str]]:
    row: Any = request.auth
    if row is None:
        return [(PUBLIC, client_address(request._request))]
    subject = f"{row['tenant_id']}:{row['environment']}"
    return [
        (Limit("plan-minute", row["requests_per_minute"], MINUTE_S), subject),
        (Limit("plan-day", row["requests_per_day"], DAY_S), subject),
    ]


def _count(windows: list[tuple[Limit, str]]) -> list[Usage]:
    """The usages after this request; none where the counters are away, which refuses nobody."""
    try:
        return hit(windows, now=now())
    except redis.RedisError:
        log.warning("counters_unreachable")
        return []


def rate_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: X-RateLimit-* of the tightest window on every REST answer, also on those that
    ended before the throttle.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.PLAN_THROTTLE and request.path.startswith(COUNTED):
            usages = getattr(request, "rate_usage", None)
            if usages is None:
                usages = _count([(PUBLIC, client_address(request))])
            if usages:
                tightest = min(usages, key=lambda usage: usage.remaining)
                response["X-RateLimit-Limit"] = str(tightest.limit.count)
                response["X-RateLimit-Remaining"] = str(tightest.remaining)
                response["X-RateLimit-Reset"] = str(tightest.reset_at)
        return response

    return middleware
