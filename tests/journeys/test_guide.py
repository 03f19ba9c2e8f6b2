"""Decision 33: the calls of the guide, replayed against the running product; then a person
approves, the platform delivers, the numbers agree, one suggestion is applied and the evidence
verifies.

Twice: with the calls of the reference text where it is at hand, and with our own guide's.
"""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from facebook_business.adobjects.campaign import Campaign as RemoteCampaign
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession

from accounts.models import Tenant, User
from accounts.queries import MEMBERSHIPS_OF_USER
from billing.models import Subscription
from campaigns.models import Ad, Campaign, Dispatch, PendingAction
from campaigns.services import set_authority
from campaigns.sync import sync_connection
from core.actors import Actor, ActorKind, Channel, Role
from core.clock import now
from core.ids import decode, encode
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from platforms.models import AdAccount, Connection
from platforms.queries import credentials
from tests.architecture.source import ROOT
from tests.generated_client import Generated, generated
from tests.journeys import our_guide
from tests.journeys.guide import Call, curl_calls, normalised, python_expressions
from tests.journeys.live import Live, running_product, until
from tests.journeys.program import ANALYTICS, APPLY, SUGGEST, Person, Program
from tests.simulator_process import APP_ID, APP_SECRET

REFERENCE = Path(os.environ.get("ADAMANT_REFERENCE", ROOT.parent / "shared" / "reference"))
GUIDE = REFERENCE / "agent-api-guide.txt"
MOST_DAYS = 30
EMAIL = "agent.owner@lumen.example"


def reference_calls() -> tuple[list[Call], list[str]]:
    """Quick start and program of the reference text."""
    text = GUIDE.read_text()
    program = next(line for line in text.splitlines() if line.startswith("import requests, time"))
    # The text ends where a suggestion is to be applied.
    expressions = [*python_expressions(program), *python_expressions(our_guide.APPLY)]
    return curl_calls(text), expressions


def our_calls() -> tuple[list[Call], list[str]]:
    return our_guide.QUICK_START, python_expressions(our_guide.AGENT + our_guide.APPLY)


@pytest.fixture
def live(committed: None, tmp_path: Path, settings: Any) -> Iterator[Live]:
    with running_product(tmp_path) as product:
        settings.SIMULATOR_URL = product.sim.url
        yield product


class Replay:
    """Plays calls in order and remembers what each answered."""

    def __init__(self, live: Live, http: httpx.Client) -> None:
        self.live, self.key, self.code = live, "", ""
        self.http = http

    def ready(self, call: Call) -> Call:
        """The call as it is sent."""
        return normalised(
            call,
            email=EMAIL,
            key=self.key,
            code=self.code,
            hook="https://93.184.216.34/hooks",
            today=now().date(),
        )

    def send(self, call: Call) -> Any:
        ready = self.ready(call)
        return self.http.request(ready.method, ready.path, headers=ready.headers, json=ready.body)

    def quick_start(self, calls: list[Call]) -> dict[str, Any]:
        """Register to connect; returns the answers by the last word of their path."""
        answers = {}
        for call in calls:
            if call.path.endswith("/verify"):
                self.code = self.live.mailed(EMAIL, r"\b(\d{6})\b")
            answer = self.send(call)
            assert answer.status_code in (200, 201), (call, answer.text)
            answers[call.path.rsplit("/", 1)[1]] = answer.json()
            self.key = self.key or answer.json().get("api_key", "")
        return answers

    def consent(self, connect: dict[str, Any]) -> None:
        """The person opens the mailed link, agrees at the platform and comes back."""
        with httpx.Client(timeout=30, follow_redirects=True, trust_env=False) as browser:
            dialog = browser.get(connect["connect_url"])
            assert dialog.status_code == 200, dialog.text
            hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', dialog.text)
            person = {"person": "new", "name": "Ada", "currency": "USD", "decision": "allow"}
            form = {name: unescape(value) for name, value in hidden} | person
            form["timezone"] = "America/New_York"
            done = browser.post(dialog.url.copy_with(query=None), data=form)
            assert done.status_code == 200, done.text


class GeneratedReplay(Replay):
    """The same calls through the client that was made of our API document."""

    def __init__(self, live: Live, http: httpx.Client, client: Generated) -> None:
        super().__init__(live, http)
        self.client = client

    def send(self, call: Call) -> Any:
        call = self.ready(call)
        if call.body and "objective" in call.body:
            # The API takes these words in any case, the document names one.
            call = replace(call, body=call.body | {"objective": call.body["objective"].upper()})
        return self.client.send(call)


