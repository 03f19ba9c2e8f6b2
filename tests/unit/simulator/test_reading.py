"""How the simulator reads calls and prints statuses: no database."""

from datetime import UTC, datetime, timedelta

import pytest

from platforms.simulator import faults, money, review
from platforms.simulator.errors import GraphError
from platforms.simulator.graph.present import parse_fields
from platforms.simulator.graph.status import effective_status
from platforms.simulator.limits import refusal
from platforms.simulator.models import AD, ADSET, CAMPAIGN, CREATIVE, AdAccount, Node
from platforms.simulator.params.insights import preset_days
from platforms.simulator.views import edge_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def node(kind: str, status: str = "ACTIVE", **fields: object) -> Node:
    return Node(kind=kind, status=status, account=AdAccount(status=1), **fields)


@pytest.mark.parametrize(
    ("own", "ad_set", "campaign", "shown"),
    [
        ("ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"),
        ("PAUSED", "ACTIVE", "ACTIVE", "PAUSED"),
        ("PAUSED", "PAUSED", "PAUSED", "PAUSED"),
        ("ACTIVE", "PAUSED", "ACTIVE", "ADSET_PAUSED"),
        ("ACTIVE", "PAUSED", "PAUSED", "CAMPAIGN_PAUSED"),
        ("ACTIVE", "ACTIVE", "PAUSED", "CAMPAIGN_PAUSED"),
        ("ACTIVE", "ARCHIVED", "ACTIVE", "ARCHIVED"),
        ("PAUSED", "ACTIVE", "DELETED", "DELETED"),
        ("ARCHIVED", "ACTIVE", "DELETED", "DELETED"),
        ("DELETED", "ACTIVE", "ACTIVE", "DELETED"),
    ],
)
def test_effective_status_of_an_ad(own: str, ad_set: str, campaign: str, shown: str) -> None:
    parents = [node(ADSET, ad_set), node(CAMPAIGN, campaign)]
    assert effective_status(node(AD, own), parents, NOW) == shown


@pytest.mark.parametrize(
    ("reviewed_in", "reason", "shown"),
    [(1, "", "PENDING_REVIEW"), (-1, "", "PAUSED"), (-1, "BAD: x", "DISAPPROVED")],
)
def test_review_shows_before_a_pause(reviewed_in: int, reason: str, shown: str) -> None:
    ad = node(AD, "PAUSED", reviewed_at=NOW + timedelta(minutes=reviewed_in), review_reason=reason)
    assert effective_status(ad, [node(ADSET), node(CAMPAIGN)], NOW) == shown


def test_unsettled_account_holds_its_ads() -> None:
    ad = Node(kind=AD, status="ACTIVE", account=AdAccount(status=3))
    assert effective_status(ad, [node(ADSET), node(CAMPAIGN)], NOW) == "PENDING_BILLING_INFO"


@pytest.mark.parametrize("trigger", review.TRIGGERS)
def test_trigger_word_is_disapproved_under_every_seed(trigger: str) -> None:
    creative = node(
        CREATIVE, data={"object_story_spec": {"link_data": {"message": trigger.title()}}}
    )
    for seed in range(5):
        ad = node(AD)
        review.start(ad, creative, seed=seed, now=NOW)
        assert ad.review_reason == review.UNPROVEN


def test_share_of_rejected_ads_follows_the_setting(settings: pytest.FixtureRequest) -> None:
    settings.SIM_REJECTED_PERCENT = 10
    reasons = []
    for number in range(400):
        ad = node(AD)
        review.start(ad, node(CREATIVE, data={"body": str(number)}), seed=1, now=NOW)
        assert NOW < ad.reviewed_at <= NOW + review.LONGEST
        reasons.append(ad.review_reason)
    assert 20 <= len([one for one in reasons if one]) <= 60


def test_fields_parse_nested() -> None:
    assert parse_fields("id,adset{name,campaign{id}},name") == {
        "id": {},
        "adset": {"name": {}, "campaign": {"id": {}}},
        "name": {},
    }


@pytest.mark.parametrize("text", ["id,adset{name", "id}", "adset{a}}"])
def test_broken_fields_are_refused(text: str) -> None:
    with pytest.raises(GraphError):
        parse_fields(text)


@pytest.mark.parametrize(
    ("path", "edge"),
    [
        ("act_1/campaigns", "campaigns"),
        ("120200000000000001", "node"),
        ("act_1", "node"),
        ("12020/insights", "insights"),
        ("oauth/access_token", "access_token"),
    ],
)
def test_fault_profiles_know_a_path_by_its_edge(path: str, edge: str) -> None:
    assert edge_of(path) == edge


def test_faults_stop_after_their_times_and_spare_other_edges() -> None:
    faults.use(
        faults.Profile(
            rules=[faults.Rule(kind="cut_after", methods=["POST"], edges=["ads"], times=2)]
        )
    )
    hits = [faults.draw("POST", "ads") is not None for _ in range(4)]
    assert hits == [True, True, False, False]
    assert faults.draw("GET", "ads") is None
    assert faults.draw("POST", "campaigns") is None
    assert faults.counts() == {"cut_after": 2}
    faults.use(faults.Profile())


def test_share_of_faults_comes_out() -> None:
    faults.use(faults.Profile(seed=3, rules=[faults.Rule(kind="slow", share=0.1)]))
    hits = sum(faults.draw("GET", "x") is not None for _ in range(5000))
    assert 430 <= hits <= 570
    faults.use(faults.Profile())


@pytest.mark.parametrize(
    ("kind", "code", "status"), [("rate_limited_app", 4, 429), ("rate_limited_account", 17, 400)]
)
def test_drawn_rate_limit_says_when_to_come_back(kind: str, code: int, status: int) -> None:
    error = refusal(kind)
    assert (error.code, error.status) == (code, status)
    assert '"estimated_time_to_regain_access": 1' in error.headers["X-Business-Use-Case-Usage"]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1234, "USD", "12.34"), (5, "EUR", "0.05"), (1234, "JPY", "1234"), (0, "USD", "0.00")],
)
def test_minor_units_print_as_decimals(minor: int, currency: str, text: str) -> None:
    assert money.text(minor, currency) == text


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("today", 15, 15),
        ("yesterday", 14, 14),
        ("last_7d", 8, 14),
        ("this_month", 1, 15),
    ],
)
def test_named_ranges_end_where_graph_ends_them(preset: str, first: int, last: int) -> None:
    since, until = preset_days(preset, datetime(2026, 3, 15, tzinfo=UTC).date())
    assert (since.day, until.day) == (first, last)
