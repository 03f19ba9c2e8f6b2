"""The simulator over HTTP: the tree, its statuses, its lists, its faults."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.simulator_process import SimPerson, Simulator, running_simulator


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def person(sim: Simulator) -> SimPerson:
    sim.faults()
    return sim.person()


def get(sim: Simulator, person: SimPerson, path: str, **params: object) -> dict:
    answer = sim.graph("GET", path, token=person.access_token, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_tree_reads_back_what_was_created(sim: Simulator, person: SimPerson) -> None:
    tree = sim.build_tree(person, ads=2)
    shown = get(
        sim, person, tree.ads[0], fields="name,adset{name},campaign{daily_budget},creative{body}"
    )
    assert shown == {
        "id": tree.ads[0],
        "name": "Ad 0",
        "adset": {"name": "Everyone", "id": tree.ad_set},
        "campaign": {"daily_budget": "5000", "id": tree.campaign},
        "creative": {"body": "New shoes", "id": tree.creative},
    }


def test_effective_status_follows_review_and_parents(sim: Simulator, person: SimPerson) -> None:
    tree = sim.build_tree(person)
    ad = tree.ads[0]

    def state(graph_id: str) -> str:
        return get(sim, person, graph_id, fields="effective_status")["effective_status"]

    assert state(ad) == "PENDING_REVIEW"
    sim.advance(25)
    assert [state(ad), state(tree.ad_set), state(tree.campaign)] == ["ACTIVE"] * 3
    sim.edit(tree.campaign, status="PAUSED")
    assert [state(ad), state(tree.ad_set), state(tree.campaign)] == [
        "CAMPAIGN_PAUSED",
        "CAMPAIGN_PAUSED",
        "PAUSED",
    ]
    sim.edit(tree.campaign, status="ARCHIVED")
    assert [state(ad), state(tree.campaign)] == ["ARCHIVED", "ARCHIVED"]


def test_lists_page_by_cursor_and_end_without_next(sim: Simulator, person: SimPerson) -> None:
    tree = sim.build_tree(person, ads=5)
    edge, seen, after = f"{person.ad_account}/ads", [], {}
    while True:
        page = get(sim, person, edge, limit=2, **after)
        seen += [row["id"] for row in page["data"]]
        if "next" not in page["paging"]:
            break
        after = {"after": page["paging"]["cursors"]["after"]}
    assert seen == tree.ads[::-1]


def test_labels_and_name_filters_find_the_object(sim: Simulator, person: SimPerson) -> None:
    common = {"objective": "OUTCOME_SALES", "special_ad_categories": [], "daily_budget": 5000}
    wanted = sim.create(
        person, "campaigns", name="One [abc]", adlabels=[{"name": "adm-abc"}], **common
    )
    sim.create(person, "campaigns", name="Two", adlabels=[{"name": "adm-xyz"}], **common)
    labels = get(sim, person, f"{person.ad_account}/adlabels", fields="id,name")["data"]
    label = next(row["id"] for row in labels if row["name"] == "adm-abc")
    by_label = get(sim, person, f"{person.ad_account}/campaignsbylabels", ad_label_ids=[label])
    by_name = get(
        sim,
        person,
        f"{person.ad_account}/campaigns",
        filtering=[{"field": "name", "operator": "CONTAIN", "value": "[abc]"}],
    )
    assert [row["id"] for row in by_label["data"]] == [wanted]
    assert [row["id"] for row in by_name["data"]] == [wanted]


def test_read_lag_hides_a_new_object_from_lists_but_not_by_id(
    sim: Simulator, person: SimPerson
) -> None:
    sim.faults(read_lag_s=300)
    tree = sim.build_tree(person)
    assert get(sim, person, f"{person.ad_account}/campaigns")["data"] == []
    assert get(sim, person, tree.campaign, fields="name")["name"] == "Spring"


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("error_before", 0),
        ("error_after", 1),
        ("bad_request_after", 1),
        ("error_in_200", 1),
        ("truncated", 1),
        ("cut_after", 1),
        ("expired_token", 0),
        ("rate_limited_app", 0),
        ("rate_limited_account", 0),
    ],
)
def test_fault_leaves_the_object_it_says(
    sim: Simulator, person: SimPerson, kind: str, made: int
) -> None:
    sim.faults(rules=[{"kind": kind, "methods": ["POST"], "edges": ["adlabels"]}])
    try:
        answer = sim.graph(
            "POST", f"{person.ad_account}/adlabels", token=person.access_token, name="x"
        )
    except httpx.RemoteProtocolError:
        assert kind == "cut_after"
    else:
        assert kind != "cut_after"
        assert '"id":"1202' not in answer.text or kind == "truncated"
        assert answer.headers["X-Sim-Now"]
    assert len(sim.objects(person.ad_account, "label")) == made
    assert sim.fault_counts() == {kind: 1}


def test_fault_draws_repeat_with_the_seed(sim: Simulator, person: SimPerson) -> None:
    def run() -> list[int]:
        sim.faults(seed=7, rules=[{"kind": "error_before", "share": 0.5}])
        return [sim.graph("GET", "me", token=person.access_token).status_code for _ in range(20)]

    first = run()
    assert run() == first
    assert {200, 500} == set(first)


def test_foreign_object_answers_like_a_missing_one(sim: Simulator, person: SimPerson) -> None:
    tree = sim.build_tree(person)
    other = sim.person()
    foreign = sim.graph("GET", tree.campaign, token=other.access_token).json()["error"]
    missing = sim.graph("GET", "120200999999999999", token=other.access_token).json()["error"]
    assert (foreign["code"], foreign["error_subcode"]) == (100, 33)
    assert (missing["code"], missing["error_subcode"]) == (100, 33)


def test_control_api_is_closed_without_its_token(sim: Simulator) -> None:
    answer = httpx.post(f"{sim.url}/_sim/advance", json={"hours": 5}, timeout=60, trust_env=False)
    assert answer.status_code == 403


def test_threads_create_without_loss_or_doubles(sim: Simulator, person: SimPerson) -> None:
    def create(number: int) -> str:
        return sim.create(
            person,
            "campaigns",
            name=f"Thread {number}",
            objective="OUTCOME_SALES",
            special_ad_categories=[],
            daily_budget=5000,
            adlabels=[{"name": f"adm-{number % 7}"}],
        )

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(create, range(80)))
    campaigns = sim.objects(person.ad_account, "campaign")
    assert len(set(ids)) == 80
    assert sorted(one["name"] for one in campaigns) == sorted(f"Thread {n}" for n in range(80))
    assert len(sim.objects(person.ad_account, "label")) == 7


def test_world_survives_a_restart(tmp_path: Path) -> None:
    with running_simulator(folder=tmp_path) as first:
        person = first.person()
        tree = first.build_tree(person)
        moment = first.advance(5)
    with running_simulator(folder=tmp_path) as second:
        assert second.now() == moment
        shown = second.graph("GET", tree.campaign, token=person.access_token, fields="name")
        assert shown.json() == {"id": tree.campaign, "name": "Spring"}


def test_clock_runs_by_itself_where_asked(tmp_path: Path) -> None:
    with running_simulator(folder=tmp_path, SIM_SECONDS_PER_HOUR="1") as sim:
        first, deadline = sim.now(), time.monotonic() + 60
        while sim.now() == first and time.monotonic() < deadline:
            time.sleep(0.1)
        assert (sim.now() - first).total_seconds() % 3600 == 0
        assert sim.now() > first


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
def test_command_refuses_an_address_others_can_reach(host: str) -> None:
    with pytest.raises(CommandError, match="--allow-outside"):
        call_command("simulator", host=host)


def test_slow_answer_comes_late_and_is_whole(sim: Simulator, person: SimPerson) -> None:
    sim.faults(rules=[{"kind": "slow", "seconds": 0.5, "times": 1}])
    started = time.monotonic()
    answer = sim.graph("GET", "me", token=person.access_token, fields="id")
    assert time.monotonic() - started >= 0.5
    assert answer.json() == {"id": person.user_id}


def test_outside_edit_changes_the_object_and_counts_towards_no_limit(
    sim: Simulator, person: SimPerson
) -> None:
    tree = sim.build_tree(person)
    for budget in range(6000, 6010):
        sim.edit(tree.campaign, daily_budget=budget)
    assert get(sim, person, tree.campaign, fields="daily_budget")["daily_budget"] == "6009"


def test_disabled_account_delivers_nothing(sim: Simulator, person: SimPerson) -> None:
    sim.build_tree(person)
    sim.control("POST", "account_status", account=person.ad_account, status=2)
    sim.advance(30)
    assert sim.ledger(account=person.ad_account) == []
    shown = get(sim, person, person.ad_account, fields="account_status,amount_spent")
    assert (shown["account_status"], shown["amount_spent"]) == (2, "0")
