"""The quick start: an agent's first calls, with a key of the reader's own once they make one."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.domain.roles import MANAGERS
from accounts.forms import TestKeyForm
from accounts.services import keys
from accounts.web import PersonRequest, signed_in
from core.actors import Environment
from core.clock import now
from core.errors import ForbiddenError, InvalidError
from core.pages import render_page

SCOPES = ["campaigns:read", "campaigns:write", "analytics:read", "account:read", "account:write"]
LIFE = timedelta(days=30)
PLACEHOLDER = "aa_test_…"


@dataclass(frozen=True)
class Step:
    """One call and what it is for."""

    title: str
    text: str
    code: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in()
def quick_start(request: PersonRequest) -> HttpResponse:
    may_make = request.actor.role in MANAGERS
    if request.method == "POST" and not may_make:
        raise ForbiddenError(_("Only owners and admins manage keys."), code="role_required")
    form = TestKeyForm(request.POST or None, actor=request.actor) if may_make else None
    token = _made(request, form) if form is not None and form.is_valid() else ""
    context = {
        "token": token,
        "form": form,
        "may_make": may_make,
        "steps": steps(token or PLACEHOLDER),
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "config/quick_start.html", context, status=status)


def _made(request: PersonRequest, form: TestKeyForm) -> str:
    """A new test key's token, or nothing where the form now says why not."""
    new = keys.NewKey(
        name=_("Quick start"),
        scopes=SCOPES,
        business_id=form.cleaned_data["business_id"],
        life=LIFE,
    )
    try:
        _key, token = keys.grant_key(
            request.actor, new, environment=str(Environment.TEST), now=now()
        )
    except InvalidError as error:
        form.add_error("business_id", error.message)
        return ""
    return token


def steps(token: str) -> list[Step]:
    """The calls in order; the last one launches."""
    base = f"{settings.PUBLIC_URL}/api/v1"

    def call(method: str, path: str, body: str = "") -> str:
        lines = [f"curl -X {method} {base}{path}", f'  -H "Authorization: Bearer {token}"']
        if body:
            lines += ['  -H "Content-Type: application/json"', f"  -d '{body}'"]
        return " \\\n".join(lines)

    campaign = (
        '{"name": "Spring tune-up", "objective": "TRAFFIC", "daily_budget": 42.5,\n'
        '       "message": "Ride into spring.", "target_url": "https://lumen.example/tune-up",\n'
        '       "target_location": "United States"}'
    )
    return [
        Step(
            _("Who am I"),
            _("The person, plan and scopes behind the key."),
            call("GET", "/account/profile"),
        ),
        Step(
            _("A business"),
            _("Needed once; ad accounts and campaigns belong to it."),
            call("POST", "/account/business", '{"name": "Lumen Bikes"}'),
        ),
        Step(
            _("Connect a platform"),
            _("The answer holds a link. Open it and agree; test keys meet a simulated platform."),
            call("POST", "/platforms/connect", '{"platform": "facebook"}'),
        ),
        Step(
            _("A campaign"),
            _(
                "A draft: nothing is spent before its launch. Where there are several businesses, "
                "name one as business_id."
            ),
            call("POST", "/campaigns", campaign),
        ),
        Step(
            _("Launch it"),
            _(
                "With the id of the campaign. 202 says that a person must agree first, or which "
                "job to follow."
            ),
            call("POST", "/campaigns/CAMPAIGN_ID/launch"),
        ),
        Step(
            _("An agent in Python"),
            _("The same first call, without any library of ours."),
            "import json, urllib.request\n\n"
            f'request = urllib.request.Request("{base}/campaigns",\n'
            f'    headers={{"Authorization": "Bearer {token}"}})\n'
            "with urllib.request.urlopen(request) as answer:\n"
            '    print(json.load(answer)["data"])',
        ),
    ]
