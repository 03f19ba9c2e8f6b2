"""JSON in and out of the REST faces, and the one place where errors become answers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import orjson
import pydantic
import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import AppError, InvalidError, RateLimitedError

log = structlog.get_logger(__name__)


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


class OrjsonRenderer(BaseRenderer):
    """JSON by orjson, times in UTC with Z and to the second; bytes pass through, for a stored reply
    is printed already.
    """

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        if data is None:
            return b""
        if isinstance(data, bytes):
            return data
        return orjson.dumps(data, default=_default, option=OPTIONS)


class JsonNegotiation(DefaultContentNegotiation):
    """Django REST framework's, without its work for callers that take JSON."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The renderer and the media type it answers with."""
        takes_json = request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", "application/json")
        if takes_json and "format" not in request.query_params:
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class DecimalJSONParser(JSONParser):
    """JSON whose numbers with a point arrive as Decimal: money is never a float on the way in."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = _bounded(stream)
        try:
            value = json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)
            if b"\\u" in raw:
                _refuse_unstorable(value)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise MalformedJsonError(f"The body is not valid JSON: {error}") from error
        return value


def _bounded(stream: Any) -> bytes:
    """The body, within DATA_UPLOAD_MAX_MEMORY_SIZE: the stream of a request knows no limit."""
    raw: bytes = stream.body if isinstance(stream, HttpRequest) else stream.read()
    return raw


def _refuse_unstorable(value: Any) -> None:
    """An escape can write what no database keeps: the zero character, half a surrogate pair."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a text holds the character U+0000")
        value.encode()
    elif isinstance(value, dict):
        _refuse_unstorable([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            _refuse_unstorable(item)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class MalformedJsonError(AppError):
    code = "malformed_json"
    status = 400
    hint = "Send one JSON object as application/json."


def rule_text(rule: str, message: str) -> str:
    """A pydantic rule in the words of a caller, who knows neither Python nor our models."""
    known = _RULES.get(rule)
    return str(known) if known is not None else message.removeprefix("Value error, ")


_RULES = {
    "missing": _("This field is required."),
    "extra_forbidden": _("No such field here."),
    "too_short": _("Give at least one."),
}


def validation_error(error: pydantic.ValidationError) -> InvalidError:
    """The first broken rule of a pydantic model as the caller's error, all of them in the
    details.
    """
    problems = [
        {
            "field": ".".join(str(part) for part in item["loc"]),
            "rule": item["type"],
            "message": rule_text(item["type"], item["msg"]),
        }
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = problems[0]
    message = f"{first['field']}: {first['message']}" if first["field"] else str(first["message"])
    return InvalidError(message, field=str(first["field"]), details={"problems": problems})


@contextmanager
def naming(sent_as: Mapping[str, str]) -> Iterator[None]:
    """Refusals inside name the caller's keys."""
    try:
        yield
    except pydantic.ValidationError as error:
        raise _renamed(validation_error(error), sent_as) from error
    except InvalidError as error:
        raise _renamed(error, sent_as) from error


def _renamed(error: InvalidError, sent_as: Mapping[str, str]) -> InvalidError:
    details = dict(error.details)
    head, dot, rest = str(details.get("field", "")).partition(".")
    if head in sent_as:
        details["field"] = sent_as[head] + dot + rest
        error.message = error.message.replace(f"{head}:", f"{details['field']}:", 1)
    for problem in details.get("problems", []):
        first, point, tail = problem["field"].partition(".")
        problem["field"] = sent_as.get(first, first) + point + tail
    error.details = details
    return error


_DRF_CODES = {
    drf.MethodNotAllowed: ("method_not_allowed", 405),
    drf.UnsupportedMediaType: ("unsupported_media_type", 415),
    drf.NotAcceptable: ("not_acceptable", 406),
    drf.AuthenticationFailed: ("unauthorized", 401),
    drf.NotAuthenticated: ("unauthorized", 401),
    drf.PermissionDenied: ("forbidden", 403),
    drf.ParseError: ("malformed_json", 400),
}


def as_app_error(error: Exception) -> AppError | None:
    """What any expected exception means to the caller; None for a bug."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, pydantic.ValidationError):
        return validation_error(error)
    if isinstance(error, Http404):
        return AppError("No such route or object.", code="not_found", status=404)
    if isinstance(error, PermissionDenied):
        return AppError("This credential may not do that.", code="forbidden", status=403)
    if isinstance(error, RequestDataTooBig):
        return AppError("The body is larger than 2 MB.", code="body_too_large", status=413)
    for kind, (code, status) in _DRF_CODES.items():
        if isinstance(error, kind):
            return AppError(str(getattr(error, "detail", error)), code=code, status=status)
    return None


def error_body(error: AppError, request_id: str) -> dict[str, Any]:
    """Surface A's error envelope."""
    body = {
        "code": error.code,
        "message": error.message,
        "status": error.status,
        "details": error.details,
        "request_id": request_id,
    }
    hint = error.hint
    if not hint and error.status == InvalidError.status and "field" in error.details:
        hint = "Correct the field that details name and send the request again."
    if hint:
        body["hint"] = hint
    return {"error": body}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Surface A's answer to any exception; a bug is logged and answers 500 without detail."""
    request_id = getattr(context["request"]._request, "request_id", "")
    known = as_app_error(error)
    if known is None:
        log.error("unhandled_error", exc_info=error)
        known = AppError("Something failed on our side.", code="internal_error", status=500)
        known.hint = "Retry with back-off; quote the request_id if it persists."
    response = Response(error_body(known, request_id), status=known.status)
    if isinstance(known, RateLimitedError):
        response["Retry-After"] = str(known.retry_after)
    if known.status == 401:
        metadata = f"{settings.PUBLIC_URL}/.well-known/oauth-protected-resource"
        response["WWW-Authenticate"] = f'Bearer resource_metadata="{metadata}"'
    return response
