"""Request id, log context, and no sessions on the API."""

from collections.abc import Callable

import structlog
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
        response = get_response(request)
        response["X-Request-Id"] = request_id
        return response

    return middleware
