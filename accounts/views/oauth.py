"""OAuth endpoints: the consent page, tokens, revocation and the metadata that clients look for."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.oauth2_backends import OAuthLibCore

from accounts.domain.redirects import origin_of
from accounts.domain.scopes import APP_SCOPES
from accounts.forms import ConsentForm
from accounts.models import OAuthApplication
from accounts.presenters import app_scope_words
from accounts.services import app_tokens, apps, limits, oauth_server
from accounts.web import PersonRequest, signed_in
from core.clock import now
from core.errors import InvalidError, RateLimitedError
from core.pages import render_page
from core.tenancy import tenant_tx

TOKENS_PER_ADDRESS = limits.Limit("oauth-token", 120, 60)
View = Callable[..., HttpResponse]
SAFE_TO_READ = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in()
def authorize(request: PersonRequest) -> HttpResponseBase:
    client = oauth_server.find_client(request.actor, request.GET.get("client_id", ""))
    if client is None:
        return _refused(request, _("This app is not known here, or belongs to somebody else."))
    try:
        scopes, asked = oauth_server.core().validate_authorization_request(request)
        asked["resource"] = app_tokens.check_resources(request.GET.getlist("resource"))
        return _consent(request, client, scopes=scopes, asked=asked)
    except FatalClientError as error:
        return _refused(request, str(error.oauthlib_error.description))
    except OAuthToolkitError as error:
        found = error.oauthlib_error
        return _back(found.redirect_uri, found.error, found.description or "", state=found.state)
    except InvalidError as error:
        return _back(asked["redirect_uri"], error.code, error.message, state=asked["state"])


def _consent(
    request: PersonRequest, client: OAuthApplication, *, scopes: list[str], asked: dict[str, Any]
) -> HttpResponseBase:
    if request.method == "POST" and "deny" in request.POST:
        words = "The person said no."
        return _back(asked["redirect_uri"], "access_denied", words, state=asked["state"])
    form = ConsentForm(request.POST or None, actor=request.actor)
    given = apps.grantable(request.actor, scopes)
    if request.method == "POST" and given and form.is_valid():
        where = form.cleaned_data["where"]
        return _allowed(request, client, asked=asked, given=given, where=where)
    context = {
        "client": client,
        "form": form,
        "given": app_scope_words(given),
        "withheld": app_scope_words(sorted(set(scopes) - set(given))),
        "goes_to": origin_of(asked["redirect_uri"]),
        "action": request.get_full_path(),
        "organisation": _organisation(request),
    }
    status = 422 if form.errors else 200
    page = render_page(request, "accounts/consent.html", context, status=status)
    return _may_leave_to(asked["redirect_uri"], page)


def _organisation(request: PersonRequest) -> str:
    mine = request.actor.tenant_id
    return str(next(row["tenant_name"] for row in request.memberships if row["tenant_id"] == mine))


def _allowed(
    request: PersonRequest,
    client: OAuthApplication,
    *,
    asked: dict[str, Any],
    given: list[str],
    where: str,
) -> HttpResponse:
    with tenant_tx(request.actor.tenant_id):
        key = apps.allow(request.actor, client, asked=given, where=where, now=now())
        asked = {name: value for name, value in asked.items() if name != "request"}
        uri, *_rest = oauth_server.core().create_authorization_response(
            request, given, {**asked, "key": key}, allow=True
        )
    return _away(uri)


def _away(uri: str) -> HttpResponse:
    """A redirect to an address that the client has registered, of whatever allowed scheme."""
    return HttpResponse(status=302, headers={"Location": uri, "Referrer-Policy": "no-referrer"})


def _back(redirect_uri: str, code: str, words: str, *, state: str | None) -> HttpResponse:
    answer = {"error": code, "error_description": words, "iss": settings.PUBLIC_URL}
    if state:
        answer["state"] = state
    mark = "&" if "?" in redirect_uri else "?"
    return _away(f"{redirect_uri}{mark}{urlencode(answer)}")


def _may_leave_to(redirect_uri: str, page: HttpResponse) -> HttpResponseBase:
    """Browsers judge a form by where its redirects end too: let this one end at the app."""
    policy = dict(settings.SECURE_CSP)
    policy["form-action"] = [*policy["form-action"], origin_of(redirect_uri)]
    shown: Callable[[HttpRequest | None], HttpResponseBase] = csp_override(policy)(lambda _: page)
    return shown(None)


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    """Nothing is sent to an address that no known client has registered."""
    return render_page(request, "accounts/consent_refused.html", {"why": why}, status=400)


def _limited(
    endpoint: Callable[[OAuthLibCore, HttpRequest], Any],
) -> Callable[[HttpRequest], HttpResponse]:
    """A POST endpoint of the library for clients, counted by address."""

    def view(request: HttpRequest) -> HttpResponse:
        try:
            address = limits.client_address(request)
            limits.require([(TOKENS_PER_ADDRESS, address)], now=now())
        except RateLimitedError as error:
            headers = {"Retry-After": str(error.retry_after)}
            return JsonResponse({"error": "temporarily_unavailable"}, status=429, headers=headers)
        _uri, headers, body, status = endpoint(oauth_server.core(), request)
        kept = {"Content-Type": "application/json", "Cache-Control": "no-store", **headers}
        return HttpResponse(body or "", status=status, headers=kept)

    return view


token = csrf_exempt(require_POST(_limited(OAuthLibCore.create_token_response)))
revoke = csrf_exempt(require_POST(_limited(OAuthLibCore.create_revocation_response)))


@require_safe
def server_metadata(_request: HttpRequest) -> HttpResponse:
    """RFC 8414."""
    base, ways = settings.PUBLIC_URL, ["none", "client_secret_basic", "client_secret_post"]
    document = {
        "issuer": base,
        "authorization_endpoint": base + reverse("oauth-authorize"),
        "token_endpoint": base + reverse("oauth-token"),
        "revocation_endpoint": base + reverse("oauth-revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
        "scopes_supported": sorted(APP_SCOPES),
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    }
    return JsonResponse(document, headers=SAFE_TO_READ)


@require_safe
def resource_metadata(_request: HttpRequest, resource: str) -> HttpResponse:
    """RFC 9728 of the REST API or the MCP endpoint."""
    document = {
        "resource": app_tokens.resources()[resource],
        "authorization_servers": [settings.PUBLIC_URL],
        "scopes_supported": sorted(APP_SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": "Ads Agents",
    }
    return JsonResponse(document, headers=SAFE_TO_READ)
