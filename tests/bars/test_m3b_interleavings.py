"""M3b: random interleavings against the simulator, whose ledger says what was really charged."""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from campaigns.models import Dispatch
from campaigns.sync import connection
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.metrics.services import Upserted
from tests.bars.market import LIMIT, Market, RacingMarket
from tests.bars.money_path import LONG, prepare
from tests.cast import make_cast
from tests.services.campaigns.stage import act
from tests.simulator_process import Simulator, running_simulator

pytestmark = pytest.mark.bar
SEED = int(os.environ.get("SEED", "20261121"))
SEEDS, STEPS = (50, 2000) if LONG else (3, 300)
ENOUGH = 0.6


@pytest.fixture
def sim(committed, settings, monkeypatch, tmp_path) -> Iterator[Simulator]:
    with running_simulator(folder=tmp_path, SIM_START="2026-01-04T00:00:00+00:00") as running:
        settings.SIMULATOR_URL = running.url
        settings.DISPATCH_LEASE_S, settings.DISPATCH_CALL_TIMEOUT_S = 6, 5
        settings.RECONCILE_LAG_S = 0
        # Delivery is for reports; the ceilings of daily budgets do not look at it.
        monkeypatch.setattr(connection, "_sync_facts", lambda *_args, **_days: Upserted(0, 0))
        yield running


def play(sim: Simulator, kind: type[Market], seed: int, steps: int) -> Market:
    """One market in a tenant of its own; `seed` alone decides its moves."""
    sim.faults(rules=[])
    cast = make_cast(f"market{seed}")
    market = kind(prepare(cast, sim, accounts=1, timezone="UTC"), seed)
    for _ in range(steps):
        market.step()
    market.close()
    return market


def test_m3b_what_is_charged_never_exceeds_the_ceiling(sim):
    root, began = random.Random(SEED), time.monotonic()
    moves: Counter[str] = Counter()
    over = charged = at_risk = outside = 0
    for _ in range(SEEDS):
        market = play(sim, Market, root.getrandbits(32), STEPS)
        used, exposed = market.used()
        assert used == [exposed, exposed]
        moves += market.moves
        over, outside = over + market.over, outside + market.outside
        charged = max(charged, market.most_charged)
        at_risk = max(at_risk, market.most_at_risk)
    print(
        f"BAR M3b simulator: {SEEDS * STEPS} interleavings, root seed {SEED}, {SEEDS} seeds, "
        f"{moves['day']} days, over={over} max_charged/bound={charged / LIMIT:.2f} "
        f"max_at_risk/bound={at_risk / LIMIT:.2f} outside_raises={outside} "
        f"moves={dict(moves)} {time.monotonic() - began:.0f} s"
    )
    assert over == 0
    assert charged >= ENOUGH * LIMIT


def test_m3b_control_a_reservation_read_before_it_is_written_goes_over(sim):
    market = play(sim, RacingMarket, SEED, 300)
    print(
        f"BAR M3b control read-then-write reservation: over={market.over} "
        f"max_charged/bound={market.most_charged / LIMIT:.2f} "
        f"max_at_risk/bound={market.most_at_risk / LIMIT:.2f}"
    )
    assert market.most_charged > LIMIT


@pytest.mark.parametrize("by_hand", ["resumed", "raised"])
def test_m3b_a_paused_campaign_that_somebody_touched_is_not_made_dearer(sim, by_hand):
    """Paused it counts nothing, so what was decided on must still hold when it is sent."""
    market = Market(prepare(make_cast("acme"), sim, accounts=1, timezone="UTC"), SEED, campaigns=1)
    sim.faults(rules=[])
    graph_id, key = next(iter(market.of_graph.items()))
    public, cast = encode("camp", key), market.cast
    act(cast, "pause_campaign", cast.agent, market.now, campaign_id=public)
    market.send()
    market.now += timedelta(seconds=1)
    if by_hand == "resumed":
        sim.edit(graph_id, status="ACTIVE")
        wish = {"budget_micros": 90_000_000, "currency": "USD"}
        act(cast, "set_daily_budget", cast.agent, market.now, campaign_id=public, **wish)
    else:
        sim.edit(graph_id, daily_budget=9000)
        act(cast, "resume_campaign", cast.agent, market.now, campaign_id=public)
    market.send()
    with tenant_tx(cast.tenant.id, readonly=True):
        sent = Dispatch.objects.filter(campaign_id=key).order_by("-created_at").first()
    assert (sent.state, sent.error_code) == ("failed", "stale_value")
    remote = market.remotes[key]
    market.look(by_us=False)
    assert remote.exposure == (26_250_000 if by_hand == "resumed" else 0)


@pytest.mark.parametrize("was", ["on its way", "in doubt"])
def test_m3b_a_budget_raised_by_hand_is_not_switched_on_by_us(sim, was):
    """A resume decided while a pause is on its way, or sent and without effect, meets a campaign
    that somebody has made dearer since: it costs what was reserved, or stays paused.
    """
    market = Market(prepare(make_cast("acme"), sim, accounts=1, timezone="UTC"), SEED, campaigns=1)
    sim.faults(rules=[])
    graph_id, key = next(iter(market.of_graph.items()))
    public, cast = encode("camp", key), market.cast
    act(cast, "pause_campaign", cast.agent, market.now, campaign_id=public)
    if was == "in doubt":
        market.send()
        sim.faults(rules=[{"kind": "error_before", "share": 1.0, "methods": ["POST"]}])
    act(cast, "resume_campaign", cast.agent, market.now, campaign_id=public)
    if was == "in doubt":
        market.send()
        sim.faults(rules=[])
    sim.edit(graph_id, daily_budget=9000)
    market.look(by_us=False)
    for _ in range(3):
        market.now += timedelta(minutes=1)
        market.send()
    with tenant_tx(cast.tenant.id, readonly=True):
        sent = Dispatch.objects.get(campaign_id=key, command_kind="resume_campaign")
    assert (sent.state, sent.error_code) == ("failed", "stale_value")
    assert market.remotes[key].status == "PAUSED"
    assert market.at_risk() <= max(market.used()[0])


def test_m3b_a_budget_in_doubt_is_not_sent_again_to_what_somebody_switched_on(sim):
    market = Market(prepare(make_cast("acme"), sim, accounts=1, timezone="UTC"), SEED, campaigns=1)
    sim.faults(rules=[])
    graph_id, key = next(iter(market.of_graph.items()))
    public, cast = encode("camp", key), market.cast
    act(cast, "pause_campaign", cast.agent, market.now, campaign_id=public)
    market.send()
    market.now += timedelta(seconds=1)
    sim.faults(rules=[{"kind": "error_before", "share": 1.0, "methods": ["POST"]}])
    wish = {"budget_micros": 90_000_000, "currency": "USD"}
    act(cast, "set_daily_budget", cast.agent, market.now, campaign_id=public, **wish)
    market.send()
    sim.faults(rules=[])
    sim.edit(graph_id, status="ACTIVE")
    market.look(by_us=False)
    for _ in range(3):
        market.now += timedelta(minutes=1)
        market.send()
    assert market.remotes[key].budget == 15_000_000
    assert market.at_risk() <= max(market.used()[0])
