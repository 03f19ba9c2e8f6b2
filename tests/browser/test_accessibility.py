"""axe on every page of the URLconf, WCAG 2.2 AA; a page route without a row fails."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import SignIn
from tests.browser.site import Site
from tests.routewalk import routes

pytestmark = pytest.mark.browser
OPERATION = "[data-section-id='tag/Auth/operation/verify_account']"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CAMPAIGN = "/campaigns/<str:campaign_id>/"
FACTOR = "/accounts/2fa/"

# Pages of a signed-in owner: pattern → address. `{name}` are ids of the seeded data.
PAGES: dict[str, str] = {
    "/": "/",
    "/accounts/": "/accounts/",
    "/accounts/password/change/": "/accounts/password/change/",
    "/accounts/reauthenticate/": "/accounts/reauthenticate/",
    "/accounts/sessions/": "/accounts/sessions/",
    FACTOR: FACTOR,
    f"{FACTOR}totp/activate/": f"{FACTOR}totp/activate/",
    f"{FACTOR}webauthn/": f"{FACTOR}webauthn/",
    f"{FACTOR}webauthn/add/": f"{FACTOR}webauthn/add/",
    "/analytics/": "/analytics/?environment=test",
    "/analytics/alert-rules/": "/analytics/alert-rules/",
    "/apps/": "/apps/",
    "/attention/": "/attention/",
    "/audit/": "/audit/",
    "/billing/": "/billing/",
    "/businesses/": "/businesses/",
    "/campaigns/": "/campaigns/",
    "/campaigns/new/": "/campaigns/new/",
    CAMPAIGN: "/campaigns/{campaign}/",
    f"{CAMPAIGN}edit/<slug:part>/": "/campaigns/{campaign}/edit/budget/",
    f"{CAMPAIGN}ad-sets/new/": "/campaigns/{campaign}/ad-sets/new/",
    f"{CAMPAIGN}ad-sets/<str:ad_set_id>/targeting/": (
        "/campaigns/{campaign}/ad-sets/{ad_set}/targeting/"
    ),
    f"{CAMPAIGN}ad-sets/<str:ad_set_id>/ads/new/": (
        "/campaigns/{campaign}/ad-sets/{ad_set}/ads/new/"
    ),
    f"{CAMPAIGN}ads/<str:ad_id>/creative/": "/campaigns/{campaign}/ads/{ad}/creative/",
    "/connections/": "/connections/",
    "/creatives/": "/creatives/",
    "/creatives/brand-rules/": "/creatives/brand-rules/",
    "/creatives/images/": "/creatives/images/",
    "/creatives/new/": "/creatives/new/",
    "/creatives/<str:generation_id>/": "/creatives/{generation}/",
    "/dev/mail/": "/dev/mail/",
    "/docs/quick-start/": "/docs/quick-start/",
    "/inbox/": "/inbox/",
    "/inbox/<str:pending_id>/": "/inbox/{pending}/",
    "/keys/": "/keys/",
    "/policy/": "/policy/",
    "/rules/": "/rules/",
    "/rules/<str:rule_id>/": "/rules/{rule}/?try=1",
    "/rules/<str:rule_id>/edit/": "/rules/{rule}/edit/",
    "/rules/new/": "/rules/new/",
    "/rules/suggestions/": "/rules/suggestions/",
    "/settings/": "/settings/",
    "/team/": "/team/",
    "/webhooks/": "/webhooks/",
    "/webhooks/<str:webhook_id>/": "/webhooks/{hook}/",
}
# Pages of a visitor.
VISITOR: dict[str, str] = {
    "/accounts/claim/": "/accounts/claim/?token=unknown",
    "/accounts/inactive/": "/accounts/inactive/",
    "/accounts/login/": "/accounts/login/",
    "/accounts/password/reset/": "/accounts/password/reset/",
    "/accounts/password/reset/done/": "/accounts/password/reset/done/",
    "/accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (
        "/accounts/password/reset/key/1-none/"
    ),
    "/accounts/password/reset/key/done/": "/accounts/password/reset/key/done/",
    "/accounts/signup/": "/accounts/signup/",
    "/billing/checkout/done/": "/billing/checkout/done/",
    "/invitations/accept/": "/invitations/accept/?token=unknown",
    "/platforms/<str:platform>/callback": "/platforms/meta/callback",
    "/v1/billing/checkout": "/v1/billing/checkout?token=unknown",
    "/v1/platforms/<str:word>/setup": "/v1/platforms/facebook/setup?token=unknown",
}
POSTED = "answers POST alone; its answer is one of the pages"
NEEDS_FACTOR = "needs a second factor in use, which the pages before it lead to"
FOR_PROGRAMS = "no page: what programs read or send"
# Judged by a test of their own: they take a while to show, or a question that leads to them.
APART = ("/docs/api/", "/docs/api/reference/", "/oauth/authorize/")
EXEMPT: dict[str, str] = {
    **dict.fromkeys((
        "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource/mcp/",
        "/analytics/reports/<str:report_id>/file/", "/assets/<str:asset_id>",
        "/billing/stripe/webhook", "/llms.txt", "/mcp", "/mcp/", "/oauth/revoke/", "/oauth/token/",
        "/openapi.json", "/openapi.yml", "/skill.md",
    ), FOR_PROGRAMS),
    **dict.fromkeys((
        "/analytics/alert-rules/<str:rule_id>/delete/", "/analytics/reports/",
        "/apps/<str:app_id>/remove/", "/apps/access/<str:key_id>/revoke/", "/billing/cancel/",
        "/billing/choose/", "/billing/portal/", "/billing/resume/",
    ), POSTED),
    "/healthz": "JSON",
    "/readyz": "JSON",
    "/stream/pending/": "a stream",
    "/attention/<str:job_id>/<slug:step>/": POSTED,
    "/accounts/logout/": POSTED,
    "/accounts/no-membership/": "sends a member elsewhere",
    "/accounts/password/set/": "sends whoever has a password elsewhere",
    "/accounts/verify/": "needs a running sign-up; the sign-up journey fills it",
    "/accounts/verify/resend/": POSTED,
    "/accounts/switch-tenant/": POSTED,
    "/dev/mail/<str:name>/": "the text of one mail",
    "/inbox/bulk/": POSTED,
    "/inbox/<str:pending_id>/<slug:decision>/": POSTED,
    f"{CAMPAIGN}do/<slug:kind>/<str:target_id>/": POSTED,
    "/switch-business/": POSTED,
    "/team/invite/": POSTED,
    **{f"{FACTOR}{name}": NEEDS_FACTOR for name in (
        "authenticate/", "reauthenticate/", "totp/deactivate/", "recovery-codes/",
        "recovery-codes/generate/", "recovery-codes/download/", "webauthn/reauthenticate/",
        "webauthn/keys/<int:pk>/remove/", "webauthn/keys/<int:pk>/edit/", "webauthn/login/",
    )},
}  # fmt: skip
PREFIXES = {
    "/admin/": "Django's own pages",
    "/keys/<": POSTED,
    "/policy/<": POSTED,
    "/rules/<str:rule_id>/": POSTED,
    "/rules/suggestions/<": POSTED,
    "/team/invitations/<": POSTED,
    "/team/members/<": POSTED,
    "/webhooks/<str:webhook_id>/": POSTED,
    "/connections/<": POSTED,
    "/connections/connect": POSTED,
    "/sim/<": "the simulator's answers, which it gives under its own address here",
}


def violations(page: Any, *parts: str) -> list[str]:
    """What axe finds on the page, or in parts of it, one line each."""
    where = {"include": [[part] for part in parts]} if parts else None
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = Axe().run(page, context=where, options=options)
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


def test_every_page_route_has_a_row() -> None:
    known = {*PAGES, *VISITOR, *APART, *EXEMPT}
    patterns = {route.pattern for route in routes() if route.scope == "page"}
    missing = {pattern for pattern in patterns - known if not pattern.startswith(tuple(PREFIXES))}
    assert missing == set()
    assert known - patterns == set()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_a_person_have_no_violation(site: Site, signed_in: SignIn, theme: str) -> None:
    page = signed_in("owner", color_scheme=theme)
    ids = site.data["journeys"]["reject"]
    found = {}
    for address in PAGES.values():
        answer = page.goto(address.format(**ids))
        assert answer.status == 200, address
        if problems := violations(page):
            found[address] = problems
    assert found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_a_visitor_have_no_violation(new_page: Callable[..., Any], theme: str) -> None:
    page = new_page(color_scheme=theme)
    found = {}
    for address in VISITOR.values():
        page.goto(address)
        if problems := violations(page):
            found[address] = problems
    assert found == {}


def test_narrow_pages_have_no_violation_and_do_not_scroll_sideways(
    site: Site, signed_in: SignIn
) -> None:
    page = signed_in("owner", viewport={"width": 360, "height": 740})
    ids = site.data["journeys"]["reject"]
    found = {}
    for address in PAGES.values():
        page.goto(address.format(**ids))
        width = page.evaluate("document.documentElement.scrollWidth")
        problems = violations(page) + ([f"{width} px wide"] if width > 360 else [])
        if problems:
            found[address] = problems
    assert found == {}


def test_a_bad_page_is_found(new_page: Callable[..., Any]) -> None:
    page = new_page()
    page.set_content(
        "<html><body><img src=x><input><a href=x></a><button></button>"
        "<p style='color:#999;background:#fff'>pale</p></body></html>"
    )
    kinds = {line.split(":")[0] for line in violations(page)}
    assert kinds == {
        "button-name", "color-contrast", "document-title", "html-has-lang", "image-alt", "label",
        "link-name", "target-size",
    }  # fmt: skip


def test_the_api_to_try_out_has_no_violation(new_page: Callable[..., Any]) -> None:
    page = new_page()
    page.goto("/docs/api/")
    page.wait_for_selector(".opblock")
    assert violations(page) == []


def test_the_reference_has_no_violation(new_page: Callable[..., Any]) -> None:
    """Redoc draws 60,000 elements: the menu, the head and one operation stand for the others."""
    page = new_page()
    page.set_default_timeout(60_000)
    page.goto("/docs/api/reference/")
    page.wait_for_selector(OPERATION)
    assert violations(page, ".menu-content", ".api-info", OPERATION) == []


def test_the_consent_page_has_no_violation(signed_in: SignIn) -> None:
    page = signed_in("owner")
    page.goto("/apps/")
    page.fill("input[name=name]", "Helper")
    page.fill("textarea[name=redirect_uris]", "https://app.example/callback")
    page.click("main form:has(textarea) button")
    asked = {
        "response_type": "code",
        "client_id": page.input_value("#client-id"),
        "redirect_uri": "https://app.example/callback",
        "scope": "campaigns:read account:read",
        "state": "s1",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    found = {}
    for address in (f"/oauth/authorize/?{urlencode(asked)}", "/oauth/authorize/?client_id=x"):
        page.goto(address)
        found[address] = violations(page)
    assert page.title() != ""
    assert list(found.values()) == [[], []]
