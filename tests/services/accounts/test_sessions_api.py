"""GET and DELETE /auth/sessions."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import ApiKey, AuditEvent
from accounts.services.keys import create_key
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW, PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def owner(acme, settings):
    settings.DEMO = True  # keys of log-ins are test keys
    user = acme.people[Role.OWNER]
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(user):
    body = json.dumps({"email": user.email, "password": PASSWORD})
    return Client().post("/v1/auth/login", body, content_type="application/json").json()["api_key"]


def sign_in(user):
    client = Client(headers={"User-Agent": FIREFOX})
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert client.get("/accounts/").status_code == 200
    return client


def call(method, token, path="", query=""):
    headers = {"Authorization": f"Bearer {token}"}
    return Client().generic(method, f"/v1/auth/sessions{path}{query}", headers=headers)


def listed(token, query=""):
    answer = call("GET", token, query=query)
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def works(token):
    headers = {"Authorization": f"Bearer {token}"}
    return Client().get("/v1/account/profile", headers=headers).status_code == 200


def audits(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = AuditEvent.objects.filter(event_type="session.ended")
        return sorted((row.facts["kind"], row.target_id) for row in rows)


def test_browser_sessions_and_log_ins_are_listed_with_what_people_know_them_by(acme, owner):
    browser, token = sign_in(owner), log_in(owner)
    shown = {one["kind"]: one for one in listed(token)}
    assert {kind: one["name"] for kind, one in shown.items()} == {
        "browser": "Firefox on Linux",
        "key": shown["key"]["name"],
    }
    assert shown["key"]["name"].startswith("Log-in of ")
    assert (shown["browser"]["address"], shown["key"]["address"]) == ("127.0.0.1", None)
    assert (shown["browser"]["current"], shown["key"]["current"]) == (False, True)
    assert browser.session.session_key not in json.dumps(shown)
    assert all(one["id"].startswith("sess_") for one in shown.values())


def test_one_is_ended_and_its_next_request_is_refused(acme, owner):
    browser, other, token = sign_in(owner), log_in(owner), log_in(owner)
    (seen,) = [one for one in listed(token) if one["kind"] == "browser"]
    assert call("DELETE", token, f"/{seen['id']}").status_code == 204
    assert browser.get("/accounts/").status_code == 302
    assert works(other)
    (mine,) = [one for one in listed(other) if one["current"]]
    assert call("DELETE", token, f"/{mine['id']}").status_code == 204
    assert (works(other), works(token)) == (False, True)
    assert call("DELETE", token, f"/{mine['id']}").status_code == 404
    assert audits(acme) == sorted([("browser", seen["id"]), ("key", mine["id"])])


def test_all_others_are_ended_and_the_one_that_asks_stays(acme, owner):
    browser, other, token = sign_in(owner), log_in(owner), log_in(owner)
    colleague = acme.people[Role.BUYER]
    colleague.set_password(PASSWORD)
    colleague.save()
    beside, beside_browser = log_in(colleague), sign_in(colleague)
    answer = call("DELETE", token)
    assert (answer.status_code, answer.json()) == (200, {"ended": 2})
    assert (works(other), works(token), works(beside)) == (False, True, True)
    assert browser.get("/accounts/").status_code == 302
    assert beside_browser.get("/accounts/").status_code == 200
    assert [one["current"] for one in listed(token)] == [True]
    assert [kind for kind, _ in audits(acme)] == ["browser", "key"]
    assert works(acme.token if hasattr(acme, "token") else token)


def test_the_list_is_paged_and_leaves_out_what_no_longer_holds(acme, owner):
    tokens = [log_in(owner) for _ in range(3)]
    dead = sign_in(owner)
    owner.set_password("fresh words 4 me")
    owner.save()
    assert dead.get("/accounts/").status_code == 302
    with tenant_tx(acme.tenant.id):
        last = ApiKey.objects.filter(purpose="login").order_by("-created_at", "-id").first()
        ApiKey.objects.filter(pk=last.pk).update(expires_at=now() - timedelta(seconds=1))
    token = tokens[0]
    first = call("GET", token, query="?limit=1").json()
    assert (first["pagination"]["total"], first["pagination"]["has_more"]) == (2, True)
    second = call("GET", token, query=f"?limit=1&cursor={first['pagination']['next_cursor']}")
    assert second.json()["pagination"]["has_more"] is False
    assert {one["data"][0]["id"] for one in (first, second.json())} == {
        one["id"] for one in listed(token)
    }
    assert call("GET", token, query="?cursor=x").status_code == 422
    assert call("GET", token, query="?limit=0").status_code == 422


def a_key(cast, scopes, **more):
    user = cast.people[Role.OWNER]
    with tenant_tx(cast.tenant.id):
        _, token = create_key(
            tenant_id=cast.tenant.id,
            user_id=user.pk,
            name="k",
            environment="test",
            scopes=scopes,
            root=encode("user", user.pk),
            now=NOW,
            **more,
        )
    return token


def test_weak_and_bound_keys_see_and_end_nothing(acme, owner):
    browser, mine = sign_in(owner), log_in(owner)
    (seen,) = [one for one in listed(mine) if one["kind"] == "browser"]
    reader = a_key(acme, ["account:read"])
    scopes = ["account:read", "account:write"]
    bound = a_key(acme, scopes, business_id=acme.test_business.pk)
    for token, code in ((reader, "insufficient_scope"), (bound, "business_bound")):
        for path in ("", f"/{seen['id']}"):
            refused = call("DELETE", token, path)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, code)
    assert call("GET", bound).status_code == 403
    assert call("GET", a_key(acme, ["campaigns:read"])).status_code == 403
    assert len(listed(reader)) == 2
    assert browser.get("/accounts/").status_code == 200
    assert works(mine)
    assert audits(acme) == []


def test_another_persons_session_is_as_unknown_as_none(acme, rival, owner):
    token = log_in(owner)
    stranger = rival.people[Role.OWNER]
    stranger.set_password(PASSWORD)
    stranger.save()
    theirs = log_in(stranger)
    (seen,) = listed(theirs)
    answers = []
    for public_id in (seen["id"], "sess_01kb3p9m5hf0ttqbn9w2cdwnrk", "x"):
        answer = call("DELETE", token, f"/{public_id}")
        error = answer.json()["error"]
        del error["request_id"]
        answers.append((answer.status_code, error))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 404
    assert works(theirs)
