"""The frame around every page."""

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory

from accounts.choice import SESSION_BUSINESS
from campaigns.models import KillSwitch
from core.actors import Role
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db


def request_of(cast: Cast | None = None, role: Role = Role.BUYER) -> HttpRequest:
    request = RequestFactory().get("/inbox/")
    request.user = cast.people[role] if cast else AnonymousUser()
    request.session = {}
    request._messages = FallbackStorage(request)
    if cast:
        request.actor = cast.person(role)
    return request


def test_frame_of_a_visitor_has_no_navigation() -> None:
    html = render_to_string("base.html", request=request_of())
    assert 'class="sidenav"' not in html
    assert 'href="#main"' in html


def test_frame_lists_the_businesses_of_the_person(acme: Cast, rival: Cast) -> None:
    html = render_to_string("base.html", request=request_of(acme))
    assert "acme test" in html
    assert "acme live" in html
    assert "rival" not in html


def test_frame_shows_an_engaged_kill_switch(acme: Cast) -> None:
    with tenant_tx(acme.tenant.id):
        KillSwitch.objects.create(
            tenant_id=acme.tenant.id,
            business=acme.test_business,
            is_engaged=True,
            engaged_at=NOW,
            engaged_by="x",
        )
    html = render_to_string("base.html", request=request_of(acme))
    assert "Kill switch is on for acme test." in html


def test_frame_takes_the_theme_from_the_person_then_the_cookie(acme: Cast) -> None:
    request = request_of(acme)
    request.COOKIES["theme"] = "light"
    acme.people[Role.BUYER].theme = "dark"
    assert 'data-theme="dark"' in render_to_string("base.html", request=request)
    acme.people[Role.BUYER].theme = ""
    assert 'data-theme="light"' in render_to_string("base.html", request=request)
    request.COOKIES["theme"] = '"><script>'
    assert "data-theme" not in render_to_string("base.html", request=request)


def test_frame_of_a_test_business_shows_the_simulated_date(acme: Cast) -> None:
    with tenant_tx(acme.tenant.id):
        MetricFact.objects.create(
            tenant_id=acme.tenant.id,
            business_id=acme.test_business.pk,
            ad_account_id=new_uuid(),
            campaign_id=new_uuid(),
            ad_set_id=new_uuid(),
            ad_id=new_uuid(),
            day=date(2027, 1, 20),
            publisher_platform="facebook",
            currency="USD",
            synced_at=NOW,
        )
    request = request_of(acme)
    request.session[SESSION_BUSINESS] = encode("biz", acme.test_business.pk)
    assert "simulated date 20 Jan 2027" in render_to_string("base.html", request=request)
    request.session[SESSION_BUSINESS] = encode("biz", acme.live_business.pk)
    assert "simulated date" not in render_to_string("base.html", request=request)


@pytest.mark.parametrize(("role", "shown"), [(Role.BUYER, False), (Role.ADMIN, True)])
def test_frame_links_to_pages_that_open_for_the_role(acme, client, role, shown):
    client.force_login(acme.people[role])
    page = client.get("/campaigns/")
    assert page.status_code == 200
    assert (b'href="/keys/"' in page.content) is shown
    assert client.get("/keys/").status_code == (200 if shown else 403)
