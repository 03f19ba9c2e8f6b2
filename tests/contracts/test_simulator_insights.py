"""What the simulator delivers and reports: ledger equals insights, late conversions, budgets."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.simulator_process import SimPerson, Simulator, running_simulator

FIELDS = "ad_id,impressions,clicks,inline_link_clicks,spend,actions,action_values"
START = "2026-03-01T00:00:00-05:00"  # a Sunday, the first day of a budget's week


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_simulator(SIM_START=START) as running:
        yield running


def rows(sim: Simulator, person: SimPerson, path: str, **params: object) -> list[dict]:
    answer = sim.graph("GET", path, token=person.access_token, limit=500, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def daily(sim: Simulator, person: SimPerson, since: str, until: str) -> list[dict]:
    return rows(
        sim,
        person,
        f"{person.ad_account}/insights",
        level="ad",
        fields=FIELDS,
        time_range={"since": since, "until": until},
        time_increment=1,
        breakdowns=["publisher_platform"],
    )


def action(row: dict, name: str, kind: str = "omni_purchase") -> str:
    return next((one["value"] for one in row.get(name, []) if one["action_type"] == kind), "0")


def as_ledger(row: dict) -> tuple:
    return (
        row["ad_id"],
        row["date_start"],
        row["publisher_platform"],
        int(row["impressions"]),
        int(row["clicks"]),
        row["spend"],
        int(action(row, "actions")),
        Decimal(action(row, "action_values")),
    )


def of_ledger(row: dict) -> tuple:
    return (
        row["ad"],
        row["day"],
        row["publisher_platform"],
        row["impressions"],
        row["clicks"],
        row["spend"],
        row["conversions"],
        Decimal(row["conversion_value"]),
    )


def test_insights_equal_the_ledger_and_change_when_conversions_come_late(sim: Simulator) -> None:
    person = sim.person()
    sim.build_tree(person, ads=4, daily_budget=40_000)
    first = sim.now().date()
    sim.advance(24 * 5)
    span = (first.isoformat(), sim.now().date().isoformat())
    early = daily(sim, person, *span)
    assert [as_ledger(row) for row in early] == [
        of_ledger(row) for row in sim.ledger(account=person.ad_account)
    ]
    sim.graph(
        "POST",
        rows(sim, person, f"{person.ad_account}/campaigns")[0]["id"],
        token=person.access_token,
        status="PAUSED",
    )
    sim.advance(24 * 31)
    late = daily(sim, person, *span)
    ledger = sim.ledger(account=person.ad_account)
    assert [as_ledger(row) for row in late] == [of_ledger(row) for row in ledger]
    assert [row["spend"] for row in late] == [row["spend"] for row in early]
    assert all(row["conversions"] == row["conversions_eventual"] for row in ledger)
    assert sum(int(action(row, "actions")) for row in early) < sum(
        int(action(row, "actions")) for row in late
    )


def test_higher_levels_add_up_to_the_ads(sim: Simulator) -> None:
    person = sim.person()
    tree = sim.build_tree(person, ads=3)
    sim.advance(48)
    spans = {"date_preset": "maximum", "fields": "impressions,spend"}
    ads = rows(sim, person, f"{tree.campaign}/insights", level="ad", **spans)
    top = rows(sim, person, f"{person.ad_account}/insights", **spans)
    assert len(ads) == 3
    assert len(top) == 1
    assert int(top[0]["impressions"]) == sum(int(row["impressions"]) for row in ads)
    assert Decimal(top[0]["spend"]) == sum(Decimal(row["spend"]) for row in ads)
    assert all(isinstance(value, str) for row in ads for value in row.values())


def test_spend_stays_within_day_and_week(sim: Simulator) -> None:
    person = sim.person()
    sim.build_tree(person, ads=2, daily_budget=6000)
    sim.advance(24 * 35)
    by_day: dict[str, Decimal] = defaultdict(Decimal)
    for row in sim.ledger(account=person.ad_account):
        by_day[row["day"]] += Decimal(row["spend"])
    assert max(by_day.values()) <= Decimal("105.00")
    assert max(by_day.values()) > Decimal("60.00")
    assert sum(by_day.values()) <= Decimal("60.00") * (len(by_day) + 6)
    assert sum(by_day.values()) >= Decimal("60.00") * len(by_day) * Decimal("0.8")


def test_pause_stops_spend_at_once(sim: Simulator) -> None:
    person = sim.person()
    tree = sim.build_tree(person)
    sim.advance(30)
    sim.graph("POST", tree.ad_set, token=person.access_token, status="PAUSED")
    before = sim.ledger(account=person.ad_account)
    sim.advance(24)
    after = sim.ledger(account=person.ad_account)
    assert before
    assert [row["spend"] for row in after] == [row["spend"] for row in before]


def test_lifetime_budget_is_never_exceeded_and_ends_with_the_schedule(sim: Simulator) -> None:
    person = sim.person()
    tree = sim.build_tree(person, status="PAUSED")
    end = int(sim.now().timestamp()) + 5 * 86400
    sim.edit(tree.campaign, lifetime_budget=30_000, stop_time=end)
    for graph_id in (*tree.ads, tree.ad_set, tree.campaign):
        sim.edit(graph_id, status="ACTIVE")
    sim.advance(24 * 10)
    ledger = sim.ledger(account=person.ad_account)
    total = sum(Decimal(row["spend"]) for row in ledger)
    assert Decimal(200) < total <= Decimal(300)
    assert len({row["day"] for row in ledger}) <= 6


def test_moving_the_clock_at_once_or_by_the_hour_gives_the_same_ledger() -> None:
    ledgers = []
    for steps in ([48], [1] * 48):
        with running_simulator(SIM_START=START, SIM_SEED="7") as sim:
            person = sim.person()
            sim.build_tree(person, ads=3)
            for hours in steps:
                sim.advance(hours)
            ledgers.append(sim.ledger(account=person.ad_account))
    assert len(ledgers[0]) > 6
    assert ledgers[0] == ledgers[1]


def test_asynchronous_report_equals_the_synchronous_one(sim: Simulator) -> None:
    person = sim.person()
    tree = sim.build_tree(person, ads=2)
    sim.advance(48)
    query = {"level": "ad", "fields": FIELDS, "date_preset": "maximum"}
    started = sim.graph("POST", f"{tree.campaign}/insights", token=person.access_token, **query)
    run = started.json()["report_run_id"]
    early = sim.graph("GET", f"{run}/insights", token=person.access_token)
    assert early.json()["error"]["code"] == 2601
    seen = []
    while not seen or seen[-1]["async_status"] != "Job Completed":
        poll = sim.graph(
            "GET", run, token=person.access_token, fields="async_status,async_percent_completion"
        )
        seen.append(poll.json())
    assert [one["async_percent_completion"] for one in seen] == [0, 45, 100]
    assert rows(sim, person, f"{run}/insights") == rows(
        sim, person, f"{tree.campaign}/insights", **query
    )


def test_disapproved_ad_says_why_and_never_delivers(sim: Simulator) -> None:
    person = sim.person()
    tree = sim.build_tree(person)
    creative = sim.create(
        person,
        "adcreatives",
        object_story_spec={
            "page_id": person.page,
            "link_data": {"link": "https://shop.example/", "message": "A Miracle Cure!"},
        },
    )
    ad = sim.create(
        person, "ads", name="Bad", adset_id=tree.ad_set, creative={"creative_id": creative}
    )
    sim.advance(48)
    shown = sim.graph(
        "GET",
        ad,
        token=person.access_token,
        fields="effective_status,ad_review_feedback,issues_info",
    ).json()
    assert shown["effective_status"] == "DISAPPROVED"
    assert "UNPROVEN_CLAIMS" in shown["ad_review_feedback"]["global"]
    assert shown["issues_info"][0]["error_summary"] == "Ad Disapproved"
    assert {row["ad"] for row in sim.ledger(account=person.ad_account)} == set(tree.ads)
