import hashlib
import hmac
import json
from dataclasses import replace

import httpx2 as httpx
import pytest

from core.http import PlatformWriteRefusedError, platform_writes
from platforms.errors import PlatformError
from platforms.meta.client import MetaClient
from platforms.meta.oauth import MetaOAuth
from platforms.meta.writer import MetaWriter
from tests.unit.platforms.graph import CREDENTIALS, error, install


def ok(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": "1", "success": True})


def test_writer_outside_the_dispatch_loop_sends_nothing(monkeypatch):
    graph = install(monkeypatch, ok)
    with pytest.raises(PlatformWriteRefusedError):
        MetaWriter(CREDENTIALS).set_status("campaign", "1", "ACTIVE")
    assert graph.sent == []


def test_report_query_is_no_write(monkeypatch):
    graph = install(monkeypatch, lambda r: httpx.Response(200, json={"report_run_id": "9"}))
    assert MetaClient(CREDENTIALS).query("act_77/insights", {})["report_run_id"] == "9"
    assert [(method, path) for method, path, _ in graph.sent] == [("POST", "act_77/insights")]


def test_call_signs_with_the_app_secret_and_keeps_the_token_out_of_the_url(monkeypatch):
    graph = install(monkeypatch, ok)
    MetaClient(CREDENTIALS).get("me", {"fields": "id"})
    proof = hmac.new(b"app-secret", b"token-of-acme", hashlib.sha256).hexdigest()
    assert graph.sent == [("GET", "me", {"fields": "id", "appsecret_proof": proof})]
    assert graph.headers[0]["authorization"] == "Bearer token-of-acme"


@pytest.mark.parametrize(
    ("environment", "graph_host", "dialog"),
    [
        ("live", "graph.real.example", "https://www.real.example/"),
        ("test", "sim.example:9", "http://sim.example:9/"),
    ],
)
def test_a_connection_reaches_the_host_of_its_environment_only(
    monkeypatch, settings, environment, graph_host, dialog
):
    settings.META_GRAPH_URL = "https://graph.real.example"
    settings.META_DIALOG_URL = "https://www.real.example"
    settings.SIMULATOR_URL, settings.SIMULATOR_PUBLIC_URL = "http://sim.example:9", ""
    settings.META_APP_ID, settings.META_APP_SECRET = "7", "of-the-real-app"
    elsewhere = "http://sim.example:9/x" if environment == "live" else "https://graph.real.example"
    graph = install(
        monkeypatch,
        lambda _: httpx.Response(
            200,
            json={
                "access_token": "t",
                "id": "1",
                "data": [],
                "paging": {"next": elsewhere, "cursors": {"after": ""}},
            },
        ),
    )
    client = MetaClient(replace(CREDENTIALS, environment=environment))
    client.get("me")
    client.query("act_77/insights", {})
    assert list(client.pages("act_77/ads", {})) == []
    with platform_writes():
        client.post("1", {"status": "PAUSED"})
    hosts = {headers["host"] for headers in graph.headers}
    assert (len(graph.sent), hosts) == (4, {graph_host})
    consent = {"environment": environment, "redirect_uri": "https://ads.example/back"}
    assert MetaOAuth().authorize_url(**consent, state="s").startswith(dialog)


def test_post_sends_structured_values_as_json_text(monkeypatch):
    graph = install(monkeypatch, ok)
    with platform_writes():
        MetaClient(CREDENTIALS).post("1", {"a": [1, {"b": True}], "name": "ü", "n": 5})
    params = graph.sent[0][2]
    params.pop("appsecret_proof")
    assert params == {"a": '[1,{"b":true}]', "name": "ü", "n": "5"}
    assert graph.headers[0]["content-type"] == "application/x-www-form-urlencoded"


# (code, subcode, status) → kind of a read, and (kind, if_absent_kind) of a write.
ANSWERS = [
    (190, 463, 400, "auth", ("auth", "")),
    (102, 0, 401, "auth", ("auth", "")),
    (10, 0, 403, "permission", ("permission", "")),
    (200, 0, 400, "permission", ("permission", "")),
    (299, 0, 400, "permission", ("permission", "")),
    (4, 0, 400, "rate_limited", ("rate_limited", "")),
    (17, 2446079, 400, "rate_limited", ("rate_limited", "")),
    (32, 0, 400, "rate_limited", ("rate_limited", "")),
    (341, 0, 400, "rate_limited", ("rate_limited", "")),
    (613, 1487742, 400, "rate_limited", ("rate_limited", "")),
    (80004, 0, 400, "rate_limited", ("rate_limited", "")),
    (368, 0, 400, "rate_limited", ("rate_limited", "")),
    (100, 33, 400, "not_found", ("unknown", "not_found")),
    (803, 0, 404, "not_found", ("unknown", "not_found")),
    (100, 1487390, 400, "unavailable", ("unknown", "unavailable")),
    (1, 99, 500, "unavailable", ("unknown", "unavailable")),
    (2, 0, 500, "unavailable", ("unknown", "unavailable")),
    (100, 0, 400, "invalid", ("unknown", "invalid")),
    (506, 0, 400, "invalid", ("unknown", "invalid")),
    (100, 1885621, 200, "invalid", ("unknown", "invalid")),
    (190, 0, 200, "auth", ("unknown", "auth")),
    (4, 0, 200, "rate_limited", ("unknown", "rate_limited")),
    (100, 0, 500, "unavailable", ("unknown", "unavailable")),
]


@pytest.mark.parametrize(("code", "subcode", "status", "read", "write"), ANSWERS)
def test_error_code_maps_to_a_kind(monkeypatch, code, subcode, status, read, write):
    install(monkeypatch, lambda r: error(code, subcode, status=status))
    with pytest.raises(PlatformError) as caught:
        MetaClient(CREDENTIALS).get("1")
    assert caught.value.kind == read
    from django.core.cache import cache

    cache.clear()
    with platform_writes(), pytest.raises(PlatformError) as caught:
        MetaClient(CREDENTIALS).post("act_77/campaigns", {})
    assert (caught.value.kind, caught.value.if_absent_kind) == write
    assert caught.value.platform_code == (f"{code}/{subcode}" if subcode else str(code))


def raising(exception: type[Exception]):
    def reply(request: httpx.Request) -> httpx.Response:
        raise exception("broken")

    return reply


BROKEN = [
    ("time-out", raising(httpx.ReadTimeout), "unknown", "unavailable"),
    ("dropped", raising(httpx.RemoteProtocolError), "unknown", "unavailable"),
    ("reset", raising(httpx.ReadError), "unknown", "unavailable"),
    ("not connected", raising(httpx.ConnectError), "unavailable", "unavailable"),
    ("no connection in time", raising(httpx.ConnectTimeout), "unavailable", "unavailable"),
    ("500 html", lambda r: httpx.Response(500, text="<html>"), "unknown", "unavailable"),
    ("cut json", lambda r: httpx.Response(200, text='{"id": "12'), "unknown", "unavailable"),
    ("list", lambda r: httpx.Response(200, text="[1]"), "unknown", "unavailable"),
    ("empty", lambda r: httpx.Response(200), "unknown", "unavailable"),
    (
        "redirect",
        lambda r: httpx.Response(302, headers={"location": "https://evil.example/"}),
        "unknown",
        "unavailable",
    ),
    ("400 html", lambda r: httpx.Response(400, text="no"), "unknown", "unavailable"),
    ("429 html", lambda r: httpx.Response(429, text="slow"), "rate_limited", "rate_limited"),
]


@pytest.mark.parametrize(("name", "reply", "write", "read"), BROKEN, ids=[b[0] for b in BROKEN])
def test_unreadable_answer_is_never_a_failed_write(monkeypatch, name, reply, write, read):
    graph = install(monkeypatch, reply)
    with platform_writes(), pytest.raises(PlatformError) as caught:
        MetaClient(CREDENTIALS).post("act_77/campaigns", {})
    assert (caught.value.kind, caught.value.if_absent_kind) == (write, "")
    assert len(graph.sent) == 1, "a write is sent once"
    with pytest.raises(PlatformError) as caught:
        MetaClient(CREDENTIALS).get("1")
    assert caught.value.kind == read


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 5}, {"success": True}])
def test_create_without_an_id_is_unknown(monkeypatch, body):
    install(monkeypatch, lambda r: httpx.Response(200, json=body))
    from tests.unit.platforms.test_meta_mapping import CAMPAIGN

    with platform_writes(), pytest.raises(PlatformError) as caught:
        MetaWriter(CREDENTIALS).create_campaign("act_77", CAMPAIGN, tag="0123456789")
    assert caught.value.kind == "unknown"


