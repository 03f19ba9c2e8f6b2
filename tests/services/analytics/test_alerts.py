"""Alert rules over REST, and at work on facts."""

from datetime import date, timedelta

import orjson
import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent, Business, OutboxEvent, Tenant
from accounts.services.keys import create_key
from analytics import tasks
from analytics.models import Alert, AlertRule
from analytics.presenters.alerts import alert_json
from analytics.services import alerting
from campaigns.models import Campaign
from core.ids import decode, encode
from core.registry import ERASERS, Person
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from platforms.models import AdAccount, Connection
from tests.bars.threads import race
from tests.cast import NOW
from tests.services.analytics.stage import TODAY, set_stage

YESTERDAY = TODAY - timedelta(days=1)
SPEND = {"metric": "spend", "operator": "gt", "value": 50, "timeframe_hours": 24}
ROAS = {"metric": "roas", "operator": "lt", "value": 1, "timeframe_hours": 72}


@pytest.fixture
def call(client, acme):
    """A request of the agent: status and JSON."""

    def send(method, path, body=None, headers=None):
        answer = client.generic(
            method,
            f"/v1/analytics/{path}",
            data=b"" if body is None else orjson.dumps(body),
            content_type="application/json",
            headers={**acme.headers, **(headers or {})},
        )
        return answer.status_code, orjson.loads(answer.content) if answer.content else None

    return send


@pytest.fixture
def make(call, stage):
    """A new rule of the campaign, as stored."""

    def create(**body):
        status, doc = call(
            "POST", "alert-rules", {"name": "Watch", "campaign_id": stage.campaign_id, **body}
        )
        assert status == 201, doc
        return doc

    return create


def judge(cast, rule, at=NOW):
    return alerting.evaluate_alert_rule(cast.tenant.id, decode("alr", rule["id"]), now=at)


def read_at(cast, moment):
    with tenant_tx(cast.tenant.id):
        AdAccount.objects.update(synced_at=moment)


