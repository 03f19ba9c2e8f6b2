"""The OAuth dialog: who a test person is, and whether the app may act for them."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from platforms.simulator import oauth, store
from platforms.simulator.models import Person

ASKED = ("client_id", "redirect_uri", "state", "scope", "response_type")
CURRENCIES = ("USD", "EUR", "GBP", "CAD", "AUD", "JPY", "INR", "BRL", "MXN")
ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "UTC",
)
STYLE = (Path(__file__).parent / "consent.css").read_bytes()


def style(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(STYLE, content_type="text/css")


@csrf_exempt
def dialog(request: HttpRequest) -> HttpResponse:
    """No session is involved, so the form needs no CSRF token: it carries all it knows."""
    asked = {name: (request.POST or request.GET).get(name, "") for name in ASKED}
    problem = problem_of(asked)
    if problem:
        return _page(asked, {"problem": problem}, status=400)
    if request.method != "POST":
        return _page(asked, _choices(asked), status=200)
    if request.POST.get("decision") != "allow":
        return _back(
            asked,
            {
                "error": "access_denied",
                "error_code": "200",
                "error_description": "Permissions error",
                "error_reason": "user_denied",
            },
        )
    with store.writing():
        person = _person(request)
        code = oauth.new_code(person, asked["redirect_uri"], _scopes(asked)) if person else None
    if code is None:
        return _page(
            asked, {"problem": _("Choose a person, a currency and a time zone.")}, status=400
        )
    return _back(asked, {"code": code.value})


def problem_of(asked: dict[str, str]) -> str:
    """Why the dialog cannot be shown, or an empty text."""
    if asked["client_id"] != settings.SIM_APP_ID:
        return _("Invalid app ID: the provided app ID does not look like a valid app ID.")
    if not oauth.redirect_allowed(asked["redirect_uri"]):
        return _("URL blocked: this redirect address is not allowed for the app.")
    if asked["response_type"] not in ("", "code"):
        return _("Only response_type=code is supported.")
    return ""


def _scopes(asked: dict[str, str]) -> list[str]:
    words = asked["scope"].replace(",", " ").split()
    return words or oauth.DEFAULT_SCOPES


def _choices(asked: dict[str, str]) -> dict[str, Any]:
    return {
        "hidden": asked,
        "scopes": _scopes(asked),
        "people": Person.objects.order_by("-pk")[:10],
        "currencies": CURRENCIES,
        "zones": ZONES,
    }


def _person(request: HttpRequest) -> Person | None:
    """The chosen or a new person; None where the form is not sound."""
    chosen = request.POST.get("person", "")
    if chosen != "new":
        return Person.objects.filter(pk=int(chosen)).first() if chosen.isdigit() else None
    currency, zone = request.POST.get("currency", ""), request.POST.get("timezone", "")
    if currency not in CURRENCIES or zone not in ZONES:
        return None
    name = request.POST.get("name", "").strip()[:80] or "Test person"
    return oauth.new_person(
        name, now=store.world().now, currency=currency, timezone=str(ZoneInfo(zone))
    )


def _back(asked: dict[str, str], params: dict[str, str]) -> HttpResponse:
    """302 to exactly the redirect address, with the state as it came."""
    uri = asked["redirect_uri"]
    if asked["state"]:
        params["state"] = asked["state"]
    response = HttpResponse(status=302)
    response["X-Sim-Now"] = store.world().now.isoformat()
    response["Location"] = f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(params)}"
    return response


def _page(asked: dict[str, str], context: dict[str, Any], *, status: int) -> HttpResponse:
    html = render_to_string("simulator/consent.html", context)
    response = HttpResponse(html, status=status)
    response["X-Sim-Now"] = store.world().now.isoformat()
    allowed = ""
    if "problem" not in context:
        # Browsers apply form-action to the redirect that follows the form, too.
        target = urlsplit(asked["redirect_uri"])
        allowed = f" {target.scheme}://{target.netloc}"
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action 'self'{allowed}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return response
