"""gateway.submit: local, dispatched, queued, denied; each leaves its Verdict."""

import pytest
from django.db import connection

from accounts.models import AuditEvent, OutboxEvent, Verdict
from campaigns.models import Ad, AdSet, Campaign, Dispatch, DispatchStep, PendingAction
from core.actors import Role
from core.errors import ConflictError, InvalidError, NotFoundError
from core.tenancy import tenant_tx
from tests.services.campaigns.stage import (
    MICROS,
    act,
    camp_id,
    connect,
    count,
    create,
    fresh,
    running,
    set_modes,
)


@pytest.fixture
def account(acme):
    return connect(acme)


def test_create_campaign_applies_locally_whatever_the_axes(acme):
    set_modes(acme, structural="off")
    outcome = create(acme)
    campaign = fresh(acme, Campaign, outcome.created_id)
    assert (outcome.status, outcome.reason) == ("applied", "local")
    assert (campaign.status, campaign.budget_micros, campaign.external_id) == (
        "DRAFT",
        50 * MICROS,
        "",
    )
    assert count(acme, Verdict, decision="allow") == 1
    assert count(acme, OutboxEvent, event_type="campaign.created") == 1
    assert count(acme, AuditEvent, event_type="ads.write.applied") == 1


def test_local_edit_applies_at_once_and_unchanged_values_drop_out(acme):
    created = create(acme)
    outcome = act(
        acme,
        "update_campaign",
        campaign_id=created.created_id,
        name="Autumn",
        budget_micros=50 * MICROS,
    )
    assert (outcome.before, outcome.after) == ({"name": "Summer"}, {"name": "Autumn"})
    assert fresh(acme, Campaign, created.created_id).name == "Autumn"


def test_launch_of_an_empty_campaign_plans_one_ad_set_and_one_ad(acme, account):
    created = create(acme)
    outcome = act(acme, "launch_campaign", campaign_id=created.created_id)
    assert outcome.status == "dispatching"
    with tenant_tx(acme.tenant.id):
        steps = list(DispatchStep.objects.order_by("seq").values_list("kind", "object_type"))
        ad_set, ad = AdSet.objects.get(), Ad.objects.select_related("creative").get()
    assert steps == [
        ("create_campaign", "campaign"),
        ("create_ad_set", "ad_set"),
        ("create_creative", "creative"),
        ("create_ad", "ad"),
        ("set_status", "ad"),
        ("set_status", "ad_set"),
        ("set_status", "campaign"),
    ]
    assert ad_set.targeting["locations"] == [{"type": "country", "value": "US"}]
    assert (ad.creative.primary_text, ad.creative.link_url) == (
        "Books made easy",
        "https://acme.example/start",
    )
    assert fresh(acme, Campaign, created.created_id).effective_status == "LAUNCHING"


def test_launch_twice_is_one_dispatch(acme, account):
    created = create(acme)
    first = act(acme, "launch_campaign", campaign_id=created.created_id)
    second = act(
        acme, "launch_campaign", actor=acme.person(Role.BUYER), campaign_id=created.created_id
    )
    assert (second.job_id, second.duplicate) == (first.job_id, True)
    assert count(acme, Dispatch) == 1


def test_launch_in_draft_waits_and_makes_no_rows(acme, account):
    set_modes(acme, structural="draft")
    created = create(acme)
    outcome = act(acme, "launch_campaign", campaign_id=created.created_id)
    assert outcome.status == "pending_approval"
    assert (count(acme, Dispatch), count(acme, AdSet), count(acme, PendingAction)) == (0, 0, 1)
    assert fresh(acme, Campaign, created.created_id).effective_status == "PENDING_APPROVAL"
    again = act(acme, "launch_campaign", campaign_id=created.created_id)
    assert (again.pending_action_id, again.duplicate) == (outcome.pending_action_id, True)
    assert count(acme, PendingAction) == 1


