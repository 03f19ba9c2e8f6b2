import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core import mail

from accounts.models import AuditEvent, OutboxEvent
from accounts.services.mail import send_due
from core.clock import now
from core.tenancy import tenant_tx
from platforms import queries, services
from platforms.models import AdAccount, Connection, ConnectLink, PlatformAsset
from tests.cast import NOW
from tests.services.platforms.consent import LONG, account

CONNECT = "/v1/platforms/facebook/connect"
STATUS = "/v1/platforms/facebook/connect/status"


@pytest.fixture
def started(client, agent):
    return client.post(CONNECT, headers=agent, content_type="application/json").json()


def scoped(acme):
    return tenant_tx(acme.tenant.id)


def test_connect_answers_with_link_token_and_expiry_and_mails_the_link(client, acme, agent):
    mail.outbox = []
    reply = client.generic("POST", CONNECT, content_type="", headers=agent)  # curl -X POST
    body = reply.json()
    assert reply.status_code == 200
    assert body["status"] == "pending"
    assert body["platform"] == "facebook"
    assert re.fullmatch("[0-9a-f]{32}", body["token"])
    assert body["connect_url"] == (
        f"{settings.PUBLIC_URL}/api/v1/platforms/facebook/setup?token={body['token']}"
    )
    assert "owner@acme.example" in body["message"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["expires_at"])
    assert send_due(now()) == 1
    assert mail.outbox[0].to == ["owner@acme.example"]
    assert body["connect_url"] in mail.outbox[0].body
    with scoped(acme):
        link = ConnectLink.objects.get()
        assert body["token"] not in json.dumps(link.token_digest)
        assert link.expires_at - link.created_at == timedelta(hours=1)


def test_connect_any_defaults_to_facebook_and_takes_instagram(client, agent):
    for body, word in (({}, "facebook"), ({"platform": "instagram"}, "instagram")):
        reply = client.post(
            "/api/v1/platforms/connect", body, headers=agent, content_type="application/json"
        )
        assert reply.json()["platform"] == word
        assert f"/platforms/{word}/setup?token=" in reply.json()["connect_url"]


@pytest.mark.parametrize("word", ["tiktok", "reddit", "apple"])
def test_connect_to_a_later_platform_names_those_available(client, acme, agent, word):
    for path, body in ((f"/v1/platforms/{word}/connect", {}), ("/v1/platforms/connect", None)):
        payload = body if body is not None else {"platform": word}
        reply = client.post(path, payload, headers=agent, content_type="application/json")
        assert reply.status_code == 422
        assert reply.json()["error"]["code"] == "platform_not_available"
        assert reply.json()["error"]["details"]["available"] == ["facebook", "instagram", "meta"]
    with scoped(acme):
        assert not ConnectLink.objects.exists()


def test_connect_to_an_unknown_word_is_refused(client, agent):
    reply = client.generic("POST", "/v1/platforms/myspace/connect", headers=agent)
    assert reply.json()["error"]["code"] == "platform_unknown"


def test_connect_live_without_an_app_says_what_the_operator_has_to_set(acme):
    from core.errors import InvalidError

    with pytest.raises(InvalidError) as caught, scoped(acme):
        services.start_connect(acme.person(), acme.live_business, "facebook", now=NOW)
    assert caught.value.code == "platform_not_configured"
    assert "META_APP_ID" in caught.value.message


