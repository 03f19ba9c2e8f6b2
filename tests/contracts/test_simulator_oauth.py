"""The simulator's consent, tokens and signing."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from tests.simulator_process import APP_ID, APP_SECRET, VERSION, Simulator, running_simulator

BACK = "http://127.0.0.1:8000/platforms/meta/callback/?x=1"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


def consent(sim: Simulator, decision: str, **changes: str) -> httpx.Response:
    asked = {
        "client_id": APP_ID,
        "redirect_uri": BACK,
        "state": "a b/&c",
        "scope": "ads_management,ads_read",
        "response_type": "code",
        **changes,
    }
    dialog = f"/{VERSION}/dialog/oauth"
    page = sim.client.get(dialog, params=asked)
    if page.status_code != 200:
        return page
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    assert hidden["redirect_uri"] == BACK.replace("&", "&amp;")
    form = {"person": "new", "name": "Ada", "currency": "EUR", "timezone": "Europe/Berlin"}
    return sim.client.post(dialog, data={**asked, **form, "decision": decision})


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def exchange(sim: Simulator, **params: str) -> httpx.Response:
    return sim.client.get(
        f"/{VERSION}/oauth/access_token",
        params={"client_id": APP_ID, "client_secret": APP_SECRET, **params},
    )


def test_consent_gives_a_code_that_works_once_and_a_person_with_one_of_each(
    sim: Simulator,
) -> None:
    answer = consent(sim, "allow")
    location = urlsplit(answer.headers["Location"])
    assert answer.headers["Location"].startswith(BACK)
    assert parse_qs(location.query)["state"] == ["a b/&c"]
    code = code_of(answer)
    first = exchange(sim, code=code, redirect_uri=BACK)
    again = exchange(sim, code=code, redirect_uri=BACK)
    assert (first.status_code, again.status_code) == (200, 400)
    assert again.json()["error"]["code"] == 100
    token = first.json()["access_token"]
    accounts = sim.graph(
        "GET", "me/adaccounts", token=token, fields="currency,timezone_name,account_status"
    ).json()["data"]
    assert [(row["currency"], row["timezone_name"], row["account_status"]) for row in accounts] == [
        ("EUR", "Europe/Berlin", 1)
    ]
    assert len(sim.graph("GET", "me/accounts", token=token).json()["data"]) == 1
    pixels = sim.graph("GET", f"{accounts[0]['id']}/adspixels", token=token, fields="id,name")
    assert [row["name"] for row in pixels.json()["data"]] == ["Ada pixel"]


def test_code_is_bound_to_its_redirect_address(sim: Simulator) -> None:
    code = code_of(consent(sim, "allow"))
    refused = exchange(sim, code=code, redirect_uri=BACK + "/")
    assert refused.json()["error"]["error_subcode"] == 36008


def test_denied_consent_comes_back_as_access_denied(sim: Simulator) -> None:
    answer = consent(sim, "deny")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["error"] == ["access_denied"]
    assert query["state"] == ["a b/&c"]
    assert "code" not in query


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://user@127.0.0.1/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"client_id": "1"},
        {"response_type": "token"},
    ],
)
def test_dialog_refuses_what_it_does_not_know_without_redirecting(
    sim: Simulator, changes: dict[str, str]
) -> None:
    answer = consent(sim, "allow", **changes)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_dialog_page_needs_no_script(sim: Simulator) -> None:
    page = sim.client.get(
        f"/{VERSION}/dialog/oauth", params={"client_id": APP_ID, "redirect_uri": BACK}
    )
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src")
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert sim.client.get(f"/{VERSION}/dialog/consent.css").status_code == 200


def test_token_is_exchanged_for_a_long_lived_one_and_described(sim: Simulator) -> None:
    short = exchange(sim, code=code_of(consent(sim, "allow")), redirect_uri=BACK).json()
    long = exchange(
        sim, grant_type="fb_exchange_token", fb_exchange_token=short["access_token"]
    ).json()
    assert short["expires_in"] < 3 * 3600
    assert long["expires_in"] == 60 * 86400
    about = sim.graph(
        "GET", "debug_token", token=f"{APP_ID}|{APP_SECRET}", input_token=long["access_token"]
    ).json()["data"]
    me = sim.graph("GET", "me", token=long["access_token"], fields="id,name").json()
    assert about["is_valid"] is True
    assert about["scopes"] == ["ads_management", "ads_read"]
    assert about["user_id"] == me["id"]


def test_wrong_app_secret_gives_no_token(sim: Simulator) -> None:
    code = code_of(consent(sim, "allow"))
    refused = exchange(sim, code=code, redirect_uri=BACK, client_secret="wrong")
    assert refused.status_code == 400
    assert exchange(sim, code=code, redirect_uri=BACK).status_code == 200


def test_signed_call_needs_the_right_proof(sim: Simulator) -> None:
    token = sim.person().access_token
    proof = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
    assert sim.graph("GET", "me", token=token, appsecret_proof=proof).status_code == 200
    refused = sim.graph("GET", "me", token=token, appsecret_proof=proof[::-1])
    assert refused.json()["error"]["code"] == 100


def test_revoked_token_answers_190_458(sim: Simulator) -> None:
    token = sim.person().access_token
    sim.control("POST", "revoke", access_token=token)
    error = sim.graph("GET", "me", token=token).json()["error"]
    assert (error["code"], error["error_subcode"]) == (190, 458)


@pytest.mark.parametrize("place", ["header", "query", "form"])
def test_token_is_read_from_header_query_and_form(sim: Simulator, place: str) -> None:
    person = sim.person()
    path = f"/{VERSION}/{person.ad_account}/adlabels"
    sent = {"name": "x"}
    if place == "header":
        headers = {"Authorization": f"OAuth {person.access_token}"}
        answer = sim.client.post(path, data=sent, headers=headers)
    elif place == "query":
        answer = sim.client.post(path, data=sent, params={"access_token": person.access_token})
    else:
        answer = sim.client.post(path, data={**sent, "access_token": person.access_token})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("scope", "reads", "writes"),
    [("ads_management", 200, 200), ("ads_read", 200, 403), ("pages_show_list", 403, 403)],
)
def test_token_does_what_was_consented_to(
    sim: Simulator, scope: str, reads: int, writes: int
) -> None:
    code = code_of(consent(sim, "allow", scope=scope))
    token = exchange(sim, code=code, redirect_uri=BACK).json()["access_token"]
    account = sim.graph("GET", "me/adaccounts", token=token).json()["data"][0]["id"]
    listed = sim.graph("GET", f"{account}/campaigns", token=token)
    made = sim.graph("POST", f"{account}/adlabels", token=token, name="x")
    assert (listed.status_code, made.status_code) == (reads, writes)
    assert len(sim.objects(account, "label")) == (1 if writes == 200 else 0)
    if writes == 403:
        assert made.json()["error"]["code"] == 200
