"""What dashboard views stand on: who is signed in, in which tenant, how fresh their factor is."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import structlog
from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from accounts.api_base import after_cursor
from accounts.models import User
from accounts.queries import MEMBERSHIPS_OF_USER, business_limits
from core.actors import Actor, ActorKind, Channel, Role
from core.cursors import make_cursor
from core.errors import AppError, ForbiddenError, RateLimitedError
from core.ids import encode
from core.pages import render_page

View = Callable[..., HttpResponseBase]
STRONG_FACTORS = frozenset({"totp", "webauthn"})
TENANT_SESSION_KEY = "tenant_id"


class PersonRequest(HttpRequest):
    """A request that passed `signed_in`: `actor` is the person, `person` their row, `memberships`
    every tenant they belong to (rows of MEMBERSHIPS_OF_USER).
    """

    actor: Actor
    person: User
    memberships: list[dict[str, Any]]
    htmx: HtmxDetails


def signed_in(*roles: Role) -> Callable[[View], View]:
    """Require a browser session with a membership, in one of `roles` where any are named.

    Without a session the visitor is sent to sign in; a wrong role raises ForbiddenError.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            attach_person(request)
            if request.actor is None:
                return HttpResponseRedirect(reverse("no-membership"))
            if roles and request.actor.role not in roles:
                raise ForbiddenError(
                    _("Your role may not do that."),
                    code="role_required",
                    details={"roles": [str(role) for role in roles]},
                    hint=_("Ask an owner or admin of your organisation."),
                )
            return view(request, *args, **kwargs)

        wrapped.required_roles = roles  # type: ignore[attr-defined]
        return wrapped

    return decorate


def attach_person(request: Any) -> None:
    """Set `actor`, `person` and `memberships` of a signed-in request; `actor` is None without a
    membership. Costs one query, once a request.
    """
    if hasattr(request, "memberships"):
        return
    user: User = request.user
    request.person = user
    request.memberships = MEMBERSHIPS_OF_USER.rows(user_id=user.pk)
    chosen = request.session.get(TENANT_SESSION_KEY, "")
    rows = request.memberships
    row = next((row for row in rows if str(row["tenant_id"]) == chosen), rows[0] if rows else None)
    request.actor = None if row is None else _person_actor(request, user, row)
    if row is not None:
        structlog.contextvars.bind_contextvars(tenant=str(row["tenant_id"]))


def _person_actor(request: HttpRequest, user: User, row: dict[str, Any]) -> Actor:
    user_id = encode("user", user.pk)
    return Actor(
        kind=ActorKind.USER,
        id=user_id,
        tenant_id=row["tenant_id"],
        channel=Channel.DASHBOARD,
        request_id=getattr(request, "request_id", ""),
        label=user.full_name,
        business_ids=business_limits(row["business_ids"]),
        user_id=user.pk,
        role=Role(row["role"]),
        roots=(user_id,),
        strong_auth_at=strong_auth_at(request, user),
        is_suspended=row["is_suspended"],
    )


def strong_auth_at(request: HttpRequest, user: User) -> float | None:
    """Unix time of the session's last TOTP or passkey; a recovery code does not count."""
    times = [
        float(record["at"])
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa" and record.get("type") in STRONG_FACTORS
    ]
    return max(times, default=None)


def page_of[M: Model](
    request: HttpRequest, rows: QuerySet[M], *, size: int = 50, name: str = "cursor"
) -> tuple[list[M], str]:
    """One page of rows in `-created_at, -id` order, and the address of the next one or "".
    `name` is the parameter that holds this list's place, where a page has several.
    """
    cursor = request.GET.get(name, "")
    found: list[Any] = list((after_cursor(rows, cursor) if cursor else rows)[: size + 1])
    if len(found) <= size:
        return found, ""
    query = request.GET.copy()
    query[name] = make_cursor(found[size - 1].created_at, found[size - 1].pk)
    return found[:size], f"?{query.urlencode()}"


def html_errors(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """Middleware: an AppError raised by a page view becomes a page that says what to do next."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, AppError):
            return None
        context: dict[str, Any] = {"error": error}
        if error.code == "reauthentication_required":
            context["confirm_url"] = confirm_url(request)
        response = render_page(
            request, "accounts/error.html", context, partial="error", status=error.status
        )
        if isinstance(error, RateLimitedError):
            response["Retry-After"] = str(error.retry_after)
        return response

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def confirm_url(request: HttpRequest) -> str:
    """Where this person gives their second factor, or sets one up, and then comes back."""
    user = request.user
    types = (
        set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
        if user.is_authenticated
        else set()
    )
    if "webauthn" in types and "totp" not in types:
        name = "mfa_reauthenticate_webauthn"
    else:
        name = "mfa_reauthenticate" if "totp" in types else "mfa_index"
    return f"{reverse(name)}?{urlencode({'next': _way_back(request)})}"


def _way_back(request: HttpRequest) -> str:
    """This page, or the page a form was sent from: never a URL that only takes a POST."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    origin = f"{request.scheme}://{request.get_host()}"
    referer = request.headers.get("Referer", "")
    return referer.removeprefix(origin) if referer.startswith(f"{origin}/") else "/"


def _to_sign_in(request: Any) -> HttpResponseBase:
    if getattr(request, "htmx", False):
        response = HttpResponse(status=401)
        back = request.htmx.current_url_abs_path or "/"
        response["HX-Redirect"] = f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': back})}"
        return response
    return redirect_to_login(_way_back(request), reverse(settings.LOGIN_URL))