def owner_of(email: str) -> tuple[Tenant, Actor]:
    user = User.objects.get(email=email)
    row = MEMBERSHIPS_OF_USER.rows(user_id=user.pk)[0]
    user_id = encode("user", user.pk)
    actor = Actor(
        kind=ActorKind.USER,
        id=user_id,
        tenant_id=row["tenant_id"],
        channel=Channel.DASHBOARD,
        request_id="",
        user_id=user.pk,
        role=Role.OWNER,
        roots=(user_id,),
        strong_auth_at=now().timestamp(),
    )
    return Tenant.objects.get(pk=row["tenant_id"]), actor


def facts_of(tenant: Tenant, campaign: Campaign) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(ad, day) → impressions, spend in micros, conversions, from our table."""
    total: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    with tenant_tx(tenant.id, readonly=True):
        external = dict(Ad.objects.filter(campaign=campaign).values_list("id", "external_id"))
        for fact in MetricFact.objects.filter(campaign_id=campaign.id):
            row = total[external[fact.ad_id], fact.day.isoformat()]
            row[0] += fact.impressions
            row[1] += fact.spend_micros
            row[2] += fact.conversions
    return {key: tuple(row) for key, row in total.items() if any(row)}  # type: ignore[misc]


def ledger_of(live: Live, account: AdAccount) -> dict[tuple[str, str], tuple[int, int, int]]:
    """The same from the simulator's own ledger."""
    total: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in live.sim.ledger(account=account.external_id):
        row = total[str(entry["ad"]), str(entry["day"])]
        row[0] += int(entry["impressions"])
        row[1] += int(Decimal(str(entry["spend"])) * 1_000_000)
        row[2] += int(entry["conversions"])
    return {key: tuple(row) for key, row in total.items() if any(row)}  # type: ignore[misc]


def remote_status(live: Live, account: AdAccount, external_id: str) -> str:
    """The campaign's status as Meta's own client reads it from the platform."""
    session = FacebookSession(APP_ID, APP_SECRET, credentials(account).access_token, timeout=30)
    session.GRAPH = live.sim.url
    try:
        api = FacebookAdsApi(session, api_version="v26.0")
        return str(RemoteCampaign(external_id, api=api).api_get(fields=["status"])["status"])
    finally:
        session.requests.close()


@pytest.mark.parametrize("source", ["reference", "ours"])
def test_guide_end_to_end(live: Live, source: str, tmp_path: Path) -> None:
    if source == "reference" and not GUIDE.exists():
        pytest.skip(f"the reference text is not at {REFERENCE}")
    quick_start, program = reference_calls() if source == "reference" else our_calls()
    with api_client(live) as http:
        play(live, Replay(live, http), quick_start, program, folder=tmp_path)


def test_a_generated_client_does_the_same(live: Live, tmp_path: Path) -> None:
    quick_start, program = our_calls()
    folder = tmp_path / "client"
    folder.mkdir()
    with api_client(live) as http, generated(folder) as package:
        client = Generated(package, f"{live.url}/api/v1")
        replay = GeneratedReplay(live, http, client)
        play(live, replay, quick_start, program, folder=tmp_path)
    assert len(client.used) == len(quick_start) + len(program) - 1  # campaigns are in both
    print(
        f"BAR G2 a generated client: {len(client.used)} operations to a live campaign and an"
        " applied suggestion, 0 unreadable answers"
    )


def api_client(live: Live) -> httpx.Client:
    return httpx.Client(base_url=f"{live.url}/api", timeout=30, trust_env=False)


def play(
    live: Live, replay: Replay, quick_start: list[Call], program: list[str], *, folder: Path
) -> None:
    """From registration to an applied suggestion, with every number and the evidence checked."""
    tenant = onboarded(replay, quick_start)
    agent = Program(replay.send, program)
    launch = agent.launch()
    assert launch["status"] == "PENDING_APPROVAL"
    assert live.sim.objects() == []
    with httpx.Client(
        base_url=live.url, timeout=30, follow_redirects=True, trust_env=False
    ) as browser:
        person = Person(live, browser, EMAIL)
        person.approve(launch["pending_action_id"])
        campaign = until(lambda: active_campaign(tenant))
        check_launched(live, campaign, agent)
        check_numbers(live, tenant, campaign)
        check_analytics(live, campaign, agent)
        check_applied(live, campaign, agent=agent, person=person)
    check_evidence(tenant, folder)


