from dataclasses import replace
from datetime import date

import httpx2 as httpx
import pytest

from core.http import platform_writes
from platforms.errors import PlatformError
from platforms.meta.reader import MetaReader
from platforms.meta.writer import MetaWriter
from tests.unit.platforms.graph import CREDENTIALS, error, install

DAYS = {"since": date(2026, 3, 1), "until": date(2026, 3, 2), "currency": "USD"}


def answers(table):
    """Replies by path; a function gets the request."""

    def reply(request: httpx.Request) -> httpx.Response:
        found = table[request.url.path.split("/", 2)[2]]
        body = found(request) if callable(found) else found
        return body if isinstance(body, httpx.Response) else httpx.Response(200, json=body)

    return reply


def reader() -> MetaReader:
    return MetaReader(CREDENTIALS, sleep=lambda _: None)


def test_read_many_reads_by_id_what_the_list_hides_and_leaves_out_what_is_gone(monkeypatch):
    listed = [{"id": str(n), "status": "PAUSED"} for n in range(1, 4)]
    graph = install(
        monkeypatch,
        answers(
            {
                "act_77/ads": {"data": listed},
                "4": {"id": "4", "status": "DELETED"},
                "5": error(100, 33),
            }
        ),
    )
    found = reader().read_many("act_77", "ad", ["1", "2", "4", "5"], currency="USD")
    assert {one.external_id: one.status for one in found} == {
        "1": "PAUSED",
        "2": "PAUSED",
        "4": "DELETED",
    }
    assert sorted(path for _, path, _ in graph.sent) == ["4", "5", "act_77/ads"]


def test_read_many_of_a_silent_platform_is_no_empty_answer(monkeypatch):
    install(monkeypatch, answers({"1": httpx.Response(500, text="")}))
    with pytest.raises(PlatformError) as caught:
        reader().read_many("act_77", "ad", ["1"], currency="USD")
    assert caught.value.kind == "unavailable"


@pytest.mark.parametrize("status", ["Job Failed", "Job Skipped", "Job Running"])
def test_report_that_will_not_be_finished_is_unavailable(monkeypatch, status):
    def insights(request: httpx.Request) -> object:
        return {"report_run_id": "9"} if request.method == "POST" else error(2, 1504038, status=500)

    table = {"act_77/insights": insights, "9": {"async_status": status}}
    install(monkeypatch, answers(table))
    monkeypatch.setattr("platforms.meta.reader.REPORT_DEADLINE_S", 6)
    with pytest.raises(PlatformError) as caught:
        list(reader().insights("act_77", **DAYS))
    assert caught.value.kind == "unavailable"


def test_too_many_insights_calls_are_a_rate_limit_and_no_report(monkeypatch):
    graph = install(monkeypatch, lambda request: error(4, 1504022))
    with pytest.raises(PlatformError) as caught:
        list(reader().insights("act_77", **DAYS))
    assert caught.value.kind == "rate_limited"
    assert [method for method, _, _ in graph.sent] == ["GET"]


def test_live_time_is_the_wall_clock_and_asks_nobody(monkeypatch):
    from core import clock

    graph = install(monkeypatch, answers({}))
    before = clock.now()
    assert before <= MetaReader(replace(CREDENTIALS, environment="live")).platform_now()
    assert graph.sent == []


def test_unknown_time_zone_is_refused_before_anything_is_sent(monkeypatch):
    graph = install(monkeypatch, answers({}))
    with platform_writes(), pytest.raises(PlatformError) as caught:
        MetaWriter(replace(CREDENTIALS, timezone="Mars/Olympus"))
    assert caught.value.kind == "invalid"
    assert graph.sent == []
