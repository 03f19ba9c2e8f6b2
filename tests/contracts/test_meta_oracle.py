"""Every request of the connector, sent to the running simulator, is judged by Meta's own files."""

import json
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from core.http import platform_client, platform_writes
from core.money import Money
from platforms.errors import PlatformError
from platforms.meta import client as meta_client
from platforms.meta.reader import MetaReader
from platforms.meta.writer import MetaWriter
from platforms.ports import AdSetSpec, AdSpec, CampaignSpec, Changes, CreativeSpec, Credentials
from tests.contracts.oracle import OUTSIDE, Oracle, available, load
from tests.simulator_process import APP_ID, APP_SECRET, running_simulator

SOURCES = available()
LEAST_CALLS = 20
MUTATIONS = 200
USD = "USD"


@dataclass
class Judge:
    """Sits on the connector's own connection pool."""

    oracles: list[Oracle]
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def on_request(self, request: Any) -> None:
        raw = request.content.decode() if request.method != "GET" else request.url.query.decode()
        path = request.url.path.split("/", 2)[2]
        params = dict(parse_qsl(raw, keep_blank_values=True))
        request.extensions["judged"] = path
        if path in OUTSIDE:
            return
        self.seen.append((request.method, path, params))
        for oracle in self.oracles:
            for problem in oracle.check(request.method, path, params):
                self.problems.append(f"{oracle.name}: {request.method} {path}: {problem}")

    def on_response(self, response: Any) -> None:
        response.read()
        body = response.json()
        for oracle in self.oracles:
            oracle.learn(response.request.method, response.request.extensions["judged"], body)

    def distinct(self) -> set[tuple[str, str, str, frozenset[str]]]:
        """Calls that differ in method, node type, edge or set of parameters."""
        found = set()
        for method, path, params in self.seen:
            key, _, edge = path.partition("/")
            found.add((method, self.oracles[0].node_of(key), edge, frozenset(params)))
        return found


def sources() -> list[str]:
    names = [name for name, there in SOURCES.items() if there]
    # The package is the extract's origin: reading it costs seconds and says nothing more.
    return [name for name in names if name != "installed"] or names


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    with running_simulator() as sim:
        yield sim


@pytest.fixture(scope="module")
def judge(simulator: Any) -> Iterator[Judge]:
    """One tour of the connector over everything it can do."""
    if not sources():
        pytest.skip("no Meta oracle: set ADAMANT_ORACLES or install facebook-business")
    judge = Judge([load(name) for name in sources()])
    pool = platform_client()
    pool.event_hooks = {
        "request": [*pool.event_hooks["request"], judge.on_request],
        "response": [judge.on_response],
    }
    with pool, pytest.MonkeyPatch.context() as patch:
        patch.setattr(meta_client, "http_client", lambda: pool)
        patch.setattr("django.conf.settings.SIMULATOR_URL", simulator.url, raising=False)
        tour(simulator)
    return judge


def png() -> bytes:
    """A small valid image."""
    raw = b"".join(b"\0" + b"\x20\x40\x60" * 16 for _ in range(16))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(raw)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def tour(simulator: Any) -> None:
    person = simulator.person("Oracle", timezone="America/Los_Angeles")
    account = person.ad_account
    credentials = Credentials(
        access_token=person.access_token,
        environment="test",
        app_id=APP_ID,
        app_secret=APP_SECRET,
        account=account,
        timezone="America/Los_Angeles",
        advertiser="Oracle Ltd",
    )
    reader, writer = MetaReader(credentials, sleep=lambda _: None), MetaWriter(credentials)
    (found,) = reader.list_accounts()
    assert (found.external_id, found.currency, found.status) == (account, USD, "active")
    assert [page.external_id for page in reader.list_pages()] == [person.page]
    assert [pixel.external_id for pixel in reader.list_pixels(account)] == [person.pixel]
    today = reader.platform_now().date()
    simulator.faults(read_lag_s=0)
    made = launch(writer, reader, account, person, today)
    look_up(reader, account, made)
    change(writer, reader, made, today)
    read_facts(reader, account, today)
    remove(writer, reader, made)


def read_facts(reader: Any, account: str, today: date) -> None:
    """Insights in one answer, and by the report that a too big account is asked for."""
    days = {"since": today - timedelta(days=1), "until": today, "currency": USD}
    assert list(reader.insights(account, **days)) == []
    pages = reader._client.pages

    def too_big(path: str, params: dict[str, Any]) -> Any:
        if path == f"{account}/insights":
            raise PlatformError("unavailable", "too much data", platform_code="2/1504038")
        return pages(path, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader._client, "pages", too_big)
        assert list(reader.insights(account, **days)) == []


