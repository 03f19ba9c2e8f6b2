"""Independent clients over a socket: the SDK's own in both revisions, and over the command."""

import json
import os
import subprocess
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from core.ids import encode
from core.tenancy import tenant_tx
from core.tools import TOOLS
from tests.architecture.source import ROOT
from tests.services.mcp.site import served
from tests.services.mcp.talk import HANDSHAKE, MODERN
from tests.world import make_world

COMMAND = str(ROOT / "tools/ads-agents-mcp")
CREATIVE = {"headline": "H", "link_url": "https://acme.example/"}
CALLS = {
    "get_workspace_overview": {},
    "list_campaigns": {},
    "get_campaign": {"campaign_id": "{campaign}"},
    "create_campaign": {"name": "X", "budget": 50},
    "launch_campaign": {"campaign_id": "{campaign}"},
    "manage_budget": {"campaign_id": "{campaign}", "amount": 60.5},
    "propose_change": {
        "action": "create_ad_set",
        "target_id": "{campaign}",
        "values": {"name": "DE", "targeting": {"countries": ["DE"]}},
    },
    "attach_creative": {"ad_set_id": "{ad_set}", "creative": CREATIVE},
    "list_pending_actions": {},
    "get_pending_action": {"pending_action_id": "{pending}"},
    "cancel_pending_action": {"pending_action_id": "{pending}"},
    "get_job": {"job_id": "{job}"},
    "generate_ad_content": {
        "product": "Honey from our own bees in the Black Forest, sold in glass jars",
        "count": 1,
    },
    "get_analytics": {"by": "campaign", "interval": "weekly"},
    "optimize_campaign": {"campaign_id": "{campaign}"},
}
# Objects of the world are not at a platform: these refuse, and say why.
REFUSE = {"launch_campaign", "cancel_pending_action"}


@pytest.fixture
def world(committed):
    return make_world("acme")


def arguments(world, given):
    text = json.dumps(given)
    with tenant_tx(world.cast.tenant.id):
        for kind in ("campaign", "ad_set", "pending", "job"):
            text = text.replace("{" + kind + "}", world.id(kind))
        business = encode("biz", world.business.pk)
    found = json.loads(text)
    return {**found, "business_id": business} if given.keys() & {"budget", "product"} else found


@asynccontextmanager
async def over_http(url, token, mode):
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(f"{url}/mcp/", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


@asynccontextmanager
async def over_pipes(url, token, mode):
    environment = {"ADS_AGENTS_API_KEY": token, "ADS_AGENTS_BASE_URL": f"{url}/api/v1"}
    command = StdioServerParameters(command=COMMAND, env=environment)
    async with Client(command, mode=mode) as client:
        yield client


async def try_all(client, calls):
    """The version that was agreed on, and the tools that refused."""
    listed = (await client.list_tools()).tools
    assert {tool.name for tool in listed} == set(calls) == set(TOOLS)
    refused = set()
    for name, given in calls.items():
        answer = await client.call_tool(name, given)
        assert answer.content[0].text
        if answer.is_error:
            refused.add(name)
    assert (await client.get_prompt("weekly_review")).messages
    assert (await client.read_resource("adamant://policy")).contents
    return client.protocol_version, refused


@pytest.mark.parametrize(("mode", "version"), [("auto", MODERN), ("legacy", HANDSHAKE)])
@pytest.mark.parametrize("connect", [over_http, over_pipes])
def test_the_sdks_client_lists_and_calls_every_tool(world, mode, version, connect):
    async def talk(url):
        async with connect(url, world.token, mode) as client:
            return await try_all(client, calls)

    calls = {name: arguments(world, given) for name, given in CALLS.items()}
    with served() as url:
        agreed, refused = anyio.run(talk, url)
    assert agreed == version
    assert refused == REFUSE
    print(f"BAR mcp client {connect.__name__} {agreed}: {len(CALLS)} tools called")


def run_command(lines, **environment):
    return subprocess.run(
        [COMMAND],
        input="".join(line + "\n" for line in lines),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_says_what_it_lacks():
    done = run_command([], ADS_AGENTS_API_KEY="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ADS_AGENTS_API_KEY is not set" in done.stderr
    done = run_command([], ADS_AGENTS_API_KEY="x", ADS_AGENTS_BASE_URL="ftp://x")
    assert done.returncode == 2
    assert "is not an http or https address" in done.stderr


def test_the_command_answers_what_it_cannot_send():
    ping = {"jsonrpc": "2.0", "id": "a", "method": "ping"}
    silent = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    lines = ["nonsense", "[1]", json.dumps(ping), json.dumps(silent)]
    done = run_command(lines, ADS_AGENTS_API_KEY="x", ADS_AGENTS_BASE_URL="http://127.0.0.1:9")
    found = sorted((json.loads(line) for line in done.stdout.splitlines()), key=str)
    assert [(one["id"], one["error"]["code"]) for one in found] == [
        ("a", -32000),
        (None, -32700),
        (None, -32700),
    ]
    assert done.returncode == 0


def test_the_command_passes_the_servers_refusal_on(world):
    ping = {"jsonrpc": "2.0", "id": 5, "method": "ping"}
    with served() as url:
        done = run_command(
            [json.dumps(ping)], ADS_AGENTS_API_KEY="aa_test_wrong", ADS_AGENTS_BASE_URL=url
        )
    [said] = [json.loads(line) for line in done.stdout.splitlines()]
    assert (said["id"], said["error"]["data"]["code"]) == (5, "unauthorized")
