"""OAuth: from the app's question to a call, and every way its access ends or is narrowed."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import (
    ApiKey,
    AuditEvent,
    Membership,
    OAuthAccessToken,
    OAuthGrant,
    OAuthRefreshToken,
    Tenant,
)
from accounts.queries import get_app_access
from accounts.services import app_tokens, team
from accounts.services.apps import remove_app
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.services.accounts.oauth_client import (
    CALLBACK,
    App,
    allowed,
    answer_of,
    connected,
    person,
    register,
)
from tests.services.mcp.talk import ask as mcp_ask
from tests.services.mcp.talk import result as mcp_result

pytestmark = pytest.mark.django_db


def events(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = AuditEvent.objects.filter(event_type__startswith="app.").order_by("chain_seq")
        return list(rows.values_list("event_type", flat=True))


def access_of(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return ApiKey.objects.exclude(application=None).get()


def test_code_becomes_tokens_that_open_what_was_allowed(acme):
    client, _ = register(acme)
    app = App(client.client_id)
    answer = allowed(app, acme)
    assert (answer["state"], answer["iss"]) == ("s1", "http://127.0.0.1:8000")
    made = app.redeem(answer["code"])
    assert made.status_code == 200
    assert made["Cache-Control"] == "no-store"
    body = made.json()
    assert body["token_type"] == "Bearer"
    assert (body["expires_in"], body["scope"]) == (3600, "account:read campaigns:read")
    names = [row["name"] for row in app.call().json()["data"]]
    assert names == ["acme test"]
    assert app.call("/v1/campaigns").status_code == 200
    refused = Client().post(
        "/v1/campaigns",
        {"name": "x"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {body['access_token']}"},
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "insufficient_scope")
    profile = app.call("/v1/account/profile").json()
    assert profile["key"]["scopes"] == ["account:read", "campaigns:read"]
    assert profile["environment"] == "test"
    assert events(acme) == ["app.registered", "app.authorised"]


def test_nothing_of_a_token_stands_in_the_tables(acme):
    app = connected(acme)
    code = allowed(App(app.client_id, verifier=app.verifier), acme)["code"]
    shown = [
        str(list(model.objects.values()))
        for model in (OAuthGrant, OAuthAccessToken, OAuthRefreshToken)
    ]
    secrets = [code, app.tokens["access_token"], app.tokens["refresh_token"]]
    assert [one for one in secrets if any(one in text for text in shown)] == []


def test_consent_page_says_what_where_and_who(acme):
    client, _ = register(acme)
    page = person(acme, Role.ANALYST).get(
        App(client.client_id).question(scope="campaigns:write campaigns:read")
    )
    text = page.content.decode()
    assert page.status_code == 200
    assert "Allow Helper?" in text
    assert "acme" in text
    assert "https://app.example" in text
    assert (
        text.index("It may") < text.index("See campaigns, ad sets") < text.index("asked for more")
    )
    assert text.index("asked for more") < text.index("this can spend money")
    assert "https://app.example" in page["Content-Security-Policy"]
    assert OAuthGrant.objects.count() == 0


def test_deny_goes_back_and_allows_nothing(acme):
    client, _ = register(acme)
    answer = answer_of(person(acme).post(App(client.client_id).question(), {"deny": "1"}))
    assert (answer["error"], answer["state"]) == ("access_denied", "s1")
    assert answer["iss"] == "http://127.0.0.1:8000"
    assert OAuthGrant.objects.count() == 0
    assert events(acme) == ["app.registered"]


def test_signed_out_person_signs_in_first(acme):
    client, _ = register(acme)
    answer = Client().get(App(client.client_id).question())
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


def test_role_limits_what_an_app_gets(acme):
    app = connected(acme, Role.ANALYST, scope="campaigns:write campaigns:read analytics:read")
    assert app.tokens["scope"] == "analytics:read campaigns:read"
    assert access_of(acme).scopes == ["analytics:read", "campaigns:read"]


def test_role_that_shrinks_later_ends_the_excess(acme):
    app = connected(acme, Role.BUYER, scope="campaigns:write campaigns:read")
    assert app.call("/v1/campaigns").status_code == 200
    with tenant_tx(acme.tenant.id):
        Membership.objects.filter(user=acme.people[Role.BUYER]).update(role="analyst")
    profile = app.call("/v1/account/profile").json()
    assert profile["key"]["scopes"] == ["campaigns:read"]


@pytest.mark.parametrize("scope", ["ads:write:pending", "ads:write:policy", "org:admin", "root"])
def test_scopes_that_only_people_hold_are_refused_before_consent(acme, scope):
    client, _ = register(acme)
    answer = person(acme).get(App(client.client_id).question(scope=f"campaigns:read {scope}"))
    assert answer_of(answer)["error"] == "invalid_scope"


def test_role_without_any_of_it_can_only_go_back(acme):
    client, _ = register(acme)
    app = App(client.client_id)
    browser = person(acme, Role.ANALYST)
    question = app.question(scope="billing:write")
    assert "Your role allows nothing" in browser.get(question).content.decode()
    again = browser.post(question, {"allow": "1", "where": "test"})
    assert again.status_code == 200
    assert OAuthGrant.objects.count() == 0


def test_super_scope_expands(acme):
    app = connected(acme, scope="ads:write campaigns:read")
    assert app.tokens["scope"] == "ads:write campaigns:read"
    made = Client().post(
        "/v1/campaigns",
        {"name": "By an app", "objective": "traffic", "daily_budget": 20},
        content_type="application/json",
        headers={"Authorization": f"Bearer {app.tokens['access_token']}"},
    )
    assert made.status_code in (201, 202), made.content


def test_live_needs_a_fresh_factor(acme):
    client, _ = register(acme)
    answer = person(acme).post(App(client.client_id).question(), {"allow": "1", "where": "live"})
    assert answer.status_code == 403
    assert OAuthGrant.objects.count() == 0
    assert events(acme) == ["app.registered"]


def test_token_is_good_where_it_was_made_for(acme):
    mcp = connected(acme, resource="http://127.0.0.1:8000/mcp")
    names = [tool["name"] for tool in mcp_result(mcp.tokens["access_token"], "tools/list")["tools"]]
    assert "list_campaigns" in names
    assert mcp.call().status_code == 401
    rest = connected(acme)
    assert mcp_ask(rest.tokens["access_token"], "tools/list").status_code == 401
    both = connected(acme, resource=["http://127.0.0.1:8000", "http://127.0.0.1:8000/mcp/"])
    assert both.call().status_code == 200
    narrowed = both.refresh(resource="http://127.0.0.1:8000/mcp/")
    assert narrowed.status_code == 200
    assert both.call().status_code == 401
    wider = both.refresh(resource="http://127.0.0.1:8000")
    assert wider.json()["error"] == "invalid_target"


def test_bound_to_one_business(acme):
    business = encode("biz", acme.test_business.pk)
    app = connected(acme, where=business)
    assert app.call("/v1/account/profile").json()["key"]["business_id"] == business


def test_foreign_business_is_refused(acme, rival):
    client, _ = register(acme)
    foreign = encode("biz", rival.test_business.pk)
    answer = person(acme).post(App(client.client_id).question(), {"allow": "1", "where": foreign})
    assert answer.status_code == 422
    assert OAuthGrant.objects.count() == 0


def test_app_of_another_organisation_is_unknown(acme, rival):
    client, _ = register(rival)
    answers = [
        person(acme).get(App(client_id).question()) for client_id in (client.client_id, "nobody")
    ]
    assert [one.status_code for one in answers] == [400, 400]
    assert "Location" not in answers[0]


def test_refresh_rotates_and_the_old_access_token_ends(acme):
    app = connected(acme)
    before = dict(app.tokens)
    assert app.refresh().status_code == 200
    assert app.tokens["refresh_token"] != before["refresh_token"]
    assert app.call(token=before["access_token"]).status_code == 401
    assert app.call().status_code == 200


def test_refresh_may_narrow_but_not_widen(acme):
    app = connected(acme)
    assert app.refresh(scope="account:read").json()["scope"] == "account:read"
    assert app.call("/v1/campaigns").status_code == 403
    wider = app.refresh(scope="account:read campaigns:write")
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")


def test_refresh_token_twice_ends_the_family(acme):
    app = connected(acme)
    stolen = app.tokens["refresh_token"]
    assert app.refresh().status_code == 200
    again = app.refresh(stolen)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert app.call().status_code == 401
    assert app.refresh().status_code == 400
    assert events(acme)[-1] == "app.token_reused"


def test_code_twice_ends_what_it_gave(acme):
    client, _ = register(acme)
    app = App(client.client_id)
    code = allowed(app, acme)["code"]
    assert app.redeem(code).status_code == 200
    assert app.redeem(code).json()["error"] == "invalid_grant"
    assert app.call().status_code == 401
    assert events(acme)[-1] == "app.token_reused"


def test_late_code_and_late_tokens_open_nothing(acme):
    client, _ = register(acme)
    app = App(client.client_id)
    code = allowed(app, acme)["code"]
    OAuthGrant.objects.update(expires=now() - timedelta(seconds=1))
    assert app.redeem(code).json()["error"] == "invalid_grant"
    fresh = connected(acme)
    OAuthAccessToken.objects.update(expires=now() - timedelta(seconds=1))
    assert fresh.call().status_code == 401
    with tenant_tx(acme.tenant.id):
        ApiKey.objects.exclude(application=None).update(expires_at=now() - timedelta(seconds=1))
    assert fresh.refresh().json()["error"] == "invalid_grant"


def test_membership_end_suspension_and_deactivation_end_it_at_once(acme):
    app = connected(acme, Role.BUYER)
    with tenant_tx(acme.tenant.id):
        member = Membership.objects.get(user=acme.people[Role.BUYER])
    team.remove_member(acme.person(), encode("mem", member.pk), now=now())
    assert app.call().status_code == 401
    assert app.refresh().json()["error"] == "invalid_grant"
    other = connected(acme, Role.ADMIN)
    Tenant.objects.filter(pk=acme.tenant.pk).update(is_suspended=True)
    assert other.call().json()["error"]["code"] == "account_suspended"
    Tenant.objects.filter(pk=acme.tenant.pk).update(is_suspended=False)
    admin = acme.people[Role.ADMIN]
    admin.is_active = False
    admin.save()
    assert other.call().status_code == 401
    assert other.refresh().json()["error"] == "invalid_grant"


def test_app_revokes_its_own_and_nobody_elses(acme):
    app, other = connected(acme), connected(acme)
    for kind in ("access_token", "refresh_token"):
        assert other.post("/oauth/revoke/", token=app.tokens[kind]).status_code == 200
    assert app.call().status_code == 200
    assert app.post("/oauth/revoke/", token=app.tokens["access_token"]).status_code == 200
    assert app.call().status_code == 401
    assert app.refresh().json()["error"] == "invalid_grant"


def test_app_makes_and_rotates_no_keys(acme):
    app = connected(acme, scope="account:read account:write")
    bearer = {"Authorization": f"Bearer {app.tokens['access_token']}"}
    key_id = encode("key", acme.key.pk)
    body = {"name": "Mine", "scopes": ["account:read"]}
    before = acme.key.__class__
    for path, sent in (("/v1/auth/keys", body), (f"/v1/auth/keys/{key_id}/rotate", {})):
        answer = Client().post(path, sent, content_type="application/json", headers=bearer)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "app_makes_no_keys")
    with tenant_tx(acme.tenant.id, readonly=True):
        assert before.objects.count() == 2


def test_app_never_approves_what_its_person_would(acme):
    app = connected(acme, scope="ads:write campaigns:read")
    assert "ads:write:pending" not in app.call("/v1/account/profile").json()["key"]["scopes"]


def test_secret_is_asked_of_those_who_have_one(acme):
    client, secret = register(acme, has_secret=True)
    app = App(client.client_id)
    code = allowed(app, acme)["code"]
    assert app.redeem(code).json()["error"] == "invalid_client"
    app.secret = "wrong"
    assert app.redeem(code).json()["error"] == "invalid_client"
    app.secret = secret
    assert app.redeem(code).status_code == 200


def test_pages_list_register_take_back_and_remove(acme, rival):
    owner = person(acme)
    made = owner.post(
        "/apps/", {"name": "Mine", "redirect_uris": f"{CALLBACK}\nhttp://localhost/cb"}
    )
    assert "is registered" in made.content.decode()
    app = connected(acme, Role.ANALYST)
    key_id = encode("key", access_of(acme).pk)
    page = owner.get("/apps/").content.decode()
    assert "Helper" in page
    assert key_id in page
    assert (
        "Helper"
        not in person(acme, Role.BUYER).get("/apps/").content.decode().partition("Registered by")[0]
    )
    assert person(rival).post(f"/apps/access/{key_id}/revoke/").status_code == 404
    assert person(acme, Role.BUYER).post(f"/apps/access/{key_id}/revoke/").status_code == 404
    assert app.call().status_code == 200
    assert person(acme, Role.ANALYST).post(f"/apps/access/{key_id}/revoke/").status_code == 302
    assert app.call().status_code == 401


def test_removed_app_ends_for_everybody(acme, rival):
    app = connected(acme)
    with tenant_tx(acme.tenant.id, readonly=True):
        registration = access_of(acme).application.registration
    app_id = encode("app", registration.pk)
    assert person(rival).post(f"/apps/{app_id}/remove/").status_code == 404
    assert person(acme, Role.BUYER).post(f"/apps/{app_id}/remove/").status_code == 403
    assert app.call().status_code == 200
    remove_app(acme.person(), app_id, now=now())
    assert app.call().status_code == 401
    assert app.refresh().json()["error"] == "invalid_client"
    assert person(acme).get(app.question()).status_code == 400


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/cb",
        "https://app.example/cb#x",
        "https://user@app.example/cb",
        "https://*.app.example/cb",
        "javascript:alert(1)",
        "custom:/cb",
        "https://app.example\\@evil.example/",
        "",
    ],
)
def test_unsafe_redirects_are_not_registered(acme, uri):
    answer = person(acme).post("/apps/", {"name": "Bad", "redirect_uris": uri})
    assert answer.status_code == 422
    assert events(acme) == []


def test_members_see_apps_but_do_not_register(acme):
    buyer = person(acme, Role.BUYER)
    assert "Register an app" not in buyer.get("/apps/").content.decode()
    refused = buyer.post("/apps/", {"name": "Mine", "redirect_uris": CALLBACK})
    assert refused.status_code == 403
    assert events(acme) == []


def test_loopback_app_may_listen_on_any_port(acme):
    client, _ = register(acme, "http://127.0.0.1/cb")
    app = App(client.client_id, callback="http://127.0.0.1:51004/cb")
    assert app.redeem(allowed(app, acme)["code"]).status_code == 200


def test_spent_codes_and_tokens_are_forgotten_in_time(acme):
    app = connected(acme)
    app.refresh()
    assert app_tokens.prune(now()) == 0
    assert app_tokens.prune(now() + timedelta(days=2)) == 1
    assert app_tokens.prune(now() + timedelta(days=31)) == 2
    assert OAuthRefreshToken.objects.count() == 1


def test_access_is_found_by_its_owner_only(acme):
    connected(acme, Role.ANALYST)
    key_id = encode("key", access_of(acme).pk)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert get_app_access(acme.person(Role.ANALYST), key_id, now=now()).name == "Helper"
    page = person(acme).get("/keys/").content.decode()
    assert "Helper" not in page