def test_whole_flow_connects_seals_the_token_and_sets_clear_defaults(
    client, acme, agent, started, person, browse
):
    status = client.get(STATUS, {"token": started["token"]}, headers=agent).json()
    assert status["status"] == "pending"
    page = browse(started["connect_url"])
    assert page.status_code == 200
    assert "Acme ads" in page.content.decode()
    assert "Authorized by Pat Person for acme test of acme." in page.content.decode()
    mail.outbox = []
    send_due(now())
    told = next(one for one in mail.outbox if "is connected" in one.subject)
    assert (told.to, told.subject) == (["owner@acme.example"], "acme test is connected to Facebook")
    assert "Pat Person authorized" in told.body
    assert "Ad accounts: Acme ads." in told.body
    status = client.get(STATUS, {"token": started["token"]}, headers=agent).json()
    assert status["status"] == "connected"
    with scoped(acme):
        connection = Connection.objects.get()
        assert status["connection_id"] == connection.public_id
        assert connection.status == "connected"
        assert connection.external_user_name == "Pat Person"
        assert LONG not in connection.sealed_token
        remaining = connection.token_expires_at - now()
        assert timedelta(days=59) < remaining <= timedelta(days=60)
        ad_account = queries.default_ad_account(acme.test_business.pk)
        assert (ad_account.external_id, ad_account.timezone) == ("act_77", "America/New_York")
        assets = queries.launch_assets(ad_account)
        assert (assets.page.external_id, assets.pixel.external_id) == ("501", "601")
        types = list(OutboxEvent.objects.values_list("event_type", flat=True))
        assert types == ["connection.connected"]
        audited = list(
            AuditEvent.objects.order_by("chain_seq").values_list("event_type", flat=True)
        )
        assert audited[-2:] == ["connection.requested", "connection.connected"]
    granted = queries.credentials(ad_account)
    assert (granted.access_token, granted.account) == (LONG, "act_77")
    assert (granted.timezone, granted.advertiser) == ("America/New_York", "acme test")


def test_names_of_the_platform_show_as_what_they_are(acme, started, person, browse):
    hidden = "Acme\u202e ads\u200b\nYour code is 1"
    person.accounts = [account("act_77", name=hidden)]
    person.pages = [{"id": "501", "name": "\u2066page"}, {"id": "502", "name": "\u200b"}]
    assert browse(started["connect_url"]).status_code == 200
    with scoped(acme):
        assert AdAccount.objects.get().name == "Acme ads Your code is 1"
        pages = PlatformAsset.objects.filter(kind="page").order_by("external_id")
        assert list(pages.values_list("name", flat=True)) == ["page", "502"]


def test_link_is_dead_after_it_connected(client, agent, started, person, browse):
    assert browse(started["connect_url"]).status_code == 200
    again = browse(started["connect_url"])
    assert again.status_code == 410


def test_link_is_dead_after_an_hour(client, acme, agent, started, person, browse):
    with scoped(acme):
        ConnectLink.objects.update(expires_at=now() - timedelta(seconds=1))
    assert browse(started["connect_url"]).status_code == 410
    status = client.get(STATUS, {"token": started["token"]}, headers=agent).json()
    assert status["status"] == "expired"
    assert person.graph.sent == []


def test_state_works_once_and_only_in_the_browser_that_opened_the_link(
    client, acme, started, person
):
    from django.test import Client

    setup = client.get(started["connect_url"])
    location = urlsplit(setup.headers["Location"])
    state = parse_qs(location.query)["state"][0]
    assert setup.headers["Location"].startswith(settings.SIMULATOR_URL)
    query = {"state": state, "code": "good-code"}
    stranger = Client().get("/platforms/meta/callback", query)
    assert stranger.status_code == 400
    assert person.graph.sent == []
    assert client.get("/platforms/meta/callback", query).status_code == 200
    assert client.get("/platforms/meta/callback", query).status_code in (400, 410)
    with scoped(acme):
        assert Connection.objects.count() == 1


def test_opening_the_link_again_voids_the_first_state(client, started, person):
    first, second = (client.get(started["connect_url"]) for _ in range(2))
    states = [parse_qs(urlsplit(r.headers["Location"]).query)["state"][0] for r in (first, second)]
    assert states[0] != states[1]
    callback = "/platforms/meta/callback"
    assert client.get(callback, {"state": states[0], "code": "good-code"}).status_code == 400
    assert client.get(callback, {"state": states[1], "code": "good-code"}).status_code == 200


@pytest.mark.parametrize("failure", ["declined", "bad code", "scope refused"])
def test_failed_consent_connects_nothing_and_the_link_still_works(
    client, acme, agent, started, person, browse, failure
):
    if failure == "scope refused":
        person.scopes = ["ads_read"]
    code = {"declined": "", "bad code": "wrong"}.get(failure, "good-code")
    page = browse(started["connect_url"], code=code)
    assert page.status_code == 422
    with scoped(acme):
        assert not Connection.objects.exists()
        assert not OutboxEvent.objects.exists()
    status = client.get(STATUS, {"token": started["token"]}, headers=agent).json()
    assert status["status"] == "pending"
    assert status["last_error"]
    person.scopes = ["ads_management"]
    assert browse(started["connect_url"]).status_code == 200


