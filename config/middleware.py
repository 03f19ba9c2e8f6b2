"""Request id, log context, what no request may hold and no cache may keep."""

from collections.abc import Callable

import structlog
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from core.ids import encode, new_uuid

Handler = Callable[[HttpRequest], HttpResponse]


def request_context(get_response: Handler) -> Handler:
    """Give every request an id, bind it to the log, send it back as X-Request-Id."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id = encode("req", new_uuid())
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path_info:
            raise BadRequest("zero character")  # no database keeps it
        response = get_response(request)
        response["X-Request-Id"] = request_id
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
