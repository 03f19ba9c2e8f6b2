"""Request id, log context, and no sessions on the API."""

from collections.abc import Callable
from typing import Any

import structlog
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest, HttpResponse
from django_htmx.middleware import HtmxMiddleware

from config.dialects import API_PREFIX
from core.ids import encode, new_uuid
from core.sessions import SessionMiddleware

Handler = Callable[[HttpRequest], HttpResponse]


class _ForPages:
    """A middleware that requests of the REST faces pass by: a key has no session, so a cookie
    beside it means nothing.
    """

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if API_PREFIX.match(request.path):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class PageSessions(_ForPages, SessionMiddleware):
    """Ours, for pages."""


class PageUsers(_ForPages, AuthenticationMiddleware):
    """Django's, for pages."""


class PageMessages(_ForPages, MessageMiddleware):
    """Django's, for pages."""


class PageHtmx(_ForPages, HtmxMiddleware):
    """django-htmx's, for pages."""


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
