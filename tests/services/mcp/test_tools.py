"""What the tools of campaigns do and answer."""

import json

import pytest

from campaigns import approvals
from campaigns.models import Ad, AdSet, Campaign, Dispatch, PendingAction
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from core.tools import MOST_BYTES, TOOLS, fitted
from tests.services.campaigns.stage import camp_id, connect, count, running, set_modes
from tests.services.mcp.talk import MODERN, ask, call, data, refused

CREATIVE = {"headline": "New", "primary_text": "Text", "link_url": "https://acme.example/new"}


@pytest.fixture
def stage(acme):
    campaign = running(acme, connect(acme))
    with tenant_tx(acme.tenant.id, readonly=True):
        ids = {"camp": camp_id(campaign), "aset": encode("aset", AdSet.objects.get().pk)}
        ids["ad"] = encode("ad", Ad.objects.get().pk)
    return acme, ids


def test_nothing_that_decides_is_a_tool():
    words = ("approve", "reject", "kill", "authority", "ceiling", "undo")
    assert [name for name in TOOLS if any(word in name for word in words)] == []
    assert {scope for tool in TOOLS.values() for scope in tool.scopes}.isdisjoint(
        {"ads:write:pending", "ads:write:policy", "org:admin"}
    )


def test_the_guides_own_calls_make_and_launch_a_campaign(acme):
    connect(acme)
    made = data(
        acme.token,
        "create_campaign",
        {"name": "SaaS Launch", "budget": 50, "platforms": ["facebook"]},
    )
    assert made["status"] == "applied"
    shown = data(acme.token, "get_campaign", {"campaign_id": made["created_id"]})["campaign"]
    assert shown["budget"] == {"type": "daily", "amount": 50.0, "currency": "USD"}
    assert (shown["status"], shown["objective"]) == ("DRAFT", "TRAFFIC")
    values = {"name": "US", "targeting": {"countries": ["United States"], "age_min": 25}}
    ad_set = data(
        acme.token,
        "propose_change",
        {"action": "create_ad_set", "target_id": made["created_id"], "values": values},
    )
    ad = data(
        acme.token,
        "attach_creative",
        {"ad_set_id": ad_set["created_id"], "creative": CREATIVE},
    )
    assert ad["status"] == "applied"
    launched = data(acme.token, "launch_campaign", {"campaign_id": made["created_id"]})
    assert launched["status"] == "dispatching"
    job = data(acme.token, "get_job", {"job_id": launched["job_id"]})
    assert job["job"]["action"] == "launch_campaign"
    assert job["job"]["status"] == "ready"
    again = data(acme.token, "launch_campaign", {"campaign_id": made["created_id"]})
    assert again["job_id"] == launched["job_id"]
    assert count(acme, Dispatch) == 1


def test_what_waits_for_a_person_is_followed_withdrawn_and_never_approved_by_its_key(stage):
    acme, ids = stage
    set_modes(acme, tactical="draft")
    wanted = {"campaign_id": ids["camp"], "amount": 60.5, "rationale": "roas 4.2 over 7 days"}
    waiting = data(acme.token, "manage_budget", wanted)
    assert waiting["status"] == "pending_approval"
    pending = waiting["pending_action_id"]
    assert waiting["dashboard_url"].endswith(f"/inbox/{pending}/")
    with tenant_tx(acme.tenant.id, readonly=True):
        row = PendingAction.objects.get()
    assert (row.channel, row.rationale) == ("mcp", "roas 4.2 over 7 days")
    [listed] = data(acme.token, "list_pending_actions")["pending_actions"]
    assert listed["after"]["budget"]["amount"] == 60.5
    one = data(acme.token, "get_pending_action", {"pending_action_id": pending})
    assert one["pending_action"]["status"] == "pending"
    assert "dashboard_url" in one["next_step"]
    gone = data(acme.token, "cancel_pending_action", {"pending_action_id": pending})
    assert gone["status"] == "cancelled"
    refused(acme.token, "cancel_pending_action", {"pending_action_id": pending})
    assert count(acme, Dispatch) == 0


def test_a_rejection_is_told_with_its_reason(stage):
    acme, ids = stage
    set_modes(acme, tactical="draft")
    wanted = {"campaign_id": ids["camp"], "amount": 60}
    pending = data(acme.token, "manage_budget", wanted)["pending_action_id"]
    approvals.reject(pending, actor=acme.person(Role.APPROVER), now=now(), comment="Too early")
    one = data(acme.token, "get_pending_action", {"pending_action_id": pending})
    assert one["pending_action"]["comment"] == "Too early"
    assert "Do not propose the same again" in one["next_step"]
    assert refused(acme.token, "manage_budget", wanted).startswith("duplicate_of:")


def test_a_denial_is_an_answer_that_says_what_to_do(stage):
    acme, ids = stage
    set_modes(acme, structural="off")
    answer = call(
        acme.token, "propose_change", {"action": "pause_campaign", "target_id": ids["camp"]}
    )
    assert answer["isError"] is True
    denied = answer["structuredContent"]
    assert (denied["status"], denied["reason"]) == ("denied", "authority_axis_off")
    assert denied["dashboard_url"].endswith("/policy/")
    assert "Retrying will not help" in denied["next_step"]
    assert count(acme, Dispatch) == 0


