"""Decision 33: the calls of the guide, replayed against the running product; then a person
approves, the platform delivers, the numbers agree and the evidence verifies.

Twice: with the calls of the reference text where it is at hand, and with our own guide's.
"""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
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
from campaigns.models import Ad, Campaign
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
from tests.journeys import our_guide
from tests.journeys.guide import Call, curl_calls, normalised, python_call, python_expressions
from tests.journeys.live import Live, running_product, until
from tests.simulator_process import APP_ID, APP_SECRET

REFERENCE = Path(os.environ.get("ADAMANT_REFERENCE", ROOT.parent / "shared" / "reference"))
GUIDE = REFERENCE / "agent-api-guide.txt"
VARIATIONS = [
    {"headline": "Book in a minute", "primary_text": "We come to you.", "description": "Today"},
    {"headline": "New chain, new you", "primary_text": "Parts included.", "description": "Soon"},
]
EMAIL = "agent.owner@lumen.example"


def reference_calls() -> tuple[list[Call], list[str]]:
    """Quick start and program of the reference text."""
    text = GUIDE.read_text()
    program = next(line for line in text.splitlines() if line.startswith("import requests, time"))
    return curl_calls(text)[:7], python_expressions(program)


def our_calls() -> tuple[list[Call], list[str]]:
    return our_guide.QUICK_START, python_expressions(our_guide.AGENT)


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

    def send(self, call: Call) -> httpx.Response:
        ready = normalised(
            call,
            email=EMAIL,
            key=self.key,
            code=self.code,
            hook="https://93.184.216.34/hooks",
            today=now().date(),
        )
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

    def program(self, expressions: list[str]) -> httpx.Response:
        """The campaign part of an agent's program; returns the answer of its launch."""
        names: dict[str, Any] = {"H": {"Authorization": f"Bearer {self.key}"}}
        by_edge = {"campaigns": "campaign", "ad-sets": "ad_set"}
        answer = None
        for text in expressions:
            edge = re.search(r"/(campaigns|ad-sets|ads|launch)\"", text)
            if edge is None or "/analytics/" in text:
                continue
            for i, v in enumerate(VARIATIONS if edge[1] == "ads" else [{}]):
                answer = self.send(python_call(text, names | {"i": i, "v": v}))
                assert answer.status_code in (200, 201, 202), (text, answer.text)
            if edge[1] in by_edge:
                names[by_edge[edge[1]]] = answer.json()
        assert answer is not None
        return answer

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


def approve_in_dashboard(live: Live, pending_id: str) -> None:
    """The owner claims the account by mail, opens the inbox and approves."""
    link = live.mailed(EMAIL, r"(https?://\S+/claim/\S+)")
    with httpx.Client(
        base_url=live.url, timeout=30, follow_redirects=True, trust_env=False
    ) as browser:
        page = browser.get(link)
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        keys = re.findall(r'name="keep_keys" value="(key_\w+)"', page.text)
        claimed = browser.post(
            link,
            data=fields | {"password": "a-person-knows-this-1", "keep_keys": keys},
            headers={"Referer": live.url},
        )
        assert claimed.status_code == 200, claimed.text
        inbox = browser.get(f"/inbox/{pending_id}/")
        assert inbox.status_code == 200
        form = re.search(
            rf'<form[^>]*action="(/inbox/{pending_id}/approve/)"[^>]*>(.*?)</form>',
            inbox.text,
            re.DOTALL,
        )
        assert form, "the inbox offers no approval"
        hidden = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', form[2]))
        done = browser.post(form[1], data=hidden, headers={"Referer": live.url})
        assert done.status_code == 200, done.text


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
    with httpx.Client(base_url=f"{live.url}/api", timeout=30, trust_env=False) as http:
        tenant = play_until_active(live, Replay(live, http), quick_start, program)
    campaign = active_campaign(tenant)
    assert campaign is not None
    check_numbers(live, tenant, campaign)
    check_evidence(tenant, tmp_path)


def play_until_active(
    live: Live, replay: Replay, quick_start: list[Call], program: list[str]
) -> Tenant:
    """The guide's calls, the consent, the person's approval; the campaign runs at the platform."""

    answers = replay.quick_start(quick_start)
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
    launch = replay.program(program)
    assert launch.status_code == 202
    assert launch.json()["status"] == "PENDING_APPROVAL"
    assert live.sim.objects() == []

    approve_in_dashboard(live, launch.json()["pending_action_id"])
    campaign = until(lambda: active_campaign(tenant))
    account = campaign.ad_account
    assert remote_status(live, account, campaign.external_id) == "ACTIVE"
    assert len(live.sim.objects(kind="campaign")) == 1
    return tenant


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
