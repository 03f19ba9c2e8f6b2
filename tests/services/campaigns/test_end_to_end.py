"""From the gate to the simulated platform and back: what is approved is what stands there."""

from datetime import timedelta

import pytest

from campaigns import approvals, services
from campaigns.dispatch.loop import run_once
from campaigns.models import Ad, AdSet, Campaign, Dispatch, PendingAction, SpendExposure
from core.actors import Role
from core.clock import now as wall
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.models import AdAccount, Connection, PlatformAsset
from platforms.queries import token_context
from tests.services.campaigns.stage import MICROS, act, count, create, fresh, set_modes
from tests.simulator_process import running_simulator


@pytest.fixture(scope="module")
def sim():
    with running_simulator() as running:
        yield running


@pytest.fixture
def connected(acme_committed, sim, settings):
    settings.SIMULATOR_URL = sim.url
    settings.UNDO_WINDOW_S = 0
    person = sim.person()
    cast, at = acme_committed, wall()
    common = {"tenant_id": cast.tenant.id, "business": cast.test_business}
    with tenant_tx(cast.tenant.id):
        connection = Connection(
            **common, platform="meta", environment="test", status="connected", created_at=at
        )
        connection.sealed_token = settings.KEY_RING.encrypt(
            person.access_token, context=token_context(connection)
        )
        connection.save(force_insert=True)
        AdAccount.objects.create(
            **common,
            connection=connection,
            platform="meta",
            environment="test",
            external_id=person.ad_account,
            name="Main",
            currency="USD",
            timezone="UTC",
            status="active",
            is_default=True,
            created_at=at,
        )
        for kind in ("page", "pixel"):
            PlatformAsset.objects.create(
                **common,
                connection=connection,
                kind=kind,
                name=kind,
                external_id=getattr(person, kind),
                ad_account_external_id=person.ad_account if kind == "pixel" else "",
            )
    return cast, sim, person


def drain(cast):
    for _ in range(20):
        if not run_once(wall()):
            break
    with tenant_tx(cast.tenant.id, readonly=True):
        return [
            (row.command_kind, row.state, row.error_message)
            for row in Dispatch.objects.all()
            if row.state != "done"
        ]


def remote(sim, person, external_id, fields):
    return sim.graph("GET", external_id, token=person.access_token, fields=fields).json()


def test_launch_budget_creative_pause_archive_resume(connected):
    cast, sim, person = connected
    created = create(cast, objective="CONVERSIONS", end_date=(wall() + timedelta(days=9)).date())
    public = created.created_id
    act(cast, "launch_campaign", campaign_id=public, now=wall())
    assert drain(cast) == []
    campaign = fresh(cast, Campaign, public)
    assert campaign.status == "ACTIVE"
    assert campaign.launched_at is not None
    seen = remote(sim, person, campaign.external_id, "name,status,daily_budget")
    assert (seen["status"], seen["daily_budget"]) == ("ACTIVE", "5000")
    with tenant_tx(cast.tenant.id, readonly=True):
        assert SpendExposure.objects.get().running_micros == 87_500_000

    act(
        cast,
        "set_daily_budget",
        campaign_id=public,
        budget_micros=60 * MICROS,
        currency="USD",
        now=wall(),
    )
    assert drain(cast) == []
    assert remote(sim, person, campaign.external_id, "daily_budget")["daily_budget"] == "6000"
    assert fresh(cast, Campaign, public).budget_micros == 60 * MICROS

    act(
        cast,
        "update_campaign",
        campaign_id=public,
        name="Autumn",
        platforms=["facebook"],
        now=wall(),
    )
    act(
        cast,
        "set_schedule",
        campaign_id=public,
        now=wall(),
        end_date=(wall() + timedelta(days=20)).date().isoformat(),
    )
    assert drain(cast) == []
    renamed = fresh(cast, Campaign, public)
    assert (renamed.name, renamed.platforms) == ("Autumn", ["facebook"])

    targeting = {"locations": [{"type": "country", "value": "DE"}], "interests": []}
    made = act(
        cast, "create_ad_set", campaign_id=public, name="DE", targeting=targeting, now=wall()
    )
    assert drain(cast) == []
    ad_set = fresh(cast, AdSet, made.created_id)
    assert (ad_set.status, bool(ad_set.external_id)) == ("ACTIVE", True)

    creative = {"headline": "H", "primary_text": "T", "link_url": "https://acme.example/x"}
    ad = act(
        cast, "create_ad", ad_set_id=made.created_id, name="DE ad", creative=creative, now=wall()
    )
    assert drain(cast) == []
    act(
        cast,
        "push_creative",
        ad_id=ad.created_id,
        now=wall(),
        creative={**creative, "headline": "Better"},
    )
    act(
        cast,
        "set_targeting",
        ad_set_id=made.created_id,
        now=wall(),
        targeting={**targeting, "age_min": 30},
    )
    assert drain(cast) == []
    row = fresh(cast, Ad, ad.created_id)
    with tenant_tx(cast.tenant.id, readonly=True):
        assert Ad.objects.select_related("creative").get(pk=row.pk).creative.headline == "Better"

    act(cast, "archive_campaign", campaign_id=public, now=wall())
    assert drain(cast) == []
    assert fresh(cast, Campaign, public).status == "ARCHIVED"
    assert remote(sim, person, campaign.external_id, "status")["status"] == "PAUSED"
    act(cast, "resume_campaign", campaign_id=public, now=wall())
    assert drain(cast) == []
    assert fresh(cast, Campaign, public).status == "ACTIVE"
    assert remote(sim, person, campaign.external_id, "status")["status"] == "ACTIVE"


