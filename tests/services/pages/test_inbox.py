"""The inbox, asked for like a browser without JavaScript does, and like htmx does."""

import re
from datetime import timedelta

import pytest

from campaigns.models import PendingAction
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import Cast
from tests.services.pages.conftest import Browse, add_campaign, add_pending

pytestmark = pytest.mark.django_db


def test_inbox_lists_what_waits_with_amounts_in_money(acme: Cast, browse: Browse) -> None:
    row = add_pending(acme, add_campaign(acme))
    html = browse(acme, Role.BUYER).get("/inbox/").content.decode()
    assert f'href="/inbox/{encode("pa", row.pk)}/"' in html
    assert "$50.00 → $60.00" in html
    assert "+$10.00 (+20 %)" in html


def test_inbox_hides_snoozed_and_foreign_rows(acme: Cast, rival: Cast, browse: Browse) -> None:
    add_pending(acme, add_campaign(acme), snoozed_until=now() + timedelta(hours=1))
    add_pending(rival, add_campaign(rival, name="Rival sale"))
    client = browse(acme, Role.BUYER)
    assert "data-row" not in client.get("/inbox/").content.decode()
    assert "Spring sale" in client.get("/inbox/?status=snoozed").content.decode()
    assert "Rival sale" not in client.get("/inbox/?status=all").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("?risk=medium", True),
        ("?risk=high", False),
        ("?axis=tactical", True),
        ("?axis=creative", False),
        ("?status=rejected", False),
        ("?business=biz_nonsense", False),
        ("?proposer=key_other", False),
        ("?after=nonsense", True),
    ],
)
def test_inbox_filters_from_the_url(acme: Cast, browse: Browse, query: str, found: bool) -> None:
    add_pending(acme, add_campaign(acme))
    html = browse(acme, Role.BUYER).get(f"/inbox/{query}").content.decode()
    assert ("data-row" in html) is found


def test_inbox_pages_by_keyset_without_gap_or_repeat(acme: Cast, browse: Browse) -> None:
    campaign = add_campaign(acme)
    at = now() - timedelta(hours=1)
    ids = {encode("pa", add_pending(acme, campaign, created_at=at).pk) for _ in range(30)}
    client, url, seen = browse(acme, Role.BUYER), "/inbox/", []
    while url:
        response = client.get(url)
        page = response.context["page"]
        seen += [row["id"] for row in page.rows]
        url = page.older
    assert len(seen) == 30
    assert set(seen) == ids


def test_inbox_says_which_kind_of_empty(acme: Cast, browse: Browse) -> None:
    client = browse(acme, Role.BUYER)
    assert "No platform is connected" in client.get("/inbox/").content.decode()
    assert "Nothing matches these filters" in client.get("/inbox/?risk=low").content.decode()


def test_proposal_escapes_the_rationale_and_marks_it_untrusted(acme: Cast, browse: Browse) -> None:
    row = add_pending(acme, add_campaign(acme))
    html = browse(acme, Role.BUYER).get(f"/inbox/{encode('pa', row.pk)}/").content.decode()
    assert "&lt;b&gt;Cheap&lt;/b&gt;" in html
    assert "<b>Cheap" not in html
    assert "untrusted text" in html
    assert "+$17.50" in html


def test_proposal_of_another_tenant_is_not_found(acme: Cast, rival: Cast, browse: Browse) -> None:
    row = add_pending(rival, add_campaign(rival))
    assert browse(acme, Role.OWNER).get(f"/inbox/{encode('pa', row.pk)}/").status_code == 404


def test_proposal_explains_why_its_own_proposer_cannot_approve(acme: Cast, browse: Browse) -> None:
    owner = acme.person(Role.OWNER)
    row = add_pending(acme, add_campaign(acme), proposer_chain=[owner.id], proposer_id=owner.id)
    html = browse(acme, Role.OWNER).get(f"/inbox/{encode('pa', row.pk)}/").content.decode()
    assert "Another person has to decide." in html


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("conflict", "Propose again from the current value"),
        ("rejected", "Rejected by"),
        ("dispatched", "Carried out at the platform."),
        ("superseded", "A newer proposal replaced this one."),
        ("cancelled", "The proposer withdrew it."),
        ("expired", "Not decided in time."),
        ("dispatch_failed", "The platform refused it"),
        ("approved", "Approved by"),
    ],
)
def test_proposal_shows_its_state(acme: Cast, browse: Browse, status: str, text: str) -> None:
    row = add_pending(acme, add_campaign(acme), status=status, decided_by=acme.person().id)
    html = browse(acme, Role.BUYER).get(f"/inbox/{encode('pa', row.pk)}/").content.decode()
    assert text in html
    assert "Reject</summary>" not in html


def test_proposal_past_its_expiry_offers_no_decision(acme: Cast, browse: Browse) -> None:
    row = add_pending(acme, add_campaign(acme), expires_at=now() - timedelta(seconds=1))
    html = browse(acme, Role.BUYER).get(f"/inbox/{encode('pa', row.pk)}/").content.decode()
    assert "Not decided in time." in html
    assert 'data-key="a"' not in html


