"""Reports: asked for, made once, read back by other programs, mailed, opened by their link."""

import csv
import io
from datetime import timedelta
from urllib.parse import urlsplit

import openpyxl
import orjson
import pytest

from accounts.models import Business, Membership, OutgoingMail, User
from accounts.services import mail
from analytics import tasks
from analytics.models import Report
from analytics.services import reports
from campaigns.models import Campaign
from core.actors import Role
from core.ids import decode, encode
from core.registry import ERASERS, Person
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.analytics.stage import set_stage

WEEK = {"date_from": "2026-11-14", "date_to": "2026-11-21"}
LATER = NOW + timedelta(hours=25)


@pytest.fixture
def ask(client, acme):
    """POST of a report with the agent's key."""

    def call(status=202, headers=None, **body):
        answer = client.post(
            "/v1/analytics/reports",
            data=orjson.dumps({**WEEK, **body}),
            content_type="application/json",
            headers={**acme.headers, **(headers or {})},
        )
        assert answer.status_code == status, answer.content
        return answer.json()

    return call


@pytest.fixture
def made(ask, get, acme, client):
    """A finished report and its file."""

    def call(**body):
        queued = ask(**body)
        assert (queued["status"], queued["download_url"]) == ("processing", None)
        assert reports.make(acme.tenant.id, decode("rpt", queued["id"]), now=NOW)
        doc = get(f"reports/{queued['id']}")[1]
        assert doc["status"] == "completed"
        return doc, fetch(client, doc["download_url"])

    return call


def fetch(client, url):
    parts = urlsplit(url)
    return client.get(f"{parts.path}?{parts.query}")


def count(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Report.objects.count()


def test_json_holds_rows_and_totals_that_agree(made, stage):
    stage.deliver(ago=1, ad=0)
    stage.deliver(ago=2, ad=1, spend_micros=30_500_000)
    stage.deliver(ago=9, ad=1)
    doc, answer = made(format="json", breakdown="ad", metrics=["spend", "clicks", "ctr"])
    found = orjson.loads(answer.content)
    assert [(row["date"], row["ad_name"], row["spend"]) for row in found["rows"]] == [
        ("2026-11-19", "ad 1", 30.5),
        ("2026-11-20", "ad 0", 10.0),
    ]
    assert found["totals"] == [
        {"currency": "USD", "clicks": 40, "spend": 40.5, "ctr": 2.0, "is_final": False}
    ]
    assert found["report"]["date_to"] == "2026-11-21"
    assert (doc["rows"], doc["size_bytes"]) == (2, len(answer.content))


def test_csv_is_read_back_by_another_program(made, stage, acme):
    stage.deliver(ago=1)
    stage.deliver(ago=1, on="instagram")
    set_stage(acme, currency="JPY", name="Winter").deliver(ago=1, spend_micros=700_000_000)
    _doc, answer = made(format="csv", breakdown="platform", metrics=["spend"])
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="report-2026-11-14-2026-11-21.csv"' in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(row["currency"], row["platform"], row["spend"]) for row in rows] == [
        ("JPY", "facebook", "700"),
        ("USD", "facebook", "10.0"),
        ("USD", "instagram", "10.0"),
    ]


