"""What people do, in a real browser; each journey ends at the simulator or the database."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import SignIn
from tests.browser.site import UNDO_S, Site, until

pytestmark = pytest.mark.browser
PASSWORD = "a person's own password"


def open_proposal(page: Any, site: Site, name: str) -> None:
    page.goto("/inbox/")
    page.click(f"#row-{site.data['journeys'][name]['pending']}")
    page.wait_for_selector("#proposal")


def test_sign_up_with_the_mailed_code(site: Site, new_page: Callable[..., Any]) -> None:
    page = new_page()
    page.goto("/accounts/signup/")
    page.fill("input[name=email]", "sam@signup.example")
    for name, value in (("first_name", "Sam"), ("last_name", "Stone"), ("organisation", "Stone")):
        if page.locator(f"input[name={name}]").count():
            page.fill(f"input[name={name}]", value)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.click("main form button")
    page.wait_for_selector("input[name=code]")
    mail = until(lambda: site.mails("sam@signup.example"))[-1]
    page.fill("input[name=code]", re.search(r"\b\d{6}\b", mail)[0])
    page.click("main form:has(input[name=code]) button")
    page.wait_for_url("**/")
    rows = site.rows(
        "SELECT u.is_claimed, u.email_verified_at IS NOT NULL, m.role FROM accounts_user u "
        "JOIN accounts_membership m ON m.user_id = u.id WHERE u.email = ?",
        "sam@signup.example",
    )
    assert rows == [(1, 1, "owner")]


def test_claim_gives_the_account_to_who_reads_its_mail(
    site: Site, new_page: Callable[..., Any]
) -> None:
    address = "cleo@claim.example"
    body = {"email": address, "password": "set by an agent 1", "first_name": "C", "last_name": "D"}
    answer = site.post("/api/v1/auth/register", body)
    assert answer.status_code in (200, 201), answer.text
    code = re.search(r"\b\d{6}\b", until(lambda: site.mails(address))[-1])[0]
    verified = site.post("/api/v1/auth/verify", {"email": address, "code": code})
    assert verified.status_code == 200, verified.text
    link = until(
        lambda: next(
            (
                found[0]
                for text in site.mails(address)
                if (found := re.search(r"http\S+/accounts/claim/\S+", text))
            ),
            "",
        )
    )
    page = new_page()
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.click("main form button")
    page.wait_for_load_state()
    until(
        lambda: site.rows("SELECT is_claimed FROM accounts_user WHERE email = ?", address) == [(1,)]
    )


def test_connect_through_the_platforms_own_consent_page(site: Site, signed_in: SignIn) -> None:
    page = signed_in("owner")
    page.goto("/connections/")
    business = site.data["unconnected"]
    page.select_option("select[name=business_id]", label=f"{business} (test)")
    page.click("form:has(select[name=business_id]) button")
    page.wait_for_url(re.compile(re.escape(site.sim.url)))
    page.click("button[value=allow], button:has-text('Continue'), button:has-text('Allow')")
    page.wait_for_url(re.compile(re.escape(site.url)))
    rows = site.rows(
        "SELECT c.status, count(a.id) FROM platforms_connection c JOIN accounts_business b "
        "ON b.id = c.business_id JOIN platforms_adaccount a ON a.connection_id = c.id "
        "WHERE b.name = ? GROUP BY c.status",
        business,
    )
    assert rows == [("connected", 1)], f"{page.url}: {page.inner_text('body')}"


def test_approve_reaches_the_platform(site: Site, signed_in: SignIn) -> None:
    page = signed_in()
    assert site.remote("approve")["daily_budget"] == 5000
    open_proposal(page, site, "approve")
    page.click("#proposal button:has-text('Approve')")
    page.wait_for_selector("text=Approved by")
    until(lambda: site.pending_status("approve") == "dispatched")
    page.wait_for_selector("text=Carried out at the platform.")
    assert site.remote("approve")["daily_budget"] == 6000


def test_reject_keeps_the_reason_and_sends_nothing(site: Site, signed_in: SignIn) -> None:
    page = signed_in("approver")
    open_proposal(page, site, "reject")
    page.click("#proposal summary:has-text('Reject')")
    page.fill("#reject-reason", "The client froze budgets.")
    page.click("#proposal form:has(#reject-reason) button")
    page.wait_for_selector("text=Rejected by")
    assert site.pending_status("reject") == "rejected"
    reasons = site.rows(
        "SELECT decision_comment FROM campaigns_pendingaction WHERE status = 'rejected'"
    )
    assert ("The client froze budgets.",) in reasons
    assert site.remote("reject")["daily_budget"] == 5000


def test_undo_within_the_window_sends_nothing(site: Site, signed_in: SignIn) -> None:
    page = signed_in()
    open_proposal(page, site, "undo")
    page.click("#proposal button:has-text('Approve')")
    page.click("#proposal button:has-text('Undo')")
    page.wait_for_selector("#proposal button:has-text('Approve')")
    assert site.pending_status("undo") == "pending"
    page.wait_for_timeout((UNDO_S + 1) * 1000)
    assert site.pending_status("undo") == "pending"
    assert site.remote("undo")["daily_budget"] == 5000


def test_conflict_shows_three_values_and_proposes_again(site: Site, signed_in: SignIn) -> None:
    page = signed_in()
    open_proposal(page, site, "conflict")
    site.sim.edit(site.remote_id("conflict"), daily_budget=5500)
    page.click("#proposal button:has-text('Approve')")
    page.wait_for_selector('#proposal :text("has changed since. Nothing was sent.")')
    text = page.locator("#proposal table").inner_text()
    assert [amount in text for amount in ("$50.00", "$55.00", "$60.00")] == [True] * 3
    assert site.pending_status("conflict") == "conflict"
    assert site.remote("conflict")["daily_budget"] == 5500
    page.click("text=Propose again from the current value")
    page.wait_for_selector("#proposal button:has-text('Approve')")
    rows = site.rows(
        "SELECT n.status, json_extract(n.before, '$.budget_micros') FROM campaigns_pendingaction n "
        "JOIN campaigns_pendingaction o ON n.supersedes_id = o.id WHERE o.target_name = ?",
        "Journey conflict",
    )
    assert rows == [("pending", 55_000_000)]


def test_keyboard_opens_and_approves(site: Site, signed_in: SignIn) -> None:
    page = signed_in()
    pending = site.data["journeys"]["keyboard"]["pending"]
    page.goto("/inbox/")
    row = page.locator(f"#row-{pending}")
    for _ in range(30):
        page.keyboard.press("j")
        if row.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("x")
    assert page.is_checked(f"[data-row]:has(#row-{pending}) input")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    page.wait_for_selector("#proposal")
    page.keyboard.press("a")
    page.wait_for_selector("text=Approved by")
    page.keyboard.press("z")
    page.wait_for_selector("#proposal button:has-text('Approve')")
    assert site.pending_status("keyboard") == "pending"


def test_approve_without_javascript(site: Site, signed_in: SignIn) -> None:
    page = signed_in(java_script_enabled=False)
    page.goto("/inbox/")
    page.click(f"#row-{site.data['journeys']['plain']['pending']}")
    page.click("#proposal button:has-text('Approve')")
    assert "Approved by" in page.inner_text("#proposal")
    until(lambda: site.remote("plain")["daily_budget"] == 6000)
    until(lambda: site.pending_status("plain") == "dispatched")


def test_kill_switch_stops_delivery_and_restores_it(site: Site, signed_in: SignIn) -> None:
    page = signed_in("owner")
    business = site.data["businesses"]["Alpine Outfitters"]
    address = f"/policy/?business={business}"
    page.goto(address)
    page.fill("#confirm-engage", "something else")
    page.click("text=Engage the kill switch")
    assert "Type the name of the business exactly" in page.inner_text("main")
    page.check("#stop")
    page.fill("#confirm-engage", "Alpine Outfitters")
    page.click("text=Engage the kill switch")
    page.wait_for_selector("[role=alert]:has-text('Kill switch is on for Alpine Outfitters.')")
    until(lambda: site.remote("kill")["status"] == "PAUSED")
    page.goto(address)
    page.fill("#confirm-release", "Alpine Outfitters")
    page.click("text=Release the kill switch")
    page.wait_for_selector("#confirm-engage")
    until(lambda: site.remote("kill")["status"] == "ACTIVE")
