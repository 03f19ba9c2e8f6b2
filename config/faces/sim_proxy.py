"""`/sim/…`: the simulator's consent page and Graph API on the public address.

Only in the demo or beside a sandbox host, and only for a simulator on this machine, which nobody
else could reach. Consent needs a browser session, the API a token the simulator issued; its control
API has no way in. No cookie passes in either direction.
"""

import re
from urllib.parse import parse_qsl

import orjson
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.services.limits import Limit, client_address, require
from accounts.web import PersonRequest, signed_in
from core.clock import now
from core.errors import AppError, ForbiddenError
from core.http import OutsideFetchError, OutsideResponse, pass_to_simulator

PER_ADDRESS = Limit("sim-address", 600, 60)
_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")
_GRAPH_PATH = re.compile(r"[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)*")
# What the simulator issues. Meta's own tokens are longer, our keys begin otherwise.
_SIM_TOKEN = re.compile(r"EAAS[A-Za-z0-9_-]{64}")
_BACK = (
    "content-type",
    "retry-after",
    "x-sim-now",
    "x-app-usage",
    "x-ad-account-usage",
    "x-business-use-case-usage",
)


@csrf_exempt  # the simulator's form has no token of ours: `_check_own_form` looks at its origin
@signed_in()
@require_http_methods(["GET", "POST"])
def consent(request: PersonRequest, version: str) -> HttpResponse:
    _check_open(version)
    if request.method == "POST":
        _check_own_form(request)
    path = f"/{version}/dialog/oauth"
    return _passed(request, path, back=("location", "content-security-policy"))


@signed_in()
@require_safe
def consent_style(request: PersonRequest, version: str) -> HttpResponse:
    _check_open(version)
    return _passed(request, f"/{version}/dialog/consent.css")


@csrf_exempt  # no session is looked at: the call carries its own token
@require_http_methods(["GET", "POST", "DELETE"])
def graph(request: HttpRequest, version: str, path: str) -> HttpResponse:
    _check_open(version)
    path = path.removesuffix("/")
    if not _GRAPH_PATH.fullmatch(path) or path.partition("/")[0] in ("dialog", "_sim"):
        raise Http404
    tokens = _tokens(request)
    if not tokens or not all(_SIM_TOKEN.fullmatch(token) for token in tokens):
        return _refused(401, 190, _("Send an access token of the simulator."))
    try:
        return _passed(request, f"/{version}/{path}", sent=("Authorization",))
    except AppError as error:
        return _refused(error.status, 4 if error.status == 429 else 2, error.message)


def _check_open(version: str) -> None:
    if not settings.SIMULATOR_PROXIED or not _VERSION.fullmatch(version):
        raise Http404


def _check_own_form(request: HttpRequest) -> None:
    own = f"{request.scheme}://{request.get_host()}"
    if request.headers.get("Origin", "") not in (own, settings.PUBLIC_URL):
        raise ForbiddenError(_("The form was sent from another site."))


def _tokens(request: HttpRequest) -> list[str]:
    """Every credential of a call, in each place where the simulator or a slip could put one."""
    header = request.headers.get("Authorization", "")
    found = [header.partition(" ")[2].strip() or header] if header else []
    sent = [*parse_qsl(request.META.get("QUERY_STRING", "")), *_form(request)]
    found += [value for name, value in sent if name == "access_token"]
    return found + [value for _name, value in sent if "aa_live_" in value]


def _form(request: HttpRequest) -> list[tuple[str, str]]:
    body = request.body  # read first: it is what is passed on
    if request.content_type == "application/json":
        return _json(body)
    return [(name, value) for name, values in request.POST.lists() for value in map(str, values)]


def _json(body: bytes) -> list[tuple[str, str]]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    return [(name, str(value)) for name, value in found.items()] if isinstance(found, dict) else []


def _passed(
    request: HttpRequest, path: str, *, sent: tuple[str, ...] = (), back: tuple[str, ...] = ()
) -> HttpResponse:
    """The simulator's answer; of the headers only those named here travel."""
    require([(PER_ADDRESS, client_address(request))], now=now())
    names = ("Content-Type", "Accept", *sent)
    try:
        answer = pass_to_simulator(
            request.method or "GET",
            path,
            query=request.META.get("QUERY_STRING", ""),
            headers={name: request.headers[name] for name in names if request.headers.get(name)},
            content=request.body,
        )
    except OutsideFetchError as error:
        raise _unavailable() from error
    if answer.truncated:
        raise _unavailable()
    response = HttpResponse(_own_links(answer), status=answer.status)
    del response["Content-Type"]
    for name in (*_BACK, *back):
        if name in answer.headers:
            response[name] = answer.headers[name]
    response["Cache-Control"] = "no-store"
    return response


def _unavailable() -> AppError:
    message = _("The simulated platform does not answer.")
    return AppError(message, code="simulator_unavailable", status=502, hint=_("Try again."))


def _own_links(answer: OutsideResponse) -> bytes:
    """The next page of a list is fetched here, too."""
    own, theirs = f"{settings.PUBLIC_URL}/sim/v", f"{settings.SIMULATOR_URL}/v"
    return answer.body.replace(theirs.encode(), own.encode())


def _refused(status: int, code: int, message: str) -> HttpResponse:
    """Graph's own envelope, which is what clients of these paths read."""
    kind = "OAuthException" if code == 190 else "ApiException"
    body = {"error": {"message": message, "type": kind, "code": code}}
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