def test_too_long_body_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("platforms.meta.client.MAX_BODY", 1000)
    install(monkeypatch, lambda r: httpx.Response(200, text=json.dumps({"x": "y" * 2000})))
    with pytest.raises(PlatformError) as caught:
        MetaClient(CREDENTIALS).get("1")
    assert caught.value.kind == "unavailable"


USAGE = {
    "77": [{"type": "ads_management", "call_count": 100, "estimated_time_to_regain_access": 7}]
}


def test_usage_header_pauses_the_account_before_the_next_call(monkeypatch):
    headers = {"X-Business-Use-Case-Usage": json.dumps(USAGE)}
    graph = install(monkeypatch, lambda r: httpx.Response(200, json={"id": "1"}, headers=headers))
    client = MetaClient(CREDENTIALS)
    client.get("me")
    for call in (client.get, MetaClient(CREDENTIALS).get):
        with pytest.raises(PlatformError) as caught:
            call("me")
        assert caught.value.kind == "rate_limited"
        assert 415 <= caught.value.retry_after_s <= 420
    assert len(graph.sent) == 1, "a paused account is not asked"


def test_account_limit_error_carries_the_wait_and_pauses(monkeypatch):
    headers = {"X-Business-Use-Case-Usage": json.dumps(USAGE)}

    def reply(request: httpx.Request) -> httpx.Response:
        answer = error(17, 2446079)
        answer.headers.update(headers)
        return answer

    graph = install(monkeypatch, reply)
    with platform_writes():
        for _ in range(3):
            with pytest.raises(PlatformError) as caught:
                MetaClient(CREDENTIALS).post("act_77/campaigns", {})
            assert caught.value.kind == "rate_limited"
            assert caught.value.retry_after_s > 400
    assert len(graph.sent) == 1


