"""The connector and the running simulator: consent in full, and every way an answer goes wrong."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx2 as httpx
import pytest
from django.core.cache import cache

from accounts.services.keys import create_key
from core.http import platform_writes
from core.money import Money
from core.tenancy import tenant_tx
from platforms import queries
from platforms.errors import PlatformError
from platforms.meta.reader import MetaReader
from platforms.meta.writer import MetaWriter
from platforms.models import Connection
from platforms.ports import CampaignSpec, Changes, Credentials
from tests.cast import NOW
from tests.simulator_process import APP_ID, APP_SECRET, running_simulator

SPEC = CampaignSpec(
    name="Spring", objective="TRAFFIC", budget_type="daily", budget=Money(50_000_000, "USD")
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    with running_simulator() as sim:
        yield sim


@pytest.fixture
def account(simulator, settings):
    """A person's credentials, with no fault in force."""
    settings.SIMULATOR_URL = simulator.url
    settings.SIM_APP_SECRET = APP_SECRET
    simulator.faults(read_lag_s=0)
    person = simulator.person()
    return Credentials(
        access_token=person.access_token,
        environment="test",
        app_id=APP_ID,
        app_secret=APP_SECRET,
        account=person.ad_account,
        timezone="America/New_York",
    )


# fault → (kind, if_absent_kind of a create, whether the campaign exists afterwards)
FAULTS = {
    "error_before": ("unknown", "unavailable", False),
    "error_after": ("unknown", "unavailable", True),
    "cut_after": ("unknown", "", True),
    "bad_request_after": ("unknown", "unavailable", True),
    "error_in_200": ("unknown", "unavailable", True),
    "truncated": ("unknown", "", True),
    "slow": ("unknown", "", True),
    "expired_token": ("auth", "", False),
    "rate_limited_app": ("rate_limited", "", False),
    "rate_limited_account": ("rate_limited", "", False),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_create_that_went_wrong_is_found_again_by_its_tag(simulator, account, settings, fault):
    kind, if_absent, exists = FAULTS[fault]
    settings.DISPATCH_CALL_TIMEOUT_S = 1 if fault == "slow" else 20
    rule = {"kind": fault, "methods": ["POST"], "edges": ["campaigns"], "times": 1}
    simulator.faults(read_lag_s=0, rules=[{**rule, "seconds": 2.0}])
    with platform_writes(), pytest.raises(PlatformError) as caught:
        MetaWriter(account).create_campaign(account.account, SPEC, tag="tag0000001")
    assert (caught.value.kind, caught.value.if_absent_kind) == (kind, if_absent)
    assert (caught.value.retry_after_s > 0) == (kind == "rate_limited")
    assert simulator.fault_counts() == {fault: 1}
    cache.clear()  # the pause that a rate limit asked for is over
    if fault == "slow":
        wait_for(lambda: simulator.objects(account=account.account, kind="campaign"))
    found = MetaReader(account).find_by_tag(
        account.account, "campaign", "tag0000001", currency="USD"
    )
    assert [one.status for one in found] == (["PAUSED"] if exists else [])


def wait_for(condition: Any, seconds: float = 60.0) -> None:
    import time

    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_refused_create_can_be_given_up_after_the_look_up(account):
    spec = CampaignSpec(
        name="x", objective="TRAFFIC", budget_type="daily", budget=Money(10_000, "USD")
    )
    with platform_writes(), pytest.raises(PlatformError) as caught:
        MetaWriter(account).create_campaign(account.account, spec, tag="tag0000002")
    assert (caught.value.kind, caught.value.if_absent_kind) == ("unknown", "invalid")
    assert "budget" in caught.value.message.lower()


def test_two_objects_with_one_tag_are_both_found_oldest_first(account):
    with platform_writes():
        writer = MetaWriter(account)
        ids = [writer.create_campaign(account.account, SPEC, tag="tag0000003") for _ in range(2)]
    found = MetaReader(account).find_by_tag(
        account.account, "campaign", "tag0000003", currency="USD"
    )
    assert [one.external_id for one in found] == ids


def test_tag_is_found_by_label_after_a_person_renamed_the_object(simulator, account):
    with platform_writes():
        made = MetaWriter(account).create_campaign(account.account, SPEC, tag="tag0000004")
    simulator.edit(made, name="Renamed by hand")
    (found,) = MetaReader(account).find_by_tag(
        account.account, "campaign", "tag0000004", currency="USD"
    )
    assert (found.external_id, found.name) == (made, "Renamed by hand")


def test_update_that_was_cut_may_have_happened(simulator, account):
    reader, writer = MetaReader(account), MetaWriter(account)
    with platform_writes():
        made = writer.create_campaign(account.account, SPEC, tag="tag0000005")
        simulator.faults(rules=[{"kind": "bad_request_after", "methods": ["POST"], "times": 1}])
        with pytest.raises(PlatformError) as caught:
            writer.update(
                "campaign", made, Changes(budget_type="daily", budget=Money(70_000_000, "USD"))
            )
    assert caught.value.kind == "unknown"
    assert reader.read("campaign", made, currency="USD").budget == Money(70_000_000, "USD")


def test_list_is_read_over_all_its_pages(account, monkeypatch):
    monkeypatch.setattr("platforms.meta.reader.PAGE", 2)
    with platform_writes():
        writer = MetaWriter(account)
        made = [
            writer.create_campaign(account.account, SPEC, tag=f"tag000001{n}") for n in range(5)
        ]
    many = MetaReader(account).read_many(account.account, "campaign", made, currency="USD")
    assert {one.external_id for one in many} == set(made)


@pytest.mark.parametrize("way", ["one answer", "report"])
def test_insights_are_the_simulators_ledger(simulator, account, way, monkeypatch):
    person = simulator.person("Insights", timezone="America/New_York")
    simulator.build_tree(person, ads=2, daily_budget=20_000)
    simulator.advance(hours=24 * 3)
    credentials = replace(account, access_token=person.access_token, account=person.ad_account)
    reader = MetaReader(credentials, sleep=lambda _: None)
    today = reader.platform_now().astimezone(ZoneInfo("America/New_York")).date()
    monkeypatch.setattr("platforms.meta.reader.PAGE", 3)
    if way == "report":
        pages = reader._client.pages

        def too_big(path, params):
            if path == f"{person.ad_account}/insights":
                raise PlatformError("unavailable", "too much data", platform_code="100/1504018")
            return pages(path, params)

        monkeypatch.setattr(reader._client, "pages", too_big)
    rows = list(
        reader.insights(
            person.ad_account, since=today - timedelta(days=4), until=today, currency="USD"
        )
    )
    seen = {
        (row.ad_external_id, row.day.isoformat(), row.publisher_platform): (
            row.impressions,
            row.clicks,
            str(row.spend.decimal),
            row.conversions,
        )
        for row in rows
    }
    ledger = {
        (row["ad"], row["day"], row["publisher_platform"]): (
            row["impressions"],
            row["clicks"],
            row["spend"],
            row["conversions"],
        )
        for row in simulator.ledger(account=person.ad_account)
    }
    assert len(rows) == len(seen) > 6
    assert seen == ledger
    assert sum(row.conversions for row in rows) > 0


def consent(simulator: Any, authorize_url: str, **choices: str) -> str:
    """Press Allow on the consent page; returns where it sends the browser back to."""
    with httpx.Client(timeout=60, trust_env=False) as browser:
        assert browser.get(authorize_url).status_code == 200
        asked = dict(httpx.URL(authorize_url).params)
        answer = browser.post(
            authorize_url.partition("?")[0],
            data={
                **asked,
                "decision": "allow",
                "person": "new",
                "name": "Pat",
                "currency": "EUR",
                "timezone": "Europe/Berlin",
                **choices,
            },
        )
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_consent_page_to_connection_over_the_wire(simulator, account, acme, client):
    with tenant_tx(acme.tenant.id):
        _, token = create_key(
            tenant_id=acme.tenant.id,
            user_id=acme.key.user_id,
            name="connector",
            environment="test",
            scopes=["connect", "campaigns:read"],
            root="user_x",
            now=NOW,
        )
    headers = {"Authorization": f"Bearer {token}"}
    started = client.post(
        "/v1/platforms/facebook/connect", headers=headers, content_type="application/json"
    ).json()
    link = urlsplit(started["connect_url"])
    opened = client.get(f"{link.path}?{link.query}")
    back = urlsplit(consent(simulator, opened.headers["Location"]))
    finished = client.get(f"{back.path}?{back.query}")
    assert finished.status_code == 200, finished.content.decode()
    (entry,) = client.get("/v1/platforms", headers=headers).json()["data"]
    assert (entry["status"], entry["account_holder"]) == ("connected", "Pat")
    (ad_account,) = entry["ad_accounts"]
    assert (ad_account["currency"], ad_account["timezone"]) == ("EUR", "Europe/Berlin")
    assert ad_account["is_default"]
    health = client.get(f"/v1/platforms/{entry['id']}/status", headers=headers).json()
    assert health["healthy"] is True
    with tenant_tx(acme.tenant.id):
        row = queries.default_ad_account(acme.test_business.pk)
        assert row is not None
        assets = queries.launch_assets(row)
        assert assets.page is not None
        assert assets.pixel is not None
        assert Connection.objects.get().scopes
    reader = queries.open_reader(row)
    assert reader.platform_now() == simulator.now()


def test_declined_consent_page_connects_nothing(simulator, account, acme, client):
    from platforms import services

    with tenant_tx(acme.tenant.id):
        started = services.start_connect(acme.person(), acme.test_business, "facebook", now=NOW)
    from core.clock import now

    with tenant_tx(acme.tenant.id):
        type(started.link).objects.update(expires_at=now().replace(year=2100))
    link = urlsplit(started.url)
    opened = client.get(f"{link.path}?{link.query}")
    back = urlsplit(consent(simulator, opened.headers["Location"], decision="deny"))
    assert client.get(f"{back.path}?{back.query}").status_code == 422
    with tenant_tx(acme.tenant.id):
        assert not Connection.objects.exists()