def onboarded(replay: Replay, quick_start: list[Call]) -> Tenant:
    """The guide's calls and the consent; from here on a person decides about everything."""
    answers = replay.quick_start(quick_start)
    assert len(answers) == 7
    assert replay.key.startswith("aa_test_")
    assert answers["register"]["user"]["enabled"] is False
    assert answers["verify"]["user"]["enabled"] is True
    assert answers["campaigns"]["status"] == "DRAFT"
    assert (answers["webhooks"]["active"], bool(answers["webhooks"]["secret"])) == (True, True)
    assert answers["subscribe"]["status"] == "active"
    assert answers["connect"]["status"] == "pending"
    replay.consent(answers["connect"])
    status = replay.http.get(
        "/v1/platforms/facebook/connect/status",
        params={"token": answers["connect"]["token"]},
        headers={"Authorization": f"Bearer {replay.key}"},
    )
    assert status.json()["status"] == "connected"

    tenant, owner = owner_of(EMAIL)
    business = decode("biz", answers["business"]["id"])
    with tenant_tx(tenant.id):  # the guide's agent works on Growth
        Subscription.objects.filter(cancelled_at=None).update(plan_id=4)
    modes = dict.fromkeys(("creative", "tactical", "structural"), "draft")
    set_authority(business, actor=owner, now=now(), modes=modes)
    return tenant


def check_launched(live: Live, campaign: Campaign, agent: Program) -> None:
    """The campaign runs at the platform; each variation is an ad with its words and its image."""
    account = campaign.ad_account
    assert remote_status(live, account, campaign.external_id) == "ACTIVE"
    assert len(live.sim.objects(kind="campaign")) == 1
    variations = agent.names["gen"]["result"]["variations"]
    wanted = {(v["headline"], v["primary_text"]) for v in variations}
    linked = [
        one["data"]["object_story_spec"]["link_data"] for one in live.sim.objects(kind="creative")
    ]
    assert {(one["name"], one["message"]) for one in linked} == wanted
    assert len(live.sim.objects(kind="ad")) == len(variations)
    hashes = {one["hash"] for one in live.sim.control("GET", "truth/objects")["images"]}
    assert len(hashes) == len(variations)
    assert {one["image_hash"] for one in linked} == hashes


def active_campaign(tenant: Tenant) -> Campaign | None:
    with tenant_tx(tenant.id, readonly=True):
        rows = Campaign.objects.select_related("ad_account__connection")
        return rows.filter(status="ACTIVE").exclude(external_id="").first()


def check_numbers(live: Live, tenant: Tenant, campaign: Campaign) -> None:
    """Three days of delivery, equal to the ledger at once and when late conversions came in."""
    connection: Connection = campaign.ad_account.connection
    start = campaign.start_date
    if start is not None:
        ahead = datetime(start.year, start.month, start.day, tzinfo=UTC) - live.sim.now()
        live.sim.advance(max(0.0, ahead / timedelta(hours=1)))
    for hours in (72, 24 * 5):
        live.sim.advance(hours)
        sync_connection(connection.pk, now=now())
        facts = facts_of(tenant, campaign)
        assert len({day for _ad, day in facts}) >= 3
        assert facts == ledger_of(live, campaign.ad_account)
    again = sync_connection(connection.pk, now=now())
    assert (again.objects_changed, again.facts_changed) == (0, 0)


def check_analytics(live: Live, campaign: Campaign, agent: Program) -> None:
    """What the agent reads are the sums of the ledger, in all and by publisher platform."""
    said = agent.play(ANALYTICS)
    rows = live.sim.ledger(account=campaign.ad_account.external_id)
    assert said["currency"] == "USD"
    assert shown(said["metrics"]) == sums_of(rows)
    assert set(said["by_platform"]) == {"facebook", "instagram"}
    for name, metrics in said["by_platform"].items():
        own = [row for row in rows if row["publisher_platform"] == name]
        assert shown(metrics) == sums_of(own)


def shown(metrics: dict[str, Any]) -> dict[str, Any]:
    names = ("impressions", "clicks", "conversions", "spend", "ctr")
    return {name: metrics[name] for name in names}