def test_several_of_each_leave_the_choice_open(acme, agent, client, started, person, browse):
    person.accounts = [
        account("act_77"),
        account("act_78", name="Second"),
        account("act_79", status=2),
    ]
    person.pages.append({"id": "502", "name": "Other page"})
    person.pixels = {
        "act_77": [{"id": "601", "name": "a"}, {"id": "602", "name": "b"}],
        "act_78": [{"id": "601", "name": "a"}],
    }
    browse(started["connect_url"])
    with scoped(acme):
        assert queries.default_ad_account(acme.test_business.pk) is None
        first = AdAccount.objects.get(external_id="act_77")
        closed = AdAccount.objects.get(external_id="act_79")
        assert closed.status == "disabled"
        assets = queries.launch_assets(first)
        assert (assets.page, assets.pixel) == (None, None)
        connection = Connection.objects.get()
    path = f"/v1/platforms/{connection.public_id}/defaults"
    for body in ({"ad_account_id": closed.public_id}, {"page_id": "999"}, {"pixel_id": "999"}):
        reply = client.post(path, body, headers=agent, content_type="application/json")
        assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (422, *body)
    body = {"ad_account_id": first.public_id, "page_id": "502", "pixel_id": "602"}
    reply = client.post(path, body, headers=agent, content_type="application/json")
    assert reply.status_code == 200
    chosen = {row["external_id"] for row in reply.json()["ad_accounts"] if row["is_default"]}
    assert chosen == {"act_77"}
    with scoped(acme):
        assert queries.default_ad_account(acme.test_business.pk) == first
        assets = queries.launch_assets(first)
        assert (assets.page.external_id, assets.pixel.external_id) == ("502", "602")


def test_refresh_keeps_choices_and_retires_what_is_shared_no_longer(
    acme, client, agent, started, person, browse
):
    browse(started["connect_url"])
    with scoped(acme):
        connection = Connection.objects.get()
    person.accounts = [account("act_80", name="New")]
    person.pixels = {"act_80": []}
    services.refresh_assets(acme.tenant.id, connection.pk, now=NOW)
    with scoped(acme):
        rows = dict(AdAccount.objects.values_list("external_id", "status"))
        assert rows == {"act_77": "removed", "act_80": "active"}
        assert queries.default_ad_account(acme.test_business.pk).external_id == "act_80"
        assert list(PlatformAsset.objects.values_list("kind", flat=True)) == ["page"]


def test_consent_again_renews_the_same_connection_also_after_a_disconnect(
    acme, client, agent, started, person, browse
):
    browse(started["connect_url"])
    with scoped(acme):
        before = AdAccount.objects.get().pk
        connection = Connection.objects.get()
    reply = client.delete(f"/v1/platforms/{connection.public_id}", headers=agent)
    assert reply.status_code == 204
    with scoped(acme):
        connection.refresh_from_db()
        assert (connection.status, connection.sealed_token) == ("disconnected", "")
        assert queries.default_ad_account(acme.test_business.pk) is None
    assert client.get("/v1/platforms", headers=agent).json()["data"] == []
    again = client.post(CONNECT, headers=agent, content_type="application/json").json()
    assert browse(again["connect_url"]).status_code == 200
    with scoped(acme):
        assert Connection.objects.get().pk == connection.pk
        assert AdAccount.objects.get().pk == before
        assert queries.default_ad_account(acme.test_business.pk).pk == before
        types = OutboxEvent.objects.order_by("created_at").values_list("event_type", flat=True)
        assert list(types) == [
            "connection.connected",
            "connection.disconnected",
            "connection.connected",
        ]


def test_health_is_the_platforms_answer_and_an_expired_token_is_told_once(
    acme, client, agent, started, person, browse
):
    browse(started["connect_url"])
    (entry,) = client.get("/v1/platforms", headers=agent).json()["data"]
    path = f"/v1/platforms/{entry['id']}/status"
    health = client.get(path, headers=agent).json()
    assert (health["status"], health["healthy"]) == ("connected", True)
    person.token_works = False
    for _ in range(2):
        health = client.get(path, headers=agent).json()
        assert (health["status"], health["healthy"]) == ("expired", False)
        assert health["error_code"]
    with scoped(acme):
        assert OutboxEvent.objects.filter(event_type="connection.expired").count() == 1
        ad_account = AdAccount.objects.get()
    from platforms.errors import PlatformError

    with pytest.raises(PlatformError) as caught:
        queries.open_reader(ad_account)
    assert caught.value.kind == "auth"


