"""The MCP endpoint as a wire: eras, credentials, limits, errors."""

import json
from dataclasses import replace

import anyio.lowlevel
import pytest
from django.test import Client

from accounts.services.keys import create_key
from config.mcp import exchange as wire
from config.mcp.server import SERVER
from core.tenancy import tenant_tx
from core.tools import TOOLS
from tests.cast import NOW
from tests.services.mcp.talk import HANDSHAKE, MODERN, ask, call, post, refused, result

ERAS = (MODERN, HANDSHAKE)
HELLO = {
    "protocolVersion": HANDSHAKE,
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


def key_with(cast, *scopes):
    with tenant_tx(cast.tenant.id):
        _key, token = create_key(
            tenant_id=cast.tenant.id,
            user_id=cast.key.user_id,
            name="narrow",
            environment="test",
            scopes=scopes,
            root=cast.key.root,
            now=NOW,
        )
    return token


def names(token, **headers):
    return {tool["name"] for tool in result(token, "tools/list", **headers)["tools"]}


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_both_eras_are_served_on_both_paths(acme, path):
    hello = result(acme.token, "initialize", HELLO, era=HANDSHAKE, path=path)
    assert hello["protocolVersion"] == HANDSHAKE
    assert hello["serverInfo"]["name"] == "adamant"
    found = result(acme.token, "server/discover", path=path)
    assert found["supportedVersions"] == [MODERN]
    assert found["instructions"] == hello["instructions"]
    for era in ERAS:
        listed = result(acme.token, "tools/list", era=era, path=path)["tools"]
        assert {tool["name"] for tool in listed} == set(TOOLS)


def test_the_handshake_era_has_no_discover_and_the_new_one_no_initialize(acme):
    assert ask(acme.token, "server/discover", era=HANDSHAKE).json()["error"]["code"] == -32601
    answer = ask(acme.token, "initialize", HELLO)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, -32601)


def test_every_tool_says_what_it_does_and_shows_its_schemas(acme):
    for tool in result(acme.token, "tools/list")["tools"]:
        hints = tool["annotations"]
        assert set(hints) == {
            "readOnlyHint",
            "destructiveHint",
            "idempotentHint",
            "openWorldHint",
        }
        assert not (hints["readOnlyHint"] and hints["destructiveHint"])
        assert 60 < len(tool["description"]) < 600
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["outputSchema"]["type"] == "object"


def test_the_list_stays_small(acme):
    size = len(ask(acme.token, "tools/list").content)
    print(f"BAR mcp tools/list of {len(TOOLS)} tools: {size} bytes (at most 30000)")
    assert size < 30_000


def test_only_tools_of_the_keys_scopes_are_listed_and_called(acme):
    reader = key_with(acme, "campaigns:read")
    assert names(reader) == {name for name, tool in TOOLS.items() if "ads:read" in tool.scopes}
    text = refused(reader, "create_campaign", {"name": "X", "budget": 50})
    assert text.startswith("insufficient_scope: The key lacks the scope ads:write:campaigns.")
    nothing = key_with(acme)
    assert names(nothing) == set()
    refused(nothing, "list_campaigns")


def test_a_connection_may_limit_itself(acme):
    reading = {name for name, tool in TOOLS.items() if tool.read_only}
    assert names(acme.token, X_MCP_Readonly="true") == reading
    few = {"X_MCP_Tools": "list_campaigns, create_campaign"}
    assert names(acme.token, **few) == {"list_campaigns", "create_campaign"}
    assert names(acme.token, X_MCP_Readonly="1", **few) == {"list_campaigns"}
    text = refused(
        acme.token, "create_campaign", {"name": "X", "budget": 50}, X_MCP_Readonly="true"
    )
    assert text.startswith("tool_switched_off")


@pytest.mark.parametrize("token", [None, "aa_test_nonsense", "Bearer"])
def test_who_is_not_known_is_sent_to_the_resource_metadata(acme, token, settings):
    answer = ask(token, "tools/list")
    assert answer.status_code == 401
    metadata = f"{settings.PUBLIC_URL}/.well-known/oauth-protected-resource/mcp/"
    assert answer["WWW-Authenticate"] == f'Bearer resource_metadata="{metadata}"'
    assert answer.json()["error"]["data"]["code"] == "unauthorized"


def test_limits_are_those_of_rest(acme, settings):
    settings.PLAN_THROTTLE = True
    for _ in range(10):
        answer = ask(acme.token, "tools/list")
        assert answer.status_code == 200
    assert answer["X-RateLimit-Remaining"] == "0"
    answer = Client().get("/v1/campaigns", headers=acme.headers)
    assert answer.status_code == 429
    answer = ask(acme.token, "tools/list")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    assert answer.json()["error"]["data"]["code"] == "rate_limited"


def test_an_account_nobody_verified_gets_in_nowhere(acme):
    user = acme.key.user
    user.email_verified_at = None
    user.save()
    answer = ask(acme.token, "tools/list")
    assert answer.status_code == 403
    assert answer.json()["error"]["data"]["code"] == "account_not_verified"