def alerts_of(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return list(Alert.objects.order_by("created_at", "id"))


def events_of(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = OutboxEvent.objects.filter(event_type__startswith="alert.")
        return list(rows.order_by("created_at", "id"))


def silent(cast):
    """That nobody was told anything."""
    return alerts_of(cast) == [] and events_of(cast) == []


def steady(stage, days=60, since=1, **said):
    """The same delivery on many days that end `since` days ago."""
    stage.deliver_all([{"ago": ago, **said} for ago in range(since, since + days)])


def run(cast):
    with tenant_tx(cast.tenant.id):
        Campaign.objects.update(status="ACTIVE")


def test_spend_is_told_while_the_day_runs_and_once(make, call, stage, acme):
    stage.deliver(ago=0, spend_micros=50_000_000)
    rule = make(condition=SPEND)
    assert judge(acme, rule) == {"no_data": 1, "not_matched": 1}
    assert silent(acme)
    stage.deliver(ago=0, ad=1, spend_micros=10_000)
    assert judge(acme, rule) == {"no_data": 1, "alerted": 1}
    assert judge(acme, rule) == {"no_data": 1, "told_already": 1}
    [alert], [event] = alerts_of(acme), events_of(acme)
    assert (alert.event_type, alert.direction, alert.day) == ("alert.spend", "above", TODAY)
    status, doc = call("GET", "alerts")
    assert (status, doc["pagination"]["total"]) == (200, 1)
    [shown] = doc["data"]
    assert event.payload == shown
    assert (event.event_type, event.target_id) == ("alert.spend", stage.campaign_id)
    assert (event.environment, event.business_id) == ("test", acme.test_business.pk)
    assert shown["evidence"]["spend"] == 50.01
    assert shown["evidence"]["threshold"] == 50
    assert shown["message"] == ("Spend on 2026-11-21: $50.01, above the limit of $50.00.")
    assert call("GET", f"alert-rules/{rule['id']}")[1]["last_result"] == {
        "no_data": 1,
        "told_already": 1,
    }


def test_what_was_counted_around_midnight_is_told_the_day_after(make, stage, acme):
    stage.deliver(ago=1, spend_micros=60_000_000)
    stage.deliver(ago=0, spend_micros=1_000_000)
    assert judge(acme, make(condition=SPEND)) == {"alerted": 1, "not_matched": 1}
    assert [alert.day for alert in alerts_of(acme)] == [YESTERDAY]


def test_one_cause_alerts_once_and_again_after_a_rest(make, stage, acme):
    """Days above the limit in a row are one cause; after a rest of two days without it, another."""
    rule = make(condition=SPEND, cooldown_hours=48)
    told = []
    for number, spent in enumerate([60, 70, 10, 10, 80, 10, 10, 10, 90]):
        day = TODAY + timedelta(days=number)
        stage.deliver(day=day, spend_micros=spent * 1_000_000)
        moment = NOW + timedelta(days=number)
        read_at(acme, moment)
        judge(acme, rule, moment)
        told.append(len(alerts_of(acme)))
    assert told == [1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert len(events_of(acme)) == 3


def test_a_row_of_the_same_day_is_refused_by_the_database(make, stage, acme):
    stage.deliver(spend_micros=60_000_000)
    rule = make(condition=SPEND)
    judge(acme, rule)
    [alert] = alerts_of(acme)
    alert.pk = None
    alert._state.adding = True
    alert.id = Alert._meta.pk.get_default()
    with pytest.raises(IntegrityError), tenant_tx(acme.tenant.id), transaction.atomic():
        alert.save(force_insert=True)
    assert len(alerts_of(acme)) == 1


@pytest.mark.bar
def test_two_beats_at_once_tell_once(acme_committed, client):
    cast = acme_committed
    stage = set_stage(cast)
    stage.deliver(spend_micros=60_000_000)
    answer = client.post(
        "/v1/analytics/alert-rules",
        data=orjson.dumps({"name": "W", "campaign_id": stage.campaign_id, "condition": SPEND}),
        content_type="application/json",
        headers=cast.headers,
    )
    found = race(8, lambda _number: judge(cast, answer.json()))
    told = sum(one.get("alerted", 0) for one in found)
    print(f"BAR AL3 8 beats at once, {told} alert, {len(events_of(cast))} event")
    assert told == 1
    assert (len(alerts_of(cast)), len(events_of(cast))) == (1, 1)


def test_late_conversions_get_a_week_before_a_roas_is_called_low(make, stage, acme):
    low = {"conversions": 100, "clicks": 200, "conversion_value_micros": 1_000_000}
    for ago in range(1, 8):
        stage.deliver(ago=ago, **low)
    rule = make(condition=ROAS)
    assert judge(acme, rule) == {"no_data": 1}
    assert silent(acme)
    for ago in (8, 9, 10):
        stage.deliver(ago=ago, **low)
    assert judge(acme, rule) == {"alerted": 1}
    [alert] = alerts_of(acme)
    assert (alert.day, alert.event_type) == (TODAY - timedelta(days=8), "alert.performance")
    assert alert_json(alert)["message"] == (
        "Return on ad spend from 2026-11-11 to 2026-11-13: 0.10, below the limit of 1.00."
    )


def test_a_day_is_judged_six_hours_after_its_end(make, stage, acme):
    ctr = {"metric": "ctr", "operator": "lt", "value": 1, "timeframe_hours": 24}
    stage.deliver(ago=1, impressions=9000, clicks=9)
    rule = make(condition=ctr)
    at_five = NOW.replace(hour=5)
    read_at(acme, at_five)
    assert judge(acme, rule, at_five) == {"no_data": 1}
    read_at(acme, NOW.replace(hour=6))
    assert judge(acme, rule, NOW.replace(hour=6)) == {"alerted": 1}


def test_days_are_those_of_the_ad_accounts_zone(make, stage, acme):
    with tenant_tx(acme.tenant.id):
        AdAccount.objects.update(timezone="Pacific/Kiritimati")  # 02:00 of the 22nd
    stage.deliver(day=TODAY, spend_micros=60_000_000)
    stage.deliver(day=TODAY + timedelta(days=1), spend_micros=1)
    assert judge(acme, make(condition=SPEND)) == {"alerted": 1, "not_matched": 1}
    assert [alert.day for alert in alerts_of(acme)] == [TODAY]


def test_what_was_not_read_is_not_judged(make, stage, acme):
    stage.deliver(spend_micros=60_000_000)
    rule = make(condition=SPEND)
    for moment in (None, NOW - timedelta(days=5)):
        read_at(acme, moment)
        assert judge(acme, rule) == {"facts_not_read": 1}
    assert silent(acme)


def test_an_account_that_was_disconnected_holds_nothing_up(call, stage, acme):
    """Its days are left out with it: neither a threshold nor a fall that it makes."""
    with tenant_tx(acme.tenant.id):
        gone = Connection.objects.create(
            tenant_id=acme.tenant.id,
            business=acme.test_business,
            platform="tiktok",
            environment="test",
            status="disconnected",
            created_at=NOW,
        )
    stage.deliver(spend_micros=60_000_000)
    other = set_stage(acme, name="Winter", synced_at=NOW - timedelta(days=9))
    other.deliver(ago=9, spend_micros=900_000_000)
    body = {"name": "All", "business_id": encode("biz", acme.test_business.pk), "condition": SPEND}
    rule = call("POST", "alert-rules", body)[1]
    assert judge(acme, rule) == {"facts_not_read": 1}
    with tenant_tx(acme.tenant.id):
        AdAccount.objects.filter(pk=other.account.pk).update(connection=gone)
    assert judge(acme, rule) == {"no_data": 1, "alerted": 1}
    assert alerts_of(acme)[0].evidence["spend"] == 60


def test_amounts_of_another_currency_are_left_out(call, stage, acme):
    stage.deliver(spend_micros=30_000_000)
    stage.deliver(ad=1, spend_micros=900_000_000, currency="JPY")
    set_stage(acme, name="Winter").deliver(spend_micros=19_000_000)
    body = {"name": "All", "business_id": encode("biz", acme.test_business.pk)}
    rule = call("POST", "alert-rules", {**body, "condition": SPEND})[1]
    assert (rule["currency"], rule["campaign_id"]) == ("USD", None)
    assert judge(acme, rule) == {"no_data": 1, "not_matched": 1}
    assert silent(acme)
    low = call("POST", "alert-rules", {**body, "condition": {**SPEND, "value": 48}})[1]
    assert judge(acme, low) == {"no_data": 1, "alerted": 1}
    assert alerts_of(acme)[0].evidence["spend"] == 49


def test_an_unusual_day_is_told_with_what_was_usual(make, call, stage, acme):
    run(acme)
    steady(stage, since=2, impressions=10_000, clicks=200)
    stage.deliver(ago=1, impressions=10_000, clicks=80)
    rule = make(anomaly={"metric": "clicks", "direction": "both"})
    assert judge(acme, rule) == {"not_matched": 1, "alerted": 1}
    [shown] = call("GET", "alerts")[1]["data"]
    assert (shown["type"], shown["kind"], shown["direction"]) == (
        "alert.performance",
        "anomaly",
        "below",
    )
    assert (shown["day"], shown["evidence"]["value"]) == ("2026-11-20", 80)
    expected = shown["evidence"]["expected"]
    assert (expected["value"], expected["days"]) == (200, 56)
    assert 80 < expected["low"] < 200 < expected["high"]
    assert shown["message"] == "Clicks on 2026-11-20: 80, where 200 is usual for the weekday."
    assert judge(acme, rule) == {"not_matched": 1, "told_already": 1}


def test_a_usual_weekend_is_no_anomaly(make, stage, acme):
    """2026-11-15 was a Sunday; weekends bring a tenth."""
    run(acme)
    days = [NOW.date() - timedelta(days=ago) for ago in range(6, 66)]
    stage.deliver_all([{"day": one, "clicks": 30 if one.weekday() > 4 else 300} for one in days])
    moment = NOW - timedelta(days=5)
    read_at(acme, moment)
    rule = make(anomaly={"metric": "clicks"})
    assert judge(acme, rule, moment) == {"not_matched": 2}
    assert silent(acme)


def test_fewer_conversions_are_told_only_when_they_are_final(make, stage, acme):
    run(acme)
    steady(stage, days=110, since=2, clicks=500, conversions=60)
    stage.deliver(ago=1, clicks=500, conversions=2)
    rule = make(anomaly={"metric": "conversions", "direction": "below"})
    assert judge(acme, rule) == {"not_matched": 1}
    assert silent(acme)
    stage.deliver(ago=29, clicks=500, conversions=2)
    assert judge(acme, rule) == {"alerted": 1}
    assert [alert.day for alert in alerts_of(acme)] == [TODAY - timedelta(days=29)]


def test_little_evidence_and_a_stopped_campaign_alert_nobody(make, stage, acme):
    steady(stage, since=2, clicks=5)
    stage.deliver(ago=1, clicks=0)
    rule = make(anomaly={"metric": "clicks", "direction": "below"})
    assert judge(acme, rule) == {"not_running": 1}
    run(acme)
    assert judge(acme, rule) == {"sample_too_small": 1}
    young = make(anomaly={"metric": "spend"})
    with tenant_tx(acme.tenant.id):
        MetricFact.objects.filter(day__lt=TODAY - timedelta(days=20)).delete()
    assert judge(acme, young) == {"sample_too_small": 2}
    assert silent(acme)


def test_nothing_is_judged_for_the_suspended_and_the_archived(make, stage, acme):
    stage.deliver(spend_micros=60_000_000)
    rule = make(condition=SPEND)
    Tenant.objects.filter(pk=acme.tenant.id).update(is_suspended=True)
    assert judge(acme, rule) == {}
    Tenant.objects.filter(pk=acme.tenant.id).update(is_suspended=False)
    with tenant_tx(acme.tenant.id):
        Business.objects.filter(pk=acme.test_business.pk).update(is_archived=True)
    assert judge(acme, rule) == {}
    assert silent(acme)
    with tenant_tx(acme.tenant.id):
        Business.objects.filter(pk=acme.test_business.pk).update(is_archived=False)
    assert judge(acme, rule)["alerted"] == 1


def test_due_rules_are_judged_by_the_task_and_then_wait(make, stage, acme, monkeypatch):
    stage.deliver(spend_micros=60_000_000)
    rule = make(condition=SPEND)
    key = decode("alr", rule["id"])
    monkeypatch.setattr("core.clock.now", lambda: NOW)
    assert alerting.due_alert_rules(NOW) == [(acme.tenant.id, key)]
    tasks.judge_alert_rule(tenant_id=str(acme.tenant.id), rule_id=str(key))
    assert len(alerts_of(acme)) == 1
    assert alerting.due_alert_rules(NOW + timedelta(minutes=14)) == []
    assert alerting.due_alert_rules(NOW + timedelta(minutes=15)) == [(acme.tenant.id, key)]


def test_a_rule_is_made_changed_and_removed_with_its_audit(make, call, stage, acme):
    stage.deliver(spend_micros=60_000_000)
    rule = make(condition=SPEND)
    assert rule["condition"] == {
        **SPEND,
        "certainty": 90,
        "minimum_impressions": 0,
        "minimum_clicks": 0,
    }
    assert (rule["anomaly"], rule["cooldown_hours"], rule["active"]) == (None, 168, True)
    judge(acme, rule)
    path = f"alert-rules/{rule['id']}"
    assert call("PATCH", path, {"condition": {"value": 55}})[1]["condition"]["value"] == 55
    with tenant_tx(acme.tenant.id, readonly=True):
        assert AlertRule.objects.get().held == {}
    status, doc = call("PATCH", path, {"active": False, "name": "Off"})
    assert (status, doc["active"], doc["name"]) == (200, False, "Off")
    assert judge(acme, rule) == {}
    assert call("GET", "alert-rules")[1]["data"] == [doc]
    assert call("DELETE", path) == (204, None)
    assert call("GET", path)[0] == 404
    [kept] = call("GET", "alerts")[1]["data"]
    assert (kept["rule_id"], kept["rule_name"]) == (None, "Watch")
    with tenant_tx(acme.tenant.id, readonly=True):
        kinds = AuditEvent.objects.filter(event_type__startswith="alert_rule.")
        assert [row.event_type for row in kinds.order_by("chain_seq")] == [
            "alert_rule.created",
            "alert_rule.updated",
            "alert_rule.updated",
            "alert_rule.deleted",
        ]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "validation_error", "condition"),
        ({"condition": SPEND, "anomaly": {"metric": "ctr"}}, "contradictory_fields", "anomaly"),
        ({"anomaly": {"metric": "roas"}}, "validation_error", "anomaly.metric"),
        ({"anomaly": {"metric": "ctr", "minimum_change": 9}}, "validation_error", None),
        ({"condition": {**SPEND, "timeframe_hours": 36}}, "validation_error", None),
        ({"condition": SPEND, "cooldown_hours": 25}, "validation_error", "cooldown_hours"),
        ({"condition": SPEND, "colour": "red"}, "validation_error", "colour"),
    ],
)
def test_bad_rules_are_refused_with_the_field(call, stage, acme, body, code, field):
    named = {"name": "Bad", "campaign_id": stage.campaign_id}
    status, doc = call("POST", "alert-rules", {**named, **body})
    assert (status, doc["error"]["code"]) == (422, code), doc
    if field:
        assert doc["error"]["details"]["field"] == field
    with tenant_tx(acme.tenant.id, readonly=True):
        assert (AlertRule.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_the_other_kinds_part_cannot_be_changed(make, call, acme):
    rule = make(anomaly={"metric": "ctr"})
    status, doc = call("PATCH", f"alert-rules/{rule['id']}", {"condition": {"value": 1}})
    assert (status, doc["error"]["code"]) == (422, "contradictory_fields")
    assert call("GET", f"alert-rules/{rule['id']}")[1] == rule


def test_a_reading_key_makes_no_rule(call, stage, acme):
    with tenant_tx(acme.tenant.id):
        _key, token = create_key(
            tenant_id=acme.tenant.id,
            user_id=acme.key.user_id,
            name="reader",
            environment="test",
            scopes=["metrics:read"],
            root="user_x",
            now=NOW,
        )
    body = {"name": "Watch", "campaign_id": stage.campaign_id, "condition": SPEND}
    header = {"Authorization": f"Bearer {token}"}
    status, doc = call("POST", "alert-rules", body, header)
    assert (status, doc["error"]["code"]) == (403, "insufficient_scope")
    assert call("GET", "alerts", headers=header)[0] == 200
    with tenant_tx(acme.tenant.id, readonly=True):
        assert AlertRule.objects.count() == 0


def test_erasure_takes_a_person_out_of_the_names(make, stage, acme):
    stage.deliver(spend_micros=60_000_000)
    rule = make(name="Call Ada Lovelace", condition=SPEND)
    judge(acme, rule)
    person = Person(acme.key.user_id, "user_x", frozenset({"ada lovelace"}))
    with tenant_tx(acme.tenant.id):
        assert ERASERS["analytics"](person) == 2
        assert AlertRule.objects.get().name == Alert.objects.get().rule_name == "Alert rule"


def test_dates_in_the_future_of_a_zone_do_not_move_a_rule_backwards(make, stage, acme):
    stage.deliver(spend_micros=60_000_000)
    rule = make(condition=SPEND)
    judge(acme, rule)
    read_at(acme, NOW - timedelta(days=1))
    judge(acme, rule)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert AlertRule.objects.get().held == {"above": date(2026, 11, 21).isoformat()}
    assert len(alerts_of(acme)) == 1