def test_budget_change_limit_of_one_ad_set_pauses_nobody(monkeypatch):
    graph = install(monkeypatch, lambda r: error(17))
    with platform_writes():
        for _ in range(2):
            with pytest.raises(PlatformError) as caught:
                MetaClient(CREDENTIALS).post("55", {"daily_budget": 5000})
            assert caught.value.kind == "rate_limited"
    assert len(graph.sent) == 2


def test_stop_is_sent_also_while_the_account_is_paused(monkeypatch):
    from platforms.meta import limits

    graph = install(monkeypatch, ok)
    limits.pause("test:act_77", 300)
    writer = MetaWriter(CREDENTIALS)
    with platform_writes():
        writer.set_status("campaign", "1", "PAUSED")
        with pytest.raises(PlatformError) as caught:
            writer.set_status("campaign", "1", "ACTIVE")
    assert caught.value.kind == "rate_limited"
    assert [params["status"] for _, _, params in graph.sent] == ["PAUSED"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"x-app-usage": "not json"}, 0),
        ({"x-app-usage": '{"call_count": 99, "total_time": 5}'}, 0),
        ({"x-app-usage": '{"call_count": 100}'}, 60),
        ({"x-ad-account-usage": '{"acc_id_util_pct": 100, "reset_time_duration": 250}'}, 250),
        ({"x-business-use-case-usage": json.dumps(USAGE)}, 420),
        ({"x-business-use-case-usage": '{"1": [{"call_count": 3}]}'}, 0),
    ],
)
def test_usage_headers_say_how_long_to_stay_away(headers, seconds):
    from platforms.meta.limits import wait_of

    assert wait_of(headers) == seconds