def test_health_of_a_silent_platform_changes_no_status(
    acme, client, agent, started, person, browse, monkeypatch
):
    import httpx2 as httpx

    browse(started["connect_url"])
    (entry,) = client.get("/v1/platforms", headers=agent).json()["data"]

    def silent(request):
        raise httpx.ReadTimeout("slow")

    person.graph.reply = silent
    health = client.get(f"/v1/platforms/{entry['id']}/status", headers=agent).json()
    assert (health["status"], health["healthy"]) == ("connected", False)


def test_connections_expire_when_their_tokens_life_ends(acme, started, person, browse, client):
    browse(started["connect_url"])
    assert services.expire_due(now() + timedelta(days=59)) == 0
    assert services.expire_due(now() + timedelta(days=61)) == 1
    assert services.expire_due(now() + timedelta(days=61)) == 0
    with scoped(acme):
        assert Connection.objects.get().status == "expired"


def test_daily_refresh_reads_assets_and_a_refused_token_expires_the_connection(
    acme, client, started, person, browse, monkeypatch
):
    from platforms import tasks

    browse(started["connect_url"])
    with scoped(acme):
        ids = {"tenant_id": str(acme.tenant.id), "connection_id": str(Connection.objects.get().pk)}
    person.accounts.append(account("act_90", name="Added later"))
    person.pixels["act_90"] = []
    enqueued = []
    monkeypatch.setattr(tasks.refresh_assets, "delay", lambda **sent: enqueued.append(sent))
    assert tasks.refresh_all() == 1
    assert enqueued == [ids]
    tasks.refresh_assets(**ids)
    with scoped(acme):
        assert AdAccount.objects.count() == 2
    person.token_works = False
    tasks.refresh_assets(**ids)
    with scoped(acme):
        assert Connection.objects.get().status == "expired"


def test_neighbour_sees_neither_link_nor_connection(
    acme, rival, client, agent, started, person, browse
):
    browse(started["connect_url"])
    (entry,) = client.get("/v1/platforms", headers=agent).json()["data"]
    assert client.get("/v1/platforms", headers=rival.headers).json()["data"] == []
    for path in (f"/v1/platforms/{entry['id']}", f"/v1/platforms/{entry['id']}/status"):
        assert client.get(path, headers=rival.headers).status_code == 404
    status = client.get(STATUS, {"token": started["token"]}, headers=rival.headers)
    assert status.status_code == 404


def test_connect_twice_with_one_idempotency_key_makes_one_link(client, acme, agent):
    headers = {**agent, "Idempotency-Key": "k-1"}
    replies = [
        client.post(CONNECT, headers=headers, content_type="application/json").json()
        for _ in range(2)
    ]
    assert replies[0] == replies[1]
    with scoped(acme):
        assert ConnectLink.objects.count() == 1


def test_dashboard_connects_checks_and_disconnects(acme, client, person, browse, monkeypatch):
    from core.actors import Role
    from core.ids import encode

    client.force_login(acme.people[Role.ADMIN])
    business = encode("biz", acme.test_business.pk)
    sent = client.post("/connections/connect", {"business_id": business})
    assert sent.status_code == 302
    assert browse(sent.headers["Location"]).status_code == 200
    page = client.get("/connections/").content.decode()
    assert "Acme ads" in page
    with scoped(acme):
        connection = Connection.objects.get()
    assert client.post(f"/connections/{connection.public_id}/check").status_code == 302
    saved = client.post(f"/connections/{connection.public_id}/defaults", {"page_id": "501"})
    assert saved.status_code == 302
    client.force_login(acme.people[Role.ANALYST])
    assert client.post(f"/connections/{connection.public_id}/disconnect").status_code == 403
    with scoped(acme):
        assert Connection.objects.get().status == "connected"
    client.force_login(acme.people[Role.OWNER])
    assert client.post(f"/connections/{connection.public_id}/disconnect").status_code == 302
    with scoped(acme):
        assert Connection.objects.get().status == "disconnected"