def test_htmx_gets_the_part_it_asks_for(acme: Cast, browse: Browse) -> None:
    row = add_pending(acme, add_campaign(acme))
    client = browse(acme, Role.BUYER)
    url = f"/inbox/{encode('pa', row.pk)}/"
    detail = client.get(url, headers={"HX-Request": "true", "HX-Target": "detail"})
    assert detail.content.decode().strip().startswith("<article")
    assert detail["Vary"].find("HX-Request") >= 0
    rows = client.get("/inbox/", headers={"HX-Request": "true", "HX-Target": "inbox-list"})
    assert rows.content.decode().strip().startswith('<div id="inbox-list"')


def test_rejecting_needs_a_reason(acme: Cast, browse: Browse) -> None:
    row = add_pending(acme, add_campaign(acme))
    response = browse(acme, Role.BUYER).post(f"/inbox/{encode('pa', row.pk)}/reject/")
    assert response.status_code == 422
    assert "Say why" in response.content.decode()


def test_count_in_the_menu_follows_a_decision(acme: Cast, browse: Browse) -> None:
    campaign = add_campaign(acme)
    row, _other = add_pending(acme, campaign), add_pending(acme, campaign)
    client = browse(acme, Role.BUYER)
    slot = '<span class="ms-auto" data-count="inbox"><span class="count tag tag-solid">2</span>'
    assert client.get("/inbox/").content.decode().count(slot) == 2
    swap = '<span hx-swap-oob="innerHTML:[data-count=inbox]">'
    counted = swap + '<span class="count tag tag-solid">1</span></span>'
    decided = client.post(
        f"/inbox/{encode('pa', row.pk)}/reject/",
        {"comment": "Too much."},
        headers={"HX-Request": "true", "HX-Target": "detail"},
    )
    assert counted in decided.content.decode()
    pinged = client.get("/inbox/", headers={"HX-Request": "true", "HX-Target": "inbox-list"})
    assert counted in pinged.content.decode()
    assert "data-row" in pinged.content.decode()
    assert swap not in client.get("/inbox/").content.decode()


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_bulk_asks_with_the_total_before_it_decides(
    acme: Cast, rival: Cast, browse: Browse, decision: str
) -> None:
    campaign = add_campaign(acme)
    rows = [
        add_pending(acme, campaign),
        add_pending(acme, campaign, exposure_delta_micros=-500_000),
        add_pending(acme, campaign, risk="high", exposure_delta_micros=100_000_000),
    ]
    foreign = add_pending(rival, add_campaign(rival, name="Rival sale"))
    chosen = [encode("pa", row.pk) for row in (*rows, foreign)] + ["nonsense"]
    client = browse(acme, Role.APPROVER)
    sent = {"decision": decision, "chosen": chosen, "comment": "Not now."}
    asked = client.post("/inbox/bulk/", sent)
    html = asked.content.decode()
    assert asked.status_code == 200
    listed = re.findall(r'name="chosen" value="(\w+)"', html)
    total, kept = ("+$17.00", rows[:2]) if decision == "approve" else ("+$117.00", rows)
    assert f'<strong class="num">{total}</strong>' in html
    assert set(listed) == {encode("pa", row.pk) for row in kept}
    assert ("1 proposal of high risk is left out" in html) is (decision == "approve")
    assert "Rival sale" not in html
    assert _statuses(acme, rows) == ["pending"] * 3


def test_bulk_decides_once_confirmed(acme: Cast, browse: Browse) -> None:
    campaign = add_campaign(acme)
    rows = [add_pending(acme, campaign), add_pending(acme, campaign, risk="high")]
    chosen = [encode("pa", row.pk) for row in rows]
    client = browse(acme, Role.APPROVER)
    sent = {"decision": "reject", "chosen": chosen, "comment": "Not now.", "confirmed": "on"}
    assert client.post("/inbox/bulk/", sent).status_code == 302
    assert _statuses(acme, rows) == ["rejected", "rejected"]


def test_bulk_approval_of_high_risk_alone_is_refused_at_once(acme: Cast, browse: Browse) -> None:
    row = add_pending(acme, add_campaign(acme), risk="high")
    sent = {"decision": "approve", "chosen": [encode("pa", row.pk)]}
    for confirmed in ({}, {"confirmed": "on"}):
        response = browse(acme, Role.APPROVER).post("/inbox/bulk/", sent | confirmed, follow=True)
        assert "Skipped 1: High risk is decided one by one." in response.content.decode()
    assert _statuses(acme, [row]) == ["pending"]


def _statuses(cast: Cast, rows: list[PendingAction]) -> list[str]:
    with tenant_tx(cast.tenant.id, readonly=True):
        found = dict(PendingAction.objects.values_list("pk", "status"))
    return [found[row.pk] for row in rows]