def test_pages_of_other_sites_may_not_call(acme, settings):
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9"):
        answer = ask(acme.token, "tools/list", Origin=origin)
        assert answer.status_code == 403
        assert answer.json()["error"]["data"]["code"] == "origin_not_allowed"
    assert ask(acme.token, "tools/list", Origin=settings.PUBLIC_URL).status_code == 200
    assert ask(acme.token, "tools/list", Host="evil.example").status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, -32700),
        ('{"a": NaN}', 400, -32700),
        ("[]", 400, -32600),
        ('[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32600),
        ('{"jsonrpc":"2.0","id":1,"result":{}}', 400, -32600),
        ('{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600),
        ('{"jsonrpc":"1.0","method":"ping"}', 400, -32600),
        ('"text"', 400, -32600),
    ],
)
def test_what_is_no_message_is_refused(acme, body, status, code):
    answer = post(acme.token, body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.json()["id"] is None


def test_other_methods_and_types_are_refused(acme):
    client = Client()
    for accept in ("*/*", "text/event-stream", "text/plain"):
        answer = client.get("/mcp/", headers={**acme.headers, "Accept": accept})
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
        assert answer.json()["error"]["data"]["code"] == "method_not_allowed"
    assert client.delete("/mcp/", headers=acme.headers).status_code == 405
    answer = client.post("/mcp/", "x=1", content_type="text/plain", headers=acme.headers)
    assert answer.status_code == 415


def test_notifications_are_taken_and_answered_with_nothing(acme):
    for headers in ({}, {"MCP_Protocol_Version": MODERN}):
        body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        answer = post(acme.token, body, **headers)
        assert (answer.status_code, answer.content) == (202, b"")
    answer = post(acme.token, body, MCP_Protocol_Version="1999-01-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32022)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"MCP_Protocol_Version": "2030-01-01"}, -32020),
        ({"Mcp_Method": "tools/call"}, -32020),
        ({"Mcp_Method": "tools/list, tools/list"}, -32020),
    ],
)
def test_headers_agree_with_the_body(acme, headers, code):
    answer = ask(acme.token, "tools/list", **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_the_envelope_is_required(acme):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    answer = post(acme.token, body, MCP_Protocol_Version=MODERN, Mcp_Method="tools/list")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize("era", ERAS)
def test_unknown_names_are_protocol_errors(acme, era):
    answer = ask(acme.token, "tools/call", {"name": "approve_everything"}, era=era)
    assert answer.status_code == (400 if era == MODERN else 200)
    assert answer.json()["error"]["code"] == -32602
    assert answer.json()["id"] == 7
    answer = ask(acme.token, "tools/dance", era=era)
    assert answer.status_code == (404 if era == MODERN else 200)
    assert answer.json()["error"]["code"] == -32601


def test_a_bug_shows_nothing_of_itself(acme, monkeypatch):
    def broken(_actor, _given):
        raise ZeroDivisionError("secret")

    tool = replace(TOOLS["list_campaigns"], run=broken)
    monkeypatch.setitem(TOOLS, "list_campaigns", tool)
    answer = ask(acme.token, "tools/call", {"name": "list_campaigns"})
    assert answer.json()["error"]["code"] == -32603
    assert b"secret" not in answer.content


def test_a_handler_that_waits_is_a_bug():
    async def slow(_context, _params):
        await anyio.lowlevel.checkpoint()

    server = type(SERVER)("slow", on_list_tools=slow)
    server.middleware.clear()
    reply = wire.exchange(
        server, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, wire.Sent({})
    )
    assert reply.message["error"]["code"] == -32603


def test_prompts_and_resources(acme, rival):
    listed = result(acme.token, "prompts/list")["prompts"]
    assert [one["name"] for one in listed] == ["weekly_review", "launch_checklist"]
    shown = result(
        acme.token,
        "prompts/get",
        {"name": "launch_checklist", "arguments": {"campaign_id": "camp_1"}},
    )
    assert "campaign camp_1 is ready" in shown["messages"][0]["content"]["text"]
    assert ask(acme.token, "prompts/get", {"name": "launch_checklist"}).status_code == 400
    assert ask(acme.token, "prompts/get", {"name": "nope"}).status_code == 400
    uris = [one["uri"] for one in result(acme.token, "resources/list")["resources"]]
    texts = [
        result(acme.token, "resources/read", {"uri": uri})["contents"][0]["text"] for uri in uris
    ]
    assert "Kill switch" in texts[0]
    [business] = json.loads(texts[1])["businesses"]
    own = f"adamant://policy/{business['id']}"
    one = result(acme.token, "resources/read", {"uri": own})["contents"][0]["text"]
    assert json.loads(one)["businesses"] == [business]
    for uri in (own, "adamant://policy/x", "adamant://secrets", "file:///etc/passwd"):
        token = rival.token if uri == own else acme.token
        answer = ask(token, "resources/read", {"uri": uri})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32602)
    poor = key_with(acme, "billing:read")
    assert ask(poor, "resources/read", {"uri": uris[1]}).status_code == 400


def test_an_empty_answer_is_whole(acme):
    answer = call(acme.token, "list_campaigns", era=HANDSHAKE)
    assert json.loads(answer["content"][0]["text"]) == answer["structuredContent"]
    assert answer["structuredContent"] == {"campaigns": [], "total": 0}