def test_axis_off_denies_and_nothing_happens(acme, account):
    set_modes(acme, tactical="off")
    campaign = running(acme, account)
    outcome = act(
        acme,
        "set_daily_budget",
        campaign_id=camp_id(campaign),
        budget_micros=60 * MICROS,
        currency="USD",
    )
    assert (outcome.status, outcome.reason) == ("denied", "authority_axis_off")
    assert (count(acme, Dispatch), count(acme, PendingAction)) == (0, 0)
    assert fresh(acme, Campaign, campaign.id).budget_micros == 50 * MICROS
    assert count(acme, Verdict, decision="deny") == 1
    assert count(acme, OutboxEvent, event_type="ads.write.denied") == 1
    assert count(acme, AuditEvent, event_type="ads.write.denied") == 1


def test_budget_change_of_a_running_campaign_is_dispatched_with_what_it_expects(acme, account):
    campaign = running(acme, account)
    outcome = act(
        acme,
        "set_daily_budget",
        campaign_id=camp_id(campaign),
        budget_micros=60 * MICROS,
        currency="USD",
    )
    assert outcome.status == "dispatching"
    with tenant_tx(acme.tenant.id):
        dispatch, step = Dispatch.objects.get(), DispatchStep.objects.get()
    assert dispatch.expects["values"] == {"budget_type": "daily", "budget_micros": 50 * MICROS}
    assert step.params == {
        "budget_type": "daily",
        "budget_micros": 60 * MICROS,
        "currency": "USD",
    }
    assert step.apply == {"budget_micros": 60 * MICROS}
    assert fresh(acme, Campaign, campaign.id).budget_micros == 50 * MICROS


def test_update_takes_the_strictest_axis_of_its_fields(acme, account):
    set_modes(acme, structural="draft")
    campaign = running(acme, account)
    outcome = act(
        acme,
        "update_campaign",
        campaign_id=camp_id(campaign),
        name="New",
        budget_micros=60 * MICROS,
    )
    assert (outcome.status, outcome.axes) == ("pending_approval", ["structural", "tactical"])


def test_person_is_not_bound_by_modes_but_by_role(acme, account):
    set_modes(acme, structural="off", tactical="off", creative="off")
    campaign = running(acme, account)
    buyer = act(
        acme, "pause_campaign", actor=acme.person(Role.BUYER), campaign_id=camp_id(campaign)
    )
    analyst = act(
        acme, "resume_campaign", actor=acme.person(Role.ANALYST), campaign_id=camp_id(campaign)
    )
    assert buyer.status == "dispatching"
    assert (analyst.status, analyst.reason) == ("denied", "policy_refused")


def test_launched_campaign_refuses_what_is_fixed(acme, account):
    campaign = running(acme, account)
    with pytest.raises(InvalidError) as caught:
        act(acme, "update_campaign", campaign_id=camp_id(campaign), objective="LEADS")
    assert (caught.value.code, caught.value.details["field"]) == (
        "fixed_after_launch",
        "objective",
    )
    assert count(acme, Verdict) == 0


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"budget_micros": 9 * MICROS}, "campaign_budget_too_low", "budget_micros"),
        ({"end_date": "2026-11-01"}, "schedule_in_past", "end_date"),
        ({"currency": "EUR"}, "currency_mismatch", "currency"),
        ({"target_location": "Atlantis"}, "target_location_unknown", "target_location"),
    ],
)
def test_update_refuses_and_names_the_field(acme, fields, code, field):
    created = create(acme)
    with pytest.raises(InvalidError) as caught:
        act(acme, "update_campaign", campaign_id=created.created_id, **fields)
    assert (caught.value.code, caught.value.details["field"]) == (code, field)


def test_launch_without_an_account_says_what_to_do(acme):
    created = create(acme)
    with pytest.raises(InvalidError) as caught:
        act(acme, "launch_campaign", campaign_id=created.created_id)
    assert caught.value.code == "platform_not_connected"