def sums_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums over the ledger, and the click rate that follows from them."""
    found: dict[str, Any] = {
        name: sum(int(row[name]) for row in rows)
        for name in ("impressions", "clicks", "conversions")
    }
    assert found["clicks"] > 0
    rate = Decimal(100 * found["clicks"]) / found["impressions"]
    return found | {
        "spend": float(sum(Decimal(row["spend"]) for row in rows)),
        "ctr": float(rate.quantize(Decimal("0.01"), ROUND_HALF_UP)),
    }


def check_applied(live: Live, campaign: Campaign, *, agent: Program, person: Person) -> None:
    """The agent asks by its own strategies until the evidence is there and applies one answer; the
    platform changes when a person has approved, and in nothing else.
    """
    suggestion = suggested(live, campaign, agent)
    with tenant_tx(campaign.tenant_id, readonly=True):
        ad = Ad.objects.get(pk=decode("ad", suggestion["ad_id"])).external_id
    check_reading(live, campaign, suggestion["evidence"], ad=ad)
    before = world(live)
    applied = agent.play(APPLY, 202, s=suggestion)
    assert (applied["status"], applied["job_id"]) == ("pending_approval", None)
    assert world(live) == before
    person.approve(applied["pending_action_id"])
    until(lambda: sent(campaign, applied["pending_action_id"]))
    after = world(live)
    assert before.keys() - after.keys() == set()
    changed = {key: one for key, one in after.items() if one != before.get(key)}
    if suggestion["type"] == "pause_ad":
        assert changed == {ad: before[ad] | {"status": "PAUSED", "effective_status": "PAUSED"}}
    else:
        check_new_words(before, changed, ad=ad, words=suggestion["command"]["creative"])


def suggested(live: Live, campaign: Campaign, agent: Program) -> dict[str, Any]:
    """The first suggestion about words or a pause, as soon as days of delivery speak for one."""
    reasons: list[Any] = []
    for _day in range(MOST_DAYS):
        answer = agent.play(SUGGEST)
        for one in answer["suggestions"]:
            if one["type"] in ("new_message", "pause_ad"):
                found: dict[str, Any] = one
                return found
        reasons = answer["nothing_from"]
        live.sim.advance(24)
        sync_connection(campaign.ad_account.connection_id, now=now())
    raise AssertionError(f"no suggestion in {MOST_DAYS} days: {reasons}")


def check_reading(live: Live, campaign: Campaign, evidence: dict[str, Any], *, ad: str) -> None:
    """The evidence is what the ledger has of this ad on its days, beyond chance."""
    rows = [
        row
        for row in live.sim.ledger(account=campaign.ad_account.external_id)
        if row["ad"] == ad and evidence["from"] <= row["day"] <= evidence["to"]
    ]
    wanted = sums_of(rows)
    names = ("impressions", "clicks", "spend")
    assert {name: evidence[name] for name in names} == {name: wanted[name] for name in names}
    assert evidence["metric"] == "ctr"
    assert evidence["interval"]["high"] < evidence["compared_with"]["interval"]["low"]


def world(live: Live) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in live.sim.objects()}


def sent(campaign: Campaign, pending_id: str) -> bool:
    """Whether the approved proposal has been carried out to its end."""
    with tenant_tx(campaign.tenant_id, readonly=True):
        waited = PendingAction.objects.get(pk=decode("pa", pending_id))
        return bool(Dispatch.objects.filter(pk=waited.dispatch_id, state="done").exists())


def check_new_words(
    before: dict[str, Any], changed: dict[str, Any], *, ad: str, words: dict[str, str]
) -> None:
    """The ad has a new creative, which differs from the old one in its words alone."""
    made = changed[ad]["creative"]
    assert changed[ad] == before[ad] | {"creative": made, "effective_status": "PENDING_REVIEW"}
    new = {key: one["kind"] for key, one in changed.items() if key not in before}
    assert changed.keys() == {ad, *new}
    assert sorted(new.values()) == ["creative", "label"]
    assert new[made] == "creative"
    story = before[before[ad]["creative"]]["data"]["object_story_spec"]
    said = {
        "name": words["headline"],
        "message": words["primary_text"],
        "description": words["description"],
    }
    assert any(story["link_data"][key] != value for key, value in said.items())
    wanted = story | {"link_data": story["link_data"] | said}
    assert changed[made]["data"]["object_story_spec"] == wanted


def check_evidence(tenant: Tenant, folder: Path) -> None:
    """The exported chain verifies with the stand-alone tool."""
    exported = folder / "audit.jsonl"
    from django.core.management import call_command

    with exported.open("w") as out:
        call_command("export_audit", encode("ten", tenant.pk), stdout=out)
    verified = subprocess.run(
        [sys.executable, ROOT / "tools" / "verify_audit.py", exported],
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
