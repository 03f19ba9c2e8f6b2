"""Small things of the pages that people stumble over."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client, RequestFactory
from django.utils.translation import override

from accounts.browsers import browser
from campaigns.models import Campaign
from campaigns.views.ages import until
from config.faces.errors import server_error
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW, Cast
from tests.services.pages.conftest import Browse, add_campaign


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(hours=72), "3 days left"),
        (timedelta(hours=71, minutes=59, seconds=58), "3 days left"),
        (timedelta(hours=59), "2 days left"),
        (timedelta(hours=47, minutes=40), "2 days left"),
        (timedelta(hours=47, minutes=20), "47 hours left"),
        (timedelta(minutes=59, seconds=40), "1 hour left"),
        (timedelta(minutes=5, seconds=20), "5 minutes left"),
        (timedelta(seconds=3), "1 minute left"),
        (timedelta(0), "expired"),
    ],
)
def test_time_left_is_rounded(left: timedelta, said: str) -> None:
    assert until(NOW + left, NOW) == said


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        (CHROME + "Safari/537.36", "Chrome on Linux"),
        (CHROME + "Safari/537.36 Edg/140.0", "Edge on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "curl"),
        ("", "Unknown browser"),
    ],
)
def test_browser_in_words(user_agent: str, said: str) -> None:
    assert browser(user_agent) == said


@pytest.mark.django_db
def test_sessions_name_browser_and_system(acme: Cast, browse: Browse) -> None:
    client = browse(acme, Role.OWNER)
    owner, agent = acme.people[Role.OWNER], CHROME + "Safari/537.36"
    UserSession.objects.create(
        user=owner, ip="127.0.0.1", session_key=client.session.session_key, user_agent=agent
    )
    html = client.get("/accounts/sessions/").content.decode()
    assert f'<span title="{agent}">Chrome on Linux</span>' in html


def test_failure_page_speaks_the_language_of_the_request() -> None:
    with override("de"):
        page = server_error(RequestFactory().get("/inbox/"))
    html = page.content.decode()
    assert page.status_code == 500
    assert '<html lang="de">' in html
    assert "Something failed on our side" in html


@pytest.mark.django_db
def test_team_shows_roles_as_words(acme: Cast, browse: Browse) -> None:
    html = browse(acme, Role.OWNER).get("/team/").content.decode()
    assert "<td>Approver</td>" in html
    assert '<option value="buyer" selected>Buyer</option>' in html
    assert "<br>Owner</p>" in html


@pytest.mark.django_db
def test_campaign_asks_for_its_status_while_it_launches(acme: Cast, browse: Browse) -> None:
    row = add_campaign(acme, status="DRAFT", effective_status="LAUNCHING")
    client, url = browse(acme, Role.BUYER), f"/campaigns/{encode('camp', row.pk)}/"
    asks = f'hx-get="{url}" hx-trigger="every 3s"'
    html = client.get(url).content.decode()
    assert asks in html
    assert "<noscript>" in html
    htmx = {"HX-Request": "true", "HX-Target": "campaign-status"}
    polled = client.get(url, headers=htmx)
    assert polled.content.decode().strip().startswith('<div id="campaign-status"')
    assert asks in polled.content.decode()
    assert "HX-Refresh" not in polled
    with tenant_tx(acme.tenant.id):
        Campaign.objects.filter(pk=row.pk).update(status="ACTIVE", effective_status="ACTIVE")
    assert client.get(url, headers=htmx)["HX-Refresh"] == "true"
    final = client.get(url)
    assert asks not in final.content.decode()
    assert "HX-Refresh" not in final


def schedule(client: Client, row: Campaign, end: str) -> tuple[int, str]:
    url = f"/campaigns/{encode('camp', row.pk)}/edit/schedule/"
    answer = client.post(url, {"start_date": "", "end_date": end})
    return answer.status_code, answer.content.decode()


@pytest.mark.django_db
def test_emptied_end_date_of_a_draft_is_cleared(acme: Cast, browse: Browse) -> None:
    end = (now() + timedelta(days=30)).date()
    row = add_campaign(acme, status="DRAFT", effective_status="", external_id="", end_date=end)
    status, html = schedule(browse(acme, Role.BUYER), row, "")
    assert (status, html) == (303, "")
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Campaign.objects.get(pk=row.pk).end_date is None


@pytest.mark.django_db
def test_emptied_end_date_at_the_platform_is_refused_at_its_field(
    acme: Cast, browse: Browse
) -> None:
    end = (now() + timedelta(days=30)).date()
    row = add_campaign(acme, end_date=end)
    status, html = schedule(browse(acme, Role.BUYER), row, "")
    assert status == 422
    assert "A launched campaign keeps an end date. Choose a later day instead." in html
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Campaign.objects.get(pk=row.pk).end_date == end


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("part", "sent", "field", "text"),
    [
        ("rules", {"undo_window_s": "soon"}, "undo", "Give a whole number from 0 to 3600."),
        (
            "rules",
            {
                "undo_window_s": "30",
                "approval_expiry_h": "72",
                "cooldown_h": "24",
                "four_eyes": "much",
            },
            "four-eyes",
            "Give an amount.",
        ),
        ("ceiling", {"scope": "business", "limit": "much"}, "ceiling-limit", "Give an amount."),
        (
            "kill-switch/engage",
            {"confirm": "something else"},
            "confirm-engage",
            "Type the name of the business exactly",
        ),
    ],
)
def test_policy_says_at_the_field_what_is_wrong(
    acme: Cast, browse: Browse, part: str, sent: dict[str, str], field: str, text: str
) -> None:
    url = f"/policy/{encode('biz', acme.test_business.id)}/{part}/"
    answer = browse(acme, Role.OWNER).post(url, sent)
    html = answer.content.decode()
    described = f'id="{field}" aria-invalid="true" aria-describedby="{field}-error"'
    assert described in html
    assert f'<p class="errorlist" id="{field}-error">{text}' in html
    assert html.count('aria-invalid="true"') == 1


@pytest.mark.django_db
def test_a_draft_in_no_country_is_refused_at_once(acme: Cast, browse: Browse) -> None:
    sent = {
        "business": encode("biz", acme.test_business.id),
        "name": "Spring",
        "objective": "TRAFFIC",
        "budget_type": "daily",
        "budget": "50",
        "platforms": ["facebook"],
        "target_location": "Atlantis",
    }
    answer = browse(acme, Role.BUYER).post("/campaigns/new/", sent)
    assert answer.status_code == 422
    assert "target_location must be one country" in answer.content.decode()
    with tenant_tx(acme.tenant.id, readonly=True):
        assert not Campaign.objects.filter(name="Spring").exists()