def launch(writer: Any, reader: Any, account: str, person: Any, today: date) -> dict[str, Any]:
    spec = CampaignSpec(
        name="Spring",
        objective="CONVERSIONS",
        budget_type="daily",
        budget=Money(50_000_000, USD),
        start_date=today,
        end_date=today + timedelta(days=30),
    )
    forever = replace(spec, objective="TRAFFIC", start_date=None, end_date=None)
    lifetime = replace(spec, objective="AWARENESS", budget_type="lifetime")
    ad_set = AdSetSpec(
        name="Everyone",
        campaign_external_id="",
        objective="CONVERSIONS",
        targeting={
            "age_min": 25,
            "age_max": 45,
            "locations": [{"type": "country", "value": "US"}, {"type": "country", "value": "DE"}],
            "interests": [{"id": "6003107902433", "name": "Football"}],
        },
        platforms=("facebook", "instagram"),
        page_id=person.page,
        pixel_id=person.pixel,
        start_date=today,
        end_date=today + timedelta(days=30),
    )
    creative = CreativeSpec(
        name="Shoes",
        page_id=person.page,
        headline="New shoes",
        primary_text="Walk",
        description="They fit",
        link_url="https://shop.example/shoes",
        call_to_action="shop_now",
    )
    with platform_writes():
        campaign = writer.create_campaign(account, spec, tag="aaaaaaaaa1")
        traffic = writer.create_campaign(account, forever, tag="aaaaaaaaa2")
        aware = writer.create_campaign(account, lifetime, tag="aaaaaaaaa3")
        image = writer.upload_image(account, name="shoes.png", content=png())
        plain = writer.create_creative(account, creative, tag="aaaaaaaaa4")
        pictured = writer.create_creative(
            account, replace(creative, image_hash=image), tag="aaaaaaaaa5"
        )
        sets = [
            writer.create_ad_set(account, replace(ad_set, **fields), tag=f"aaaaaaaab{number}")
            for number, fields in enumerate(
                (
                    {"campaign_external_id": campaign},
                    {"campaign_external_id": traffic, "objective": "TRAFFIC", "end_date": None},
                    {"campaign_external_id": aware, "objective": "AWARENESS"},
                )
            )
        ]
        more = [
            writer.create_campaign(account, forever, tag=f"aaaaaaaac{number}") for number in "12"
        ]
        ad = writer.create_ad(
            account,
            AdSpec(
                name="Ad",
                ad_set_external_id=sets[0],
                creative_external_id=pictured,
                link_url="https://shop.example/shoes",
            ),
            tag="aaaaaaaaa6",
        )
    assert reader.find_image(account, image) == image
    assert reader.find_image(account, "0" * 32) == ""
    return {
        "campaign": campaign,
        "campaigns": [campaign, traffic, aware, *more],
        "ad_set": sets[0],
        "sets": sets,
        "creative": pictured,
        "plain": plain,
        "ad": ad,
    }


def look_up(reader: Any, account: str, made: dict[str, Any]) -> None:
    tags = {
        "campaign": "aaaaaaaaa1",
        "ad_set": "aaaaaaaab0",
        "creative": "aaaaaaaaa5",
        "ad": "aaaaaaaaa6",
    }
    parents = {"ad_set": made["campaign"], "ad": made["ad_set"]}
    for kind, tag in tags.items():
        for parent in {"", parents.get(kind, "")}:
            found = reader.find_by_tag(account, kind, tag, currency=USD, parent=parent)
            assert [one.external_id for one in found] == [made[kind]], kind
            assert found[0].tag == tag
        assert reader.find_by_tag(account, kind, "zzzzzzzzzz", currency=USD) == []
    campaign = reader.read("campaign", made["campaign"], currency=USD)
    assert (campaign.name, campaign.status) == ("Spring", "PAUSED")
    assert (campaign.budget_type, campaign.budget) == ("daily", Money(50_000_000, USD))
    two = reader.read_many(account, "campaign", made["campaigns"][:2], currency=USD)
    assert {one.external_id for one in two} == set(made["campaigns"][:2])
    every = reader.read_many(account, "campaign", made["campaigns"], currency=USD)
    assert {one.external_id for one in every} == set(made["campaigns"])
    all_sets = [*made["sets"], *made["sets"]]
    assert len(reader.read_many(account, "ad_set", all_sets, currency=USD)) == 3


def change(writer: Any, reader: Any, made: dict[str, Any], today: date) -> None:
    later = today + timedelta(days=40)
    de = {"locations": [{"type": "country", "value": "DE"}], "age_min": 30}
    updates = [
        ("campaign", Changes(name="Summer")),
        ("campaign", Changes(budget_type="daily", budget=Money(60_000_000, USD))),
        ("campaign", Changes(end_date=later)),
        ("ad_set", Changes(end_date=later)),
        ("ad_set", Changes(name="Germans", targeting=de)),
        ("ad_set", Changes(platforms=("facebook",))),
        ("ad", Changes(creative_external_id=made["plain"])),
        ("ad", Changes(name="Second ad")),
    ]
    with platform_writes():
        for kind, changes in updates:
            writer.update(kind, made[kind], changes)
        for kind in ("ad", "ad_set", "campaign"):
            writer.set_status(kind, made[kind], "ACTIVE")
    campaign = reader.read("campaign", made["campaign"], currency=USD)
    assert (campaign.name, campaign.tag) == ("Summer", "aaaaaaaaa1")
    assert (campaign.status, campaign.end_date) == ("ACTIVE", later)
    assert campaign.budget == Money(60_000_000, USD)
    ad = reader.read("ad", made["ad"], currency=USD)
    assert ad.creative_external_id == made["plain"]
    assert (ad.name, ad.tag) == ("Second ad", "aaaaaaaaa6")