def test_weeks_and_totals(made, stage):
    stage.deliver(ago=6)
    stage.deliver(ago=1)
    weekly = orjson.loads(made(interval="weekly", metrics=["clicks"])[1].content)["rows"]
    assert [(row["date"], row["date_to"], row["clicks"]) for row in weekly] == [
        ("2026-11-14", "2026-11-15", 20),
        ("2026-11-16", "2026-11-21", 20),
    ]
    total = orjson.loads(made(interval="total", metrics=["clicks"])[1].content)["rows"]
    assert total == [{"currency": "USD", "clicks": 40, "is_final": False}]


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", " =1", "\t=1"])
def test_formulas_in_names_are_texts(made, stage, *, name):
    with tenant_tx(stage.cast.tenant.id):
        Campaign.objects.update(name=name)
    stage.deliver(ago=1)
    answer = made(format="csv", breakdown="campaign")[1]
    row = next(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert row["campaign_name"] == f"'{name}"
    answer = made(format="xlsx", breakdown="campaign")[1]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cell = book["Rows"]["E2"]
    assert (cell.value.strip(), cell.data_type) == (f"'{name}".strip(), "s")
    assert book["Rows"].max_row == 2
    assert book["Totals"]["A2"].value == "USD"


def test_only_one_makes_it_and_a_dead_maker_is_replaced(ask, stage, acme):
    key = decode("rpt", ask()["id"])
    first = reports._claim(acme.tenant.id, key, now=NOW)
    assert first is not None
    assert reports.make(acme.tenant.id, key, now=NOW) is False
    assert reports.due(NOW) == []
    later = NOW + timedelta(minutes=11)
    assert reports.due(later) == [(acme.tenant.id, key)]
    assert reports.make(acme.tenant.id, key, now=later) is True
    assert reports._finish(first, now=later, state="failed", error_code="late") is False
    assert reports.due(later + timedelta(hours=1)) == []


def test_failures_are_told(ask, get, stage, acme, monkeypatch):
    queued = ask()
    key = decode("rpt", queued["id"])

    def broken(*_args):
        raise RuntimeError

    monkeypatch.setattr(reports, "write_file", broken)
    for attempt in range(3):
        assert not reports.make(acme.tenant.id, key, now=NOW + attempt * timedelta(minutes=11))
    doc = get(f"reports/{queued['id']}")[1]
    assert (doc["status"], doc["error"]["code"]) == ("failed", "report_failed")
    assert doc["download_url"] is None


def test_maker_that_died_three_times_is_not_tried_again(ask, stage, acme):
    key = decode("rpt", ask()["id"])
    for attempt in range(4):
        claimed = reports._claim(acme.tenant.id, key, now=NOW + attempt * timedelta(minutes=11))
        assert (claimed is None) == (attempt == 3)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Report.objects.get(pk=key).state == "failed"


def test_too_many_rows_are_refused_with_a_way_out(ask, get, stage, acme, monkeypatch):
    monkeypatch.setattr("analytics.queries.tables.MOST_ROWS", 1)
    stage.deliver(ago=1)
    stage.deliver(ago=2)
    queued = ask()
    assert not reports.make(acme.tenant.id, decode("rpt", queued["id"]), now=NOW)
    error = get(f"reports/{queued['id']}")[1]["error"]
    assert error["code"] == "report_too_large"
    assert "shorter range" in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "doc"}, "format"),
        ({"metrics": ["likes"]}, "metrics"),
        ({"date_from": "2026-11-30", "date_to": "2026-11-01"}, "date_from"),
        ({"interval": "hourly"}, "interval"),
        ({"email": "me@x.example"}, "email"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_requests_queue_nothing(ask, stage, acme, *, body, field):
    assert ask(status=422, **body)["error"]["details"]["field"] == field
    assert count(acme) == 0


def test_link_opens_its_file_alone_and_only_for_a_day(made, stage, client, monkeypatch, acme):
    stage.deliver(ago=1)
    doc, answer = made()
    other, _file = made()
    assert answer.status_code == 200
    url, foreign = doc["download_url"], other["download_url"]
    assert fetch(client, url[:-1] + ("A" if url[-1] != "A" else "B")).status_code == 404
    token = foreign.partition("token=")[2]
    assert fetch(client, f"{url.partition('?')[0]}?token={token}").status_code == 404
    assert fetch(client, url.partition("?")[0]).status_code == 404
    monkeypatch.setattr("analytics.views.files.now", lambda: LATER)
    gone = fetch(client, url)
    assert (gone.status_code, "no longer kept" in gone.content.decode()) == (410, True)
    assert reports.forget_expired(LATER) == 2
    assert count(acme) == 0
    assert fetch(client, url).status_code == 410


def test_mail_goes_to_the_keys_person_alone(ask, made, stage, acme):
    stage.deliver(ago=1)
    made()
    assert OutgoingMail.objects.count() == 0
    doc, _file = made(email=True)
    row = OutgoingMail.objects.get()
    owner = acme.people[Role.OWNER]
    assert row.recipient == owner.email
    message = mail._compose(row, NOW)
    assert doc["download_url"] in message.body
    assert "from 2026-11-14 to 2026-11-21" in message.subject
    queued = ask(email=True)
    User.objects.filter(pk=owner.pk).update(email_verified_at=None)
    assert reports.make(acme.tenant.id, decode("rpt", queued["id"]), now=NOW)
    assert OutgoingMail.objects.count() == 1


def test_neighbours_and_other_businesses_do_not_see_it(ask, get, stage, acme, rival, client):
    whole = ask()["id"]
    path = f"/v1/analytics/reports/{whole}"
    assert client.get(path, headers=rival.headers).status_code == 404
    with tenant_tx(acme.tenant.id):
        other = Business.objects.create(
            tenant_id=acme.tenant.id, name="other", environment="test", created_at=NOW
        )
        limits = [str(acme.test_business.pk), str(other.pk)]
        Membership.objects.filter(user=acme.people[Role.OWNER]).update(business_ids=limits)
    assert get(f"reports/{whole}")[0] == 404
    assert ask(status=422)["error"]["code"] == "choose_business"
    own = ask(business_id=encode("biz", other.pk))
    assert [row["id"] for row in get("reports")[1]["data"]] == [own["id"]]
    assert ask(status=404, business_id=encode("biz", acme.live_business.pk))
    assert count(acme) == 2


def test_report_of_one_campaign_holds_that_campaign(made, stage, acme):
    stage.deliver(ago=1)
    set_stage(acme, name="Other").deliver(ago=1)
    doc, answer = made(campaign_id=stage.campaign_id, breakdown="campaign", interval="total")
    assert [row["campaign_name"] for row in orjson.loads(answer.content)["rows"]] == ["Summer"]
    assert doc["business_id"] == encode("biz", acme.test_business.pk)


def test_key_makes_one_report_of_two_requests(ask, stage, acme):
    headers = {"Idempotency-Key": "one"}
    assert ask(headers=headers)["id"] == ask(headers=headers)["id"]
    assert count(acme) == 1


def test_a_tenant_keeps_so_many(ask, stage, acme, monkeypatch):
    monkeypatch.setattr(reports, "MOST_KEPT", 1)
    ask()
    assert ask(status=429)["error"]["code"] == "too_many_reports"
    assert count(acme) == 1


def test_sweep_enqueues_what_nobody_makes(ask, stage, acme, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.make_report, "delay", lambda **said: sent.append(said))
    monkeypatch.setattr(tasks.make_report, "apply_async", lambda kwargs, **_: sent.append(kwargs))
    key = decode("rpt", ask()["id"])
    said = {"tenant_id": str(acme.tenant.id), "report_id": str(key)}
    monkeypatch.setattr("core.clock.now", lambda: NOW)
    assert tasks.reports_due() == 1
    assert sent == [said]
    tasks.make_report.run(tenant_id=acme.tenant.id, report_id=key)
    assert tasks.reports_due() == 0


def test_request_enqueues_once_it_has_committed(
    ask, stage, acme, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(tasks.make_report, "apply_async", lambda kwargs, **_: sent.append(kwargs))
    with django_capture_on_commit_callbacks(execute=True):
        queued = ask()
        assert sent == []
    assert [one["report_id"] for one in sent] == [str(decode("rpt", queued["id"]))]


def test_erasure_deletes_what_the_person_asked_for(ask, stage, acme):
    ask()
    owner = acme.people[Role.OWNER]
    person = Person(owner.pk, encode("user", owner.pk), frozenset({owner.email}))
    with tenant_tx(acme.tenant.id):
        assert ERASERS["analytics"](person) == 1
    assert count(acme) == 0