def test_a_key_makes_a_change_once(stage):
    acme, _ids = stage
    wanted = {"name": "Once", "budget": 50, "idempotency_key": "6f1c"}
    before = count(acme, Campaign)
    first = data(acme.token, "create_campaign", wanted)
    assert data(acme.token, "create_campaign", wanted) == first
    assert count(acme, Campaign) == before + 1
    text = refused(acme.token, "create_campaign", {**wanted, "budget": 51})
    assert text.startswith("idempotency_key_reused:")
    text = refused(acme.token, "create_campaign", {**wanted, "idempotency_key": "a b"})
    assert text.startswith("idempotency_key_invalid:")
    assert count(acme, Campaign) == before + 1


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("create_campaign", {"name": "X", "budget": 1}, "budget"),
        ("create_campaign", {"name": "X", "budget": 50.001}, "budget"),
        ("create_campaign", {"name": "X", "budget": "50"}, "budget"),
        ("create_campaign", {"name": "X", "budget": 50, "objective": "FAME"}, "objective"),
        ("create_campaign", {"name": "X", "budget": 50, "currency": "XXX"}, "currency"),
        ("create_campaign", {"name": "X", "budget": 50, "target_url": "x"}, "target_url"),
        ("create_campaign", {"budget": 50}, "name"),
        ("manage_budget", {"campaign_id": "{camp}", "amount": 1}, "amount"),
        ("manage_budget", {"campaign_id": "{camp}", "amount": -5}, "amount"),
        ("list_campaigns", {"limit": 51}, "limit"),
        ("list_campaigns", {"cursor": "x"}, "cursor"),
        ("list_campaigns", {"status": "LOUD"}, "status"),
        ("list_pending_actions", {"status": "LOUD"}, "status"),
        ("attach_creative", {"creative": CREATIVE}, "ad_set_id"),
        (
            "attach_creative",
            {"ad_id": "{ad}", "creative": {**CREATIVE, "link_url": "javascript:1"}},
            "creative.link_url",
        ),
        (
            "propose_change",
            {
                "action": "set_targeting",
                "target_id": "{aset}",
                "values": {"targeting": {"countries": ["Atlantis"]}},
            },
            "values.targeting.countries.0",
        ),
        (
            "propose_change",
            {"action": "set_schedule", "target_id": "{camp}", "values": {"end_date": "soon"}},
            "values.end_date",
        ),
        (
            "propose_change",
            {"action": "pause_ad", "target_id": "{ad}", "values": {"name": "x"}},
            "values.name",
        ),
    ],
)
def test_a_refusal_names_the_field_and_the_next_step(stage, tool, arguments, field):
    acme, ids = stage
    text = json.dumps(arguments)
    for name, public in ids.items():
        text = text.replace("{" + name + "}", public)
    before = count(acme, Campaign), count(acme, Dispatch)
    said = refused(acme.token, tool, json.loads(text))
    assert " Next: " in said
    assert json.loads(said.partition("Details: ")[2])["field"] == field
    assert (count(acme, Campaign), count(acme, Dispatch)) == before


def test_pages_go_on_by_cursor_and_end(acme):
    for number in range(3):
        data(acme.token, "create_campaign", {"name": f"C{number}", "budget": 50})
    seen, cursor = [], ""
    for _ in range(2):
        page = data(acme.token, "list_campaigns", {"limit": 2, "cursor": cursor})
        seen += [row["name"] for row in page["campaigns"]]
        cursor = page.get("next_cursor", "")
    assert seen == ["C2", "C1", "C0"]
    assert (cursor, page["total"]) == ("", 3)


@pytest.mark.parametrize("letter", ["x", "é", '"', "\\", "€", "😀", "\n"])
def test_an_answer_is_cut_to_its_budget_and_says_so(letter):
    deep = {"campaign": {"message": letter * 5000}, "rows": [{"name": letter * 400}] * 200}
    shown, text = fitted(deep)
    assert shown["truncated"] is True
    assert json.loads(text) == shown
    assert len(text.encode()) + len(json.dumps(text, ensure_ascii=False).encode()) <= MOST_BYTES
    small, _text = fitted({"a": None, "b": [{"c": None, "d": letter}]})
    assert small == {"b": [{"d": letter}]}


def test_the_largest_texts_stay_within_the_budget(stage):
    acme, _ids = stage
    long = dict.fromkeys(("message", "product_description", "audience_description"), "é" * 5000)
    made = data(acme.token, "create_campaign", {"name": "é" * 400, "budget": 50, **long})
    assert made["truncated"] is True
    for tool, arguments in (
        ("get_campaign", {"campaign_id": made["created_id"], "detail": "full"}),
        ("list_campaigns", {"limit": 50}),
    ):
        answer = ask(acme.token, "tools/call", {"name": tool, "arguments": arguments}, era=MODERN)
        assert len(answer.content) < 24_000
