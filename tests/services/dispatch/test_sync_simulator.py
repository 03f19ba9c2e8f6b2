"""Launched through the loop at the real simulator, three days on: our facts are its ledger."""

from collections import defaultdict

import pytest

from campaigns.dispatch.loop import run_once
from campaigns.models import Campaign
from campaigns.sync import sync_connection
from core.clock import now
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from tests.bars.money_path import Launches, prepare
from tests.simulator_process import running_simulator


def ours(plan: Launches) -> dict:
    with tenant_tx(plan.world.tenant_id, readonly=True):
        ids = {ad.id: ad.external_id for tree in plan.trees for ad in refreshed(tree.ads)}
        return {
            (ids[fact.ad_id], fact.day.isoformat(), fact.publisher_platform): (
                fact.impressions,
                fact.clicks,
                fact.spend_micros,
                fact.conversions,
            )
            for fact in MetricFact.objects.all()
        }


def refreshed(rows):
    for row in rows:
        row.refresh_from_db()
    return rows


def theirs(plan: Launches) -> dict:
    found = defaultdict(lambda: (0, 0, 0, 0))
    for row in plan.sim.ledger(account=plan.accounts[0].external_id):
        key = (str(row["ad"]), row["day"], row["publisher_platform"])
        micros = round(float(row["spend"]) * 1_000_000)
        found[key] = (row["impressions"], row["clicks"], micros, row["conversions"])
    return dict(found)


@pytest.fixture
def plan(acme_committed, settings):
    with running_simulator() as sim:
        settings.SIMULATOR_URL = sim.url
        plan = prepare(acme_committed, sim, accounts=1)
        plan.plan(2, ads=2)
        run_once(now())
        yield plan


def sync(plan):
    return sync_connection(plan.accounts[0].connection_id, now=now())


def test_facts_equal_the_ledger_also_after_late_rows_and_twice(plan):
    assert plan.states() == {"done": 2}
    plan.sim.advance(hours=72)
    first = sync(plan)
    assert first.facts_changed == first.facts_read > 0
    assert ours(plan) == theirs(plan)
    again = sync(plan)
    assert (again.objects_changed, again.facts_changed) == (0, 0)
    plan.sim.advance(hours=96)
    late = sync(plan)
    assert late.facts_changed > 0
    assert ours(plan) == theirs(plan)


def test_edit_in_the_platforms_own_screens_is_read_back(plan):
    sync(plan)
    with tenant_tx(plan.world.tenant_id, readonly=True):
        campaign = Campaign.objects.order_by("created_at").first()
    plan.sim.edit(campaign.external_id, daily_budget=8000)
    assert sync(plan).objects_changed == 1
    with tenant_tx(plan.world.tenant_id, readonly=True):
        campaign.refresh_from_db()
    assert campaign.budget_micros == 80_000_000