def test_approved_launch_reaches_the_platform(connected):
    cast, sim, person = connected
    set_modes(cast, structural="draft", tactical="draft")
    public = create(cast).created_id
    outcome = act(cast, "launch_campaign", campaign_id=public, now=wall())
    owner = cast.person(Role.OWNER)
    approvals.approve(outcome.pending_action_id, actor=owner, now=wall())
    services.set_policy(cast.test_business.id, actor=owner, now=wall(), undo_window_s=0)
    with tenant_tx(cast.tenant.id):
        Dispatch.objects.update(next_attempt_at=wall())
    assert drain(cast) == []
    assert fresh(cast, PendingAction, outcome.pending_action_id).status == "dispatched"
    campaign = fresh(cast, Campaign, public)
    assert (campaign.status, campaign.effective_status) == ("ACTIVE", "ACTIVE")

    change = act(
        cast,
        "set_daily_budget",
        campaign_id=public,
        budget_micros=70 * MICROS,
        currency="USD",
        now=wall(),
    )
    sim.edit(campaign.external_id, daily_budget=5500)
    row = approvals.approve(change.pending_action_id, actor=owner, now=wall())
    assert (row.status, row.current) == ("conflict", {"budget_micros": 55 * MICROS})
    again = approvals.propose_again(encode("pa", row.id), actor=owner, now=wall())
    assert approvals.approve(again.pending_action_id, actor=owner, now=wall()).status == "approved"
    assert drain(cast) == []
    seen = remote(sim, person, campaign.external_id, "daily_budget")
    assert seen["daily_budget"] == "7000"


def test_the_past_is_the_simulators(connected):
    from campaigns import sync
    from core.errors import InvalidError

    cast, sim, _person = connected
    soon = (wall() + timedelta(days=6)).date().isoformat()
    public = create(cast, end_date=(wall() + timedelta(days=5)).date()).created_id
    act(cast, "launch_campaign", campaign_id=public, now=wall())
    assert drain(cast) == []
    sim.advance(hours=240)
    with tenant_tx(cast.tenant.id, readonly=True):
        connection = Connection.objects.get()
    sync.sync_connection(connection.pk, now=wall())
    other = create(cast, name="Other", end_date=(wall() + timedelta(days=5)).date()).created_id
    for kind, target, more in (
        ("set_schedule", public, {"end_date": soon}),
        ("launch_campaign", other, {}),
    ):
        with pytest.raises(InvalidError) as caught:
            act(cast, kind, campaign_id=target, now=wall(), **more)
        assert caught.value.code == "schedule_in_past"
    late = (wall() + timedelta(days=15)).date().isoformat()
    assert not act(cast, "set_schedule", campaign_id=public, end_date=late, now=wall()).is_denied


def test_kill_switch_stops_delivery_and_restores_it(connected):
    cast, sim, person = connected
    public = create(cast).created_id
    act(cast, "launch_campaign", campaign_id=public, now=wall())
    assert drain(cast) == []
    external = fresh(cast, Campaign, public).external_id
    owner = cast.person(Role.OWNER)
    services.engage_kill_switch(cast.test_business.id, actor=owner, now=wall(), stop_delivery=True)
    assert drain(cast) == []
    assert remote(sim, person, external, "status")["status"] == "PAUSED"
    services.release_kill_switch(
        cast.test_business.id, actor=owner, now=wall(), restore_delivery=True
    )
    assert drain(cast) == []
    assert remote(sim, person, external, "status")["status"] == "ACTIVE"
    assert count(cast, PendingAction) == 0