@pytest.mark.parametrize("mode", ["auto", "draft"])
def test_launch_refuses_an_objective_the_platform_cannot_carry_out(acme, account, mode):
    set_modes(acme, structural=mode)
    created = create(acme, objective="APP_INSTALLS")
    written = (count(acme, Verdict), count(acme, OutboxEvent), count(acme, AuditEvent))
    with pytest.raises(InvalidError) as caught:
        act(acme, "launch_campaign", campaign_id=created.created_id)
    choices = ["CONVERSIONS", "TRAFFIC", "AWARENESS", "ENGAGEMENT", "LEADS"]
    assert (caught.value.status, caught.value.code) == (422, "objective_not_available")
    assert caught.value.details == {"field": "objective", "choices": choices}
    assert all(word in caught.value.hint for word in choices)
    assert fresh(acme, Campaign, created.created_id).effective_status != "LAUNCHING"
    rows = [count(acme, model) for model in (AdSet, Ad, Dispatch, DispatchStep, PendingAction)]
    assert rows == [0, 0, 0, 0, 0]
    assert (count(acme, Verdict), count(acme, OutboxEvent), count(acme, AuditEvent)) == written


def test_rival_cannot_touch(acme, rival, account):
    campaign = running(acme, account)
    with pytest.raises(NotFoundError):
        act(rival, "pause_campaign", campaign_id=camp_id(campaign))
    assert count(acme, Dispatch) == 0


def test_free_plan_holds_three_campaigns(acme):
    outcomes = [create(acme, name=f"C{n}") for n in range(4)]
    assert [o.status for o in outcomes] == ["applied", "applied", "applied", "denied"]
    assert (outcomes[3].reason, outcomes[3].detail) == ("plan_limit_reached", "standard")
    assert count(acme, Campaign) == 3


def test_archive_pauses_remotely_and_resume_brings_back(acme, account):
    campaign = running(acme, account)
    outcome = act(acme, "archive_campaign", campaign_id=camp_id(campaign))
    with tenant_tx(acme.tenant.id):
        step = DispatchStep.objects.get()
    assert outcome.status == "dispatching"
    assert (step.params, step.apply["status"]) == ({"status": "PAUSED"}, "ARCHIVED")


def test_pause_of_a_draft_campaign_is_refused(acme):
    created = create(acme)
    with pytest.raises(ConflictError) as caught:
        act(acme, "pause_campaign", campaign_id=created.created_id)
    assert caught.value.code == "not_launched"


def test_keyed_submit_replays(acme):
    from campaigns.commands import CreateCampaign
    from campaigns.gateway import submit
    from core.ids import encode
    from tests.cast import NOW

    command = CreateCampaign(
        business_id=encode("biz", acme.test_business.id),
        name="K",
        objective="TRAFFIC",
        budget_micros=20 * MICROS,
        currency="USD",
    )
    first = submit(command, actor=acme.agent, now=NOW, idempotency_key="k-1")
    second = submit(command, actor=acme.agent, now=NOW, idempotency_key="k-1")
    assert (second.created_id, second.replayed) == (first.created_id, True)
    assert count(acme, Campaign) == 1


def test_new_creative_on_a_running_ad_is_a_new_row(acme, account):
    campaign = running(acme, account)
    with tenant_tx(acme.tenant.id):
        ad = Ad.objects.get()
    from core.ids import encode

    outcome = act(
        acme,
        "push_creative",
        ad_id=encode("ad", ad.id),
        creative={"headline": "New", "primary_text": "T", "link_url": "https://acme.example/"},
    )
    with tenant_tx(acme.tenant.id):
        kinds = list(DispatchStep.objects.order_by("seq").values_list("kind", flat=True))
        dispatch = Dispatch.objects.get()
    assert outcome.status == "dispatching"
    assert kinds == ["create_creative", "update"]
    assert dispatch.expects["values"] == {"creative_external_id": "120004"}
    assert dispatch.campaign_id == campaign.id


def test_gated_write_stays_within_its_statements(acme, account, django_assert_max_num_queries):
    set_modes(acme, tactical="draft")
    campaign = running(acme, account)
    payload = {"campaign_id": camp_id(campaign), "currency": "USD"}
    act(acme, "set_daily_budget", **payload, budget_micros=55 * MICROS)
    with django_assert_max_num_queries(20) as captured:
        outcome = act(acme, "set_daily_budget", **payload, budget_micros=60 * MICROS)
    assert outcome.status == "pending_approval"
    around = ("SAVEPOINT", "RELEASE", "SELECT set_config")
    statements = [q["sql"] for q in captured if not q["sql"].startswith(around)]
    print(f"BAR gated-write statements={len(statements)}")
    assert len(statements) == (7 if connection.vendor == "postgresql" else 11)
