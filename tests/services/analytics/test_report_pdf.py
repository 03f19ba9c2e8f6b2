"""Reports as PDF: the figures of the JSON report, nothing fetched, a clear refusal without it."""

import io
import socket
import threading

import orjson
import pypdf
import pytest
from django.test import Client

from accounts.models import AuditEvent
from analytics.models import Report
from analytics.presenters import people
from analytics.services import report_files, report_pdf, reports
from campaigns.models import Campaign
from core.actors import Role
from core.ids import decode
from core.tenancy import tenant_tx
from creatives.services.assets import InvalidImageError, reencode
from tests.cast import NOW
from tests.services.analytics.stage import set_stage
from tests.services.dispatch.test_images import picture

WEEK = {"date_from": "2026-11-14", "date_to": "2026-11-21"}
NAMES = ("spend", "impressions", "clicks", "conversions", "ctr", "roas")


@pytest.fixture
def ask(client, acme):
    """POST of a report with the agent's key: status and JSON."""

    def call(**body):
        answer = client.post(
            "/v1/analytics/reports",
            data=orjson.dumps({**WEEK, **body}),
            content_type="application/json",
            headers=acme.headers,
        )
        return answer.status_code, answer.json()

    return call


@pytest.fixture
def content(ask, acme):
    """The file of a finished report."""

    def call(**body):
        status, doc = ask(**body)
        assert status == 202, doc
        assert reports.make(acme.tenant.id, decode("rpt", doc["id"]), now=NOW)
        with tenant_tx(acme.tenant.id, readonly=True):
            return bytes(Report.objects.get(pk=decode("rpt", doc["id"])).content)

    return call


def text_of(file):
    pages = pypdf.PdfReader(io.BytesIO(file)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def told(cast):
    """What a report leaves behind."""
    with tenant_tx(cast.tenant.id, readonly=True):
        return Report.objects.count(), AuditEvent.objects.count()


def test_figures_are_those_of_the_json_report(content, stage, acme):
    stage.deliver(ago=1, ad=0, conversions=3, conversion_value_micros=45_500_000)
    stage.deliver(ago=3, ad=1, spend_micros=30_500_000, clicks=41)
    yen = set_stage(acme, currency="JPY", name="Winter")
    yen.deliver(ago=2, spend_micros=12_345_000_000)
    wanted = {"breakdown": "ad", "metrics": list(NAMES)}
    doc = orjson.loads(content(format="json", **wanted))
    file = content(format="pdf", **wanted)
    assert file.startswith(b"%PDF-")
    text = text_of(file)
    assert len(doc["rows"]) == 3
    for row in (*doc["rows"], *doc["totals"]):
        figures = [people.shown(name, row[name], row["currency"]) for name in row if name in NAMES]
        assert " ".join(figures) in text
    assert "Report 2026-11-14 to 2026-11-21" in text
    assert "TEST: numbers of the simulated ad network." in text
    assert "Spend, JPY" in text
    assert "Spend, USD" in text
    assert "$32.00" not in text
    # Axes of the charts: what is the highest day's round number.
    assert "$40.00" in text
    assert "¥20,000" in text


def test_names_are_texts_and_nothing_is_fetched(content, stage, acme):
    with tenant_tx(acme.tenant.id):
        Campaign.objects.update(name="<img src='http://127.0.0.1:1/x'>&amp;")
    stage.deliver(ago=1)
    text = text_of(content(format="pdf", breakdown="campaign", metrics=["spend"]))
    assert "127.0.0.1:1/x'>&amp;" in text.replace(" ", "")


def test_the_renderer_asks_nobody(tmp_path):
    """A listener on loopback and a file: neither is opened, `data:` alone is."""
    asked = []
    secret = tmp_path / "secret.css"
    secret.write_text("p::after { content: 'leaked' }")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(2)
        port = server.getsockname()[1]

        def listen():
            try:
                asked.append(server.accept()[1])
            except TimeoutError:
                return

        thread = threading.Thread(target=listen)
        thread.start()
        html = (
            f"<link rel=stylesheet href='file://{secret}'>"
            f"<link rel=stylesheet href='http://127.0.0.1:{port}/x.css'>"
            "<link rel=stylesheet href=\"data:text/css,p::after{content:'allowed'}\">"
            f"<p>Seen <img src='http://127.0.0.1:{port}/x.png'></p>"
        )
        text = text_of(report_pdf.rendered(html))
        thread.join()
    assert asked == []
    assert "allowed" in text
    assert "leaked" not in text


def test_a_pdf_of_nothing_says_so(content, stage):
    assert "Nothing was delivered in this range." in text_of(content(format="pdf"))


def test_without_the_renderer_the_request_is_refused(ask, stage, acme, monkeypatch):
    monkeypatch.setattr(report_pdf, "EXTRA", "no_such_renderer")
    before = told(acme)
    status, doc = ask(format="pdf")
    error = doc["error"]
    assert (status, error["code"]) == (422, "format_unavailable")
    assert error["details"]["field"] == "format"
    assert error["details"]["allowed"] == ["json", "csv", "xlsx"]
    assert "adamant[pdf]" in error["hint"]
    assert told(acme) == before
    person = Client()
    person.force_login(acme.people[Role.ANALYST], backend="accounts.backends.PersonBackend")
    page = person.get("/analytics/").content.decode()
    assert 'value="csv"' in page
    assert 'value="pdf"' not in page
    sent = {"format": "pdf", "interval": "daily", "breakdown": "none"}
    assert person.post("/analytics/reports/", sent).status_code == 303
    assert told(acme) == before


def test_a_worker_without_pango_says_so_in_the_report(ask, get, stage, acme, monkeypatch):
    def broken(_table):
        raise report_pdf.PdfUnavailableError

    doc = ask(format="pdf")[1]
    formats = {**report_files.FORMATS, "pdf": report_files.Format("application/pdf", broken)}
    monkeypatch.setattr(report_files, "FORMATS", formats)
    assert reports.make(acme.tenant.id, decode("rpt", doc["id"]), now=NOW) is False
    shown = get(f"reports/{doc['id']}")[1]
    assert (shown["status"], shown["download_url"]) == ("failed", None)
    assert shown["error"]["code"] == "format_unavailable"


def test_too_many_rows_for_a_document_are_refused(ask, get, stage, acme, monkeypatch):
    monkeypatch.setattr(report_pdf, "MOST_PDF_ROWS", 1)
    stage.deliver(ago=1)
    stage.deliver(ago=2)
    doc = ask(format="pdf")[1]
    assert reports.make(acme.tenant.id, decode("rpt", doc["id"]), now=NOW) is False
    error = get(f"reports/{doc['id']}")[1]["error"]
    assert error["code"] == "report_too_large"
    assert "500 rows" in error["message"]


def test_broken_images_stay_refused_where_documents_are_made():
    report_pdf.rendered("<p>Report</p>")
    with pytest.raises(InvalidImageError):
        reencode(picture()[:60])
