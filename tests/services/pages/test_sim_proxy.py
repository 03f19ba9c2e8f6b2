"""`/sim/…`: what passes to the simulator, and what never reaches it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from config.faces import sim_proxy
from core.actors import Role
from core.http import OutsideFetchError, OutsideResponse
from tests.simulator_process import APP_ID, APP_SECRET, VERSION, running_simulator

TOKEN = "EAAS" + "t" * 64
LIVE = "aa_live_" + "k" * 40
BEARER = {"Authorization": f"Bearer {TOKEN}"}
DIALOG = f"/sim/{VERSION}/dialog/oauth"
CALLBACK = "http://127.0.0.1:8000/platforms/meta/callback"
ASKED = {
    "client_id": APP_ID,
    "redirect_uri": CALLBACK,
    "state": "s1",
    "response_type": "code",
    "scope": "ads_management,ads_read",
}


@pytest.fixture(autouse=True)
def _mounted(settings):
    settings.SIMULATOR_PROXIED = True


@pytest.fixture
def seen(monkeypatch) -> list[tuple[str, str, dict[str, Any]]]:
    """What the simulator would have been asked; it sets a cookie on every answer."""
    calls: list[tuple[str, str, dict[str, Any]]] = []

    def answer(method: str, path: str, **sent: Any) -> OutsideResponse:
        calls.append((method, path, sent))
        headers = {
            "content-type": "application/json",
            "set-cookie": "theirs=1",
            "server": "sim",
            "location": "https://elsewhere.example/",
            "x-app-usage": "{}",
        }
        return OutsideResponse(200, headers, b'{"next":"http://127.0.0.1:8001/v26.0/x"}', 1)

    monkeypatch.setattr(sim_proxy, "pass_to_simulator", answer)
    return calls


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    with running_simulator() as sim:
        yield sim


def test_consent_passes_for_a_signed_in_person(simulator, settings, acme, browse):
    settings.SIMULATOR_URL, settings.SIM_APP_SECRET = simulator.url, APP_SECRET
    client = browse(acme, Role.BUYER)
    page = client.get(DIALOG, ASKED)
    assert (page.status_code, b'name="decision"' in page.content) == (200, True)
    assert "form-action 'self' http://127.0.0.1:8000" in page["Content-Security-Policy"]
    style = client.get(f"/sim/{VERSION}/dialog/consent.css")
    assert (style.status_code, style["Content-Type"]) == (200, "text/css")
    person = {"person": "new", "name": "Ada", "currency": "USD", "timezone": "UTC"}
    form = urlencode({**ASKED, **person, "decision": "allow"})
    sent = {"content_type": "application/x-www-form-urlencoded", "data": form}
    back = client.post(DIALOG, headers={"Origin": "http://testserver"}, **sent)
    target = urlsplit(back["Location"])
    assert (back.status_code, back["Location"].split("?")[0]) == (302, CALLBACK)
    assert parse_qs(target.query)["state"] == ["s1"]
    code = parse_qs(target.query)["code"][0]
    app = {"client_id": APP_ID, "client_secret": APP_SECRET, "redirect_uri": CALLBACK}
    token = simulator.graph("GET", "oauth/access_token", code=code, **app).json()["access_token"]
    me = Client().get(f"/sim/{VERSION}/me", headers={"Authorization": f"Bearer {token}"})
    assert (me.status_code, me.json()["name"]) == (200, "Ada")
    account = Client().get(f"/sim/{VERSION}/me/adaccounts", {"access_token": token}).json()
    path = f"/sim/{VERSION}/{account['data'][0]['id']}/campaigns"
    campaign = {"name": "Spring", "objective": "OUTCOME_TRAFFIC", "special_ad_categories": "[]"}
    made = Client().post(
        path, {**campaign, "daily_budget": "5000", "status": "PAUSED", "access_token": token}
    )
    assert made.status_code == 200, made.content
    assert [row["id"] for row in simulator.objects(kind="campaign")] == [made.json()["id"]]


def test_graph_call_passes_without_cookies_in_either_direction(seen, acme, browse):
    client = browse(acme, Role.BUYER)
    answer = client.get(f"/sim/{VERSION}/me?fields=id", headers={**BEARER, "X-Other": "1"})
    ((method, path, sent),) = seen
    assert (method, path, sent["query"]) == ("GET", f"/{VERSION}/me", "fields=id")
    assert sent["headers"] == BEARER
    assert (answer.status_code, "theirs" in answer.cookies) == (200, False)
    assert (answer.has_header("Server"), answer.has_header("Location")) == (False, False)
    assert answer["X-App-Usage"] == "{}"
    assert answer.json() == {"next": f"http://127.0.0.1:8000/sim/{VERSION[:3]}.0/x"}


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({"Authorization": f"Bearer {LIVE}"}, ""),
        ({"Authorization": LIVE}, ""),
        ({"Authorization": "Bearer EAAS"}, ""),
        (BEARER, f"access_token={LIVE}"),
        (BEARER, f"name={LIVE}"),
        ({}, "access_token=EAABsbCS1iHgBO" + "x" * 180),
    ],
)
def test_without_a_token_of_the_simulator_nothing_reaches_it(seen, headers, query):
    answer = Client().get(f"/sim/{VERSION}/me?{query}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"], seen) == (401, 190, [])


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_live_key_in_a_body_is_refused(seen, kind):
    body = {"name": LIVE} if "json" in kind else urlencode({"name": LIVE})
    answer = Client().post(f"/sim/{VERSION}/act_1/campaigns", body, kind, headers=BEARER)
    assert (answer.status_code, seen) == (401, [])


def test_consent_asks_visitors_to_sign_in(seen):
    answer = Client().get(DIALOG, ASKED)
    assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, "/accounts/login/")
    assert seen == []


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_consent_refuses_a_form_of_another_site(seen, acme, browse, origin):
    client = browse(acme, Role.BUYER)
    answer = client.post(DIALOG, {**ASKED, "decision": "allow"}, headers=origin)
    assert (answer.status_code, seen) == (403, [])


@pytest.mark.parametrize(
    "path",
    [
        "_sim/clock",
        "_sim/truth/objects",
        f"{VERSION}/_sim/clock",
        f"{VERSION}/../_sim/clock",
        f"{VERSION}/me/../../_sim/clock",
        f"{VERSION}/%2e%2e/_sim/clock",
        f"{VERSION}//127.0.0.1:9/x",
        f"{VERSION}/me%3f/x",
        f"{VERSION}/me%0d%0aX-Sim-Token:x",
        f"{VERSION}/dialog/other",
        "v1/me",
        "healthz",
    ],
)
def test_control_api_and_crooked_paths_are_not_there(seen, path):
    answer = Client().get(f"/sim/{path}", headers={**BEARER, "X-Sim-Token": "t"})
    assert (answer.status_code, seen) == (404, [])


def test_nothing_is_mounted_elsewhere(seen, settings, acme, browse):
    settings.SIMULATOR_PROXIED = False
    assert Client().get(f"/sim/{VERSION}/me", headers=BEARER).status_code == 404
    assert browse(acme, Role.BUYER).get(DIALOG, ASKED).status_code == 404
    assert seen == []


def test_silent_simulator_is_said_in_the_words_of_the_path(monkeypatch):
    def silent(*_args: Any, **_sent: Any) -> OutsideResponse:
        raise OutsideFetchError

    monkeypatch.setattr(sim_proxy, "pass_to_simulator", silent)
    answer = Client().get(f"/sim/{VERSION}/me", headers=BEARER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, 2)
