"""404, 405 and 500 outside a view: JSON in the surface's dialect on the API, a page elsewhere."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults

from accounts.rendering import error_body
from config.dialects import surface_of
from core.errors import AppError


def json_error(request: HttpRequest, error: AppError) -> HttpResponse:
    """An error that is raised outside a view, as the API prints it."""
    return JsonResponse(error_body(error, getattr(request, "request_id", "")), status=error.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if surface_of(request.path):
        return json_error(
            request,
            AppError(
                f"No route {request.method} {request.path}.",
                code="not_found",
                status=404,
                hint="Check the method and the path; routes begin with /api/v1/.",
            ),
        )
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if surface_of(request.path):
        return json_error(
            request, AppError("The request is malformed.", code="bad_request", status=400)
        )
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if surface_of(request.path):
        return json_error(
            request, AppError("Something failed on our side.", code="internal_error", status=500)
        )
    return defaults.server_error(request)
