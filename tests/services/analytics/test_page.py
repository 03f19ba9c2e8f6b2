"""The analytics page: the API's own figures, and every state it can be in."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from accounts.models import AuditEvent, Business, Membership
from analytics.models import Alert, AlertRule, Report
from analytics.services import reports
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.analytics.stage import TODAY, set_stage

RANGE = "date_from=2026-11-01&date_to=2026-11-21"
TILE = re.compile(r'data-currency="(\w+)" data-metric="(\w+)" data-value="([^"]*)">([^<]*)<')
POINT = re.compile(r'data-point="([\d-]+)" data-value="([^"]*)"')
CELL = re.compile(r'data-campaign="(\w+)" data-metric="(\w+)" data-value="([^"]*)"')


@pytest.fixture
def show(acme):
    """GET of the page as a person: status and text."""

    def call(query="", role=Role.ANALYST, **headers):
        client = Client(headers=headers)
        client.force_login(acme.people[role], backend="accounts.backends.PersonBackend")
        answer = client.get(f"/analytics/?{query}")
        return answer.status_code, unescape(answer.content.decode())

    return call


@pytest.fixture
def ask(acme):
    """POST of the form for a report."""

    def call(role=Role.ANALYST, **said):
        client = Client()
        client.force_login(acme.people[role], backend="accounts.backends.PersonBackend")
        body = {"format": "csv", "interval": "daily", "breakdown": "campaign", **said}
        return client.post("/analytics/reports/", body, follow=False), client

    return call


def number(text):
    return None if text == "" else float(text)


def business_of(acme):
    return f"business_id={encode('biz', acme.test_business.pk)}"


def test_figures_are_those_of_the_api(show, get, stage, acme):
    stage.deliver(ago=1, conversions=3, conversion_value_micros=45_500_000)
    stage.deliver(ago=2, on="instagram", clicks=7)
    stage.deliver(ago=25, clicks=50)
    yen = set_stage(acme, currency="JPY", name="Winter")
    yen.deliver(ago=3, spend_micros=5_000_000_000)
    status, text = show(f"{RANGE}&{business_of(acme)}")
    assert status == 200
    api = get(f"overview?{RANGE}&compare=previous")[1]
    for one in api["by_currency"]:
        page = {
            name: number(value)
            for currency, name, value, _text in TILE.findall(text)
            if currency == one["currency"]
        }
        assert len(page) == 8
        assert page == {name: one["metrics"][name] for name in page}
    series = get(f"time-series?{RANGE}&metrics=spend")[1]["data"]
    points = [(point["date"], point["spend"]) for one in series for point in one["points"]]
    assert [(day, number(value)) for day, value in POINT.findall(text)] == points
    by_campaign = get(f"time-series?{RANGE}&breakdown=campaign")[1]["data"]
    rows = {(one["key"], name): one["metrics"][name] for one in by_campaign for name in page}
    assert {(key, name): number(value) for key, name, value in CELL.findall(text)} == rows
    assert "$20.00" in text
    assert "¥5,000" in text
    assert "+100.0 %" in text  # spend against 10.00 in the days before


def test_lines_of_a_chart_end_where_the_axis_says(show, stage, acme):
    stage.deliver_all([{"ago": ago, "spend_micros": 40_000_000} for ago in range(21)])
    text = show(f"{RANGE}&{business_of(acme)}")[1]
    [path] = re.findall(r'<path d="([^"]+)" fill="none"', text.split('id="chart-USD-title"')[1])
    heights = {piece.split(" ")[1] for piece in path[1:].split(" L")}
    assert (len(path.split(" L")), heights) == (21, {"12.0"})
    assert 'role="img" aria-labelledby="chart-USD-title chart-USD-text"' in text
    assert "$40.00" in text
    assert " style=" not in text
    assert "<script>" not in text


def test_states_without_numbers_say_what_to_do(show, acme):
    status, text = show(business_of(acme))
    assert (status, "No ad account yet" in text) == (200, True)
    assert "No alerts." in text
    assert "No reports are kept." in text
    set_stage(acme)
    assert "Nothing was delivered in this range" in show(business_of(acme))[1]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("date_from=2026-11-20&date_to=2026-11-01", "date_from: 2026-11-20 is after 2026-11-01."),
        ("date_from=yesterday", "date_from: a date as YYYY-MM-DD is needed."),
        ("date_from=2026-02-30", "date_from: a date as YYYY-MM-DD is needed."),
    ],
)
def test_a_bad_range_is_named_and_the_last_month_is_shown(show, stage, acme, query, said):
    status, text = show(f"{query}&{business_of(acme)}")
    assert status == 422
    assert said in text
    assert "2026-10-23" in text


def test_without_a_business_live_and_test_stay_apart(show, stage, acme):
    stage.deliver(ago=1)
    assert "$10.00" not in show(RANGE)[1]
    text = show(f"{RANGE}&environment=test")[1]
    assert "$10.00" in text
    with tenant_tx(acme.tenant.id):
        Business.objects.filter(pk=acme.live_business.pk).update(is_archived=True)
    assert "$10.00" in show(RANGE)[1]


def test_foreign_and_withheld_businesses_are_not_found(show, stage, acme, rival):
    stage.deliver(ago=1)
    assert show(f"business_id={encode('biz', rival.test_business.pk)}")[0] == 404
    with tenant_tx(acme.tenant.id):
        Membership.objects.filter(user=acme.people[Role.ANALYST]).update(
            business_ids=[str(acme.live_business.pk)]
        )
    status, text = show(f"{business_of(acme)}&{RANGE}")
    assert (status, "$10.00" in text) == (404, False)
    assert "$10.00" not in show(f"{RANGE}&environment=test")[1]


def test_a_visitor_is_sent_to_sign_in(db):
    answer = Client().get("/analytics/")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_alerts_are_shown_with_their_campaign(show, stage, acme):
    with tenant_tx(acme.tenant.id):
        alert = Alert.objects.create(
            tenant_id=acme.tenant.id,
            business=acme.test_business,
            environment="test",
            campaign=stage.campaign,
            rule_name="Watch <b>",
            event_type="alert.spend",
            kind="threshold",
            metric="spend",
            direction="above",
            day=TODAY,
            evidence={
                "value": 60,
                "threshold": 50,
                "currency": "USD",
                "from": "2026-11-21",
                "to": "2026-11-21",
            },
            created_at=NOW,
        )
    client = Client()
    client.force_login(acme.people[Role.ANALYST], backend="accounts.backends.PersonBackend")
    text = client.get("/analytics/").content.decode()
    assert encode("alert", alert.pk) in text
    assert "Spend on 2026-11-21: $60.00, above the limit of $50.00." in text
    assert "Watch &lt;b&gt;" in text
    assert f"/campaigns/{stage.campaign_id}/" in text


def test_a_report_is_asked_for_shown_being_made_and_offered(ask, show, stage, acme):
    stage.deliver(ago=1)
    said = {"date_from": "2026-11-14", "date_to": "2026-11-21"}
    answer, client = ask(business_id=encode("biz", acme.test_business.pk), **said)
    assert answer.status_code == 303
    assert "date_from=2026-11-14" in answer["Location"]
    with tenant_tx(acme.tenant.id, readonly=True):
        [row] = Report.objects.all()
        assert AuditEvent.objects.filter(event_type="report.requested").count() == 1
    assert (row.params["breakdown"], row.environment) == ("campaign", "test")
    assert row.business_id == acme.test_business.pk
    status, text = show(**{"HX-Request": "true", "HX-Target": "reports"})
    assert status == 200
    assert text.lstrip().startswith('<section class="panel" id="reports"')
    assert "being made" in text
    assert 'hx-trigger="every 3s"' in text
    assert reports.make(acme.tenant.id, row.pk, now=NOW)
    text = show()[1]
    assert "every 3s" not in text
    [link] = re.findall(r'href="http[^/]*//[^/]+(/analytics/reports/[^"]+)"', text)
    file = client.get(link)
    assert (file.status_code, file["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert "Summer" in file.content.decode()


def test_what_cannot_be_asked_for_is_told_and_nothing_is_made(ask, acme):
    answer, client = ask(format="docx")
    assert answer.status_code == 303
    page = client.get(answer["Location"].split("#")[0]).content.decode()
    assert "Choose format, rows and breakdown of the report." in page
    with tenant_tx(acme.tenant.id):
        Membership.objects.filter(user=acme.people[Role.ANALYST]).update(
            business_ids=[str(acme.live_business.pk)]
        )
    answer, client = ask()
    page = client.get(answer["Location"].split("#")[0]).content.decode()
    assert "Choose a business first." in page
    assert ask(business_id=encode("biz", acme.test_business.pk))[0].status_code == 404
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Report.objects.count() == 0


def test_a_long_range_has_a_point_a_week(show, stage, acme):
    stage.deliver_all([{"ago": ago} for ago in range(100)])
    since = TODAY - timedelta(days=99)
    text = show(f"date_from={since}&date_to={TODAY}&metric=clicks&{business_of(acme)}")[1]
    found = POINT.findall(text)
    assert (len(found), sum(int(value) for _day, value in found)) == (15, 2000)
    assert "Clicks by week, USD" in text


def form_of(acme, **said):
    return {
        "name": "Clicks",
        "business_id": encode("biz", acme.test_business.pk),
        "kind": "threshold",
        "metric": "spend",
        "operator": "gt",
        "value": "50",
        "days": "1",
        "minimum_change": "30",
        **said,
    }


def rules_of(acme):
    with tenant_tx(acme.tenant.id, readonly=True):
        return list(AlertRule.objects.all())


def signed_in(acme, role):
    client = Client()
    client.force_login(acme.people[role], backend="accounts.backends.PersonBackend")
    return client


def test_people_make_and_remove_alert_rules(acme):
    client = signed_in(acme, Role.BUYER)
    assert "No alert rules yet" in client.get("/analytics/alert-rules/").content.decode()
    assert client.post("/analytics/alert-rules/", form_of(acme)).status_code == 302
    anomaly = form_of(acme, kind="anomaly", metric="ctr", value="", name="Odd")
    assert client.post("/analytics/alert-rules/", anomaly).status_code == 302
    text = client.get("/analytics/alert-rules/").content.decode()
    assert "Spend above $50.00 over a day" in text
    assert "Click rate of a day unlike its weekdays by 30 % or more" in text
    first = next(row for row in rules_of(acme) if row.kind == "threshold")
    assert (first.value_micros, first.currency, first.campaign_id) == (50_000_000, "USD", None)
    path = f"/analytics/alert-rules/{encode('alr', first.pk)}/delete/"
    assert client.post(path).status_code == 302
    assert [row.name for row in rules_of(acme)] == ["Odd"]
    assert client.post(path).status_code == 404


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"value": ""}, "A threshold needs a value."),
        ({"kind": "anomaly", "metric": "roas"}, "Unusual days are known of: Spend, Impressions"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_bad_alert_rule_is_refused_beside_its_field(acme, said, error):
    answer = signed_in(acme, Role.OWNER).post("/analytics/alert-rules/", form_of(acme, **said))
    assert answer.status_code == 422
    assert error in unescape(answer.content.decode())
    assert rules_of(acme) == []


@pytest.mark.parametrize("role", [Role.ANALYST, Role.APPROVER])
def test_readers_see_rules_and_make_none(acme, role):
    client = signed_in(acme, role)
    page = client.get("/analytics/alert-rules/")
    assert (page.status_code, "Add rule" in page.content.decode()) == (200, False)
    assert client.post("/analytics/alert-rules/", form_of(acme)).status_code == 403
    assert rules_of(acme) == []


def test_a_foreign_business_gets_no_rule(acme, rival):
    foreign = form_of(acme, business_id=encode("biz", rival.test_business.pk))
    assert signed_in(acme, Role.OWNER).post("/analytics/alert-rules/", foreign).status_code == 422
    assert rules_of(acme) == []