def remove(writer: Any, reader: Any, made: dict[str, Any]) -> None:
    with platform_writes():
        writer.set_status("ad", made["ad"], "PAUSED")
        writer.set_status("ad_set", made["ad_set"], "DELETED")
        writer.set_status("campaign", made["campaign"], "ARCHIVED")
    assert reader.read("ad_set", made["ad_set"], currency=USD).status == "DELETED"


def test_every_request_of_the_connector_passes_metas_own_files(judge):
    distinct = judge.distinct()
    names = ", ".join(oracle.name for oracle in judge.oracles)
    print(f"\nBAR oracle {len(judge.seen)} requests, {len(distinct)} distinct calls, by {names}")
    assert judge.problems == []
    assert len(distinct) >= LEAST_CALLS


def mutate(
    params: dict[str, str], rng: random.Random, described: Any
) -> tuple[str, dict[str, str]]:
    """One fault in a good request: a renamed, mistyped or dropped parameter, a wrong word."""
    broken = dict(params)
    names = [name for name in params if name in described.params]
    name = rng.choice(sorted(names))
    kind = described.params[name]
    ways = ["rename"]
    if kind in ("unsigned int", "int", "bool", "datetime"):
        ways.append("text")
    if kind not in ("string", "unsigned int", "int", "bool", "datetime"):
        ways.append("scalar")
    if name in described.required:
        ways.append("drop")
    way = rng.choice(ways)
    value = broken.pop(name)
    if way == "rename":
        broken[f"{name}_x"] = value
    elif way in ("text", "scalar"):
        broken[name] = "50.00x" if way == "text" else '"no-such-value"'
    return f"{way} {name}", broken


def test_control_single_faults_are_all_found(judge):
    rng = random.Random(20261121)
    missed = []
    counted = 0
    for oracle in judge.oracles:
        writes = [one for one in judge.seen if one[0] == "POST"]
        for _ in range(MUTATIONS):
            method, path, params = rng.choice(writes)
            key, _, edge = path.partition("/")
            described = oracle.nodes[oracle.node_of(key)].calls[method, edge]
            way, broken = mutate(params, rng, described)
            counted += 1
            if not oracle.check(method, path, broken):
                missed.append((oracle.name, path, way))
    print(f"\nBAR oracle control {counted} single faults, {counted - len(missed)} found")
    assert missed == []


GOOD = {
    "name": "x",
    "objective": "OUTCOME_SALES",
    "special_ad_categories": "[]",
    "daily_budget": "5000",
}
BAD = [
    ("POST", "act_1/campaigns", {**GOOD, "daily_budget": "50.00"}, "no unsigned int"),
    ("POST", "act_1/campaigns", {**GOOD, "objective": "TRAFFIC"}, "'TRAFFIC' is no"),
    ("POST", "act_1/campaigns", {**GOOD, "status": "DRAFT"}, "'DRAFT' is no"),
    ("POST", "act_1/campaigns", {**GOOD, "targeting": "{}"}, "takes no targeting"),
    ("PUT", "act_1/campaigns", GOOD, "has no PUT"),
    ("POST", "act_1/campains", GOOD, "has no POST campains"),
    ("POST", "act_1/adsets", {"name": "x", "targeting": '{"geo_location":{}}'}, "no field geo_loc"),
    ("POST", "act_1/adsets", {"name": "x", "targeting": "US"}, "no JSON"),
    ("GET", "act_1/campaigns", {"fields": "id,budget"}, "no field budget"),
    ("GET", "act_1/campaigns", {"filtering": "[]"}, "takes no filtering"),
    ("GET", "999/insights", {}, "no id that an answer has shown"),
]


@pytest.mark.parametrize(("method", "path", "params", "reason"), BAD)
def test_broken_request_is_refused_for_its_reason(method, path, params, reason):
    if not sources():
        pytest.skip("no Meta oracle: set ADAMANT_ORACLES or install facebook-business")
    for name in sources():
        problems = load(name).check(method, path, params)
        assert any(reason in problem for problem in problems), (name, problems)


@pytest.mark.skipif(not SOURCES["installed"], reason="facebook-business is not installed")
def test_installed_sdk_gives_the_same_judge():
    oracle = load("installed")
    assert sum(len(node.calls) for node in oracle.nodes.values()) > 1400
    assert oracle.check("POST", "act_1/campaigns", GOOD) == []
    assert oracle.check("POST", "act_1/campaigns", {**GOOD, "objective": "TRAFFIC"}) != []
    assert json.dumps(sorted(oracle.nodes["Campaign"].fields))
