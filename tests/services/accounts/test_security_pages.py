"""Passkeys, authenticator app, sessions: allauth's pages in our frame, clean under the CSP."""

import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.services.mail import send_due
from core.actors import Role
from core.clock import now
from core.tenancy import tenant_tx
from tests.cast import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DATA_BLOCK = 'type="application/json"'


def totp_now() -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


@pytest.fixture
def owner(acme) -> User:
    user = acme.people[Role.OWNER]
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def client(owner) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/password/change/",
        "/accounts/reauthenticate/",
        "/accounts/sessions/",
        "/accounts/logout/",
    ],
)
def test_page_has_no_inline_script_or_style(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.get("Location")
    html = answer.content.decode()
    assert '<main id="main"' in html
    scripts = re.findall(r"<script([^>]*)>", html)
    assert [one for one in scripts if "src=" not in one and DATA_BLOCK not in one] == []
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", html)


def test_every_input_of_the_sign_in_page_has_a_label(db):
    html = Client().get("/accounts/login/").content.decode()
    visible = re.findall(r'<input(?![^>]*type="hidden")[^>]*\bid="([^"]+)"', html)
    labels = set(re.findall(r'<label[^>]*for="([^"]+)"', html))
    assert visible
    assert set(visible) <= labels


def test_authenticator_app_is_activated_and_announced(
    client, owner, django_capture_on_commit_callbacks
):
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="(\w+)"', page).group(1)
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/accounts/2fa/totp/activate/", {"code": code})
    assert answer.status_code == 302
    row = Authenticator.objects.get(user=owner, type=Authenticator.Type.TOTP)
    assert secret not in row.data["secret"]
    send_due(now())
    assert mail.outbox[-1].to == [owner.email]
    assert mail.outbox[-1].from_email.startswith("Ads Agents")


def test_factor_cannot_be_added_without_confirming_the_password(owner):
    client = Client()
    client.force_login(owner)
    answer = client.get("/accounts/2fa/totp/activate/")
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/reauthenticate/")


def test_other_sessions_can_be_ended(client, owner):
    there = Client()
    there.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert there.get("/accounts/").status_code == 200
    assert client.post("/accounts/sessions/").status_code == 302
    assert there.get("/accounts/").status_code == 302
    assert client.get("/accounts/").status_code == 200


def test_sessions_page_tells_when_they_began_and_claims_no_later_sight(client):
    """No request but the sign-in is noted, so the page must not say when a session was seen."""
    html = client.get("/accounts/sessions/").content.decode()
    titles = [title.strip() for title in re.findall(r"<th[^>]*>([^<]*)</th>", html)]
    assert titles == ["Started At", "IP Address", "Browser"]


def test_sign_in_leaves_an_audit_row(acme, client):
    with tenant_tx(acme.tenant.id):
        row = AuditEvent.objects.get(event_type="auth.signed_in")
    assert (row.channel, row.actor_kind) == ("dashboard", "user")


def test_confirming_with_totp_leads_back_and_freshens_the_session(acme, client, owner):
    TOTP.activate(owner, SECRET)
    body = {"name": "A", "environment": "live", "business_id": "", "days": "7"}
    body |= {"scopes": ["ads:write:pending"]}
    refused = client.post("/keys/", body, headers={"Referer": "http://testserver/keys/"})
    assert refused.status_code == 403
    link = re.search(r'href="(/accounts/2fa/reauthenticate/[^"]+)"', refused.content.decode())
    assert link.group(1).endswith("?next=%2Fkeys%2F")
    answer = client.post(link.group(1), {"code": totp_now(), "next": "/keys/"})
    assert (answer.status_code, answer.url) == (302, "/keys/")
    assert client.post("/keys/", body).status_code == 200


def test_reset_of_an_unclaimed_account_mails_the_claim_link(owner):
    User.objects.filter(pk=owner.pk).update(is_claimed=False)
    Client().post("/accounts/password/reset/", {"email": owner.email})
    assert send_due(now()) == 0  # in its place the claim link waits
    send_due(now())
    assert ["/accounts/claim/?token=" in one.body for one in mail.outbox] == [True]


def test_reset_for_an_address_without_account_says_so_to_its_mailbox_only(owner):
    answers = [
        Client().post("/accounts/password/reset/", {"email": email})
        for email in (owner.email.upper(), "nobody@nowhere.example")
    ]
    assert {(one.status_code, one.url) for one in answers} == {
        (302, "/accounts/password/reset/done/")
    }
    assert send_due(now()) == 2
    known, unknown = mail.outbox[-2:]
    assert (known.to, known.subject) == ([owner.email], "Set a new password")
    assert unknown.to == ["nobody@nowhere.example"]
    assert "/accounts/password/reset/key/" not in unknown.body
    assert "no Ads Agents account has it" in unknown.body


def test_next_never_leaves_this_host(owner):
    client = Client()
    body = {"login": owner.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/accounts/login/", body).url == "/"


FACTOR_PAGES = (
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/recovery-codes/generate/",
)


@pytest.mark.parametrize("path", FACTOR_PAGES)
def test_a_password_alone_neither_adds_nor_removes_a_factor(client, owner, path):
    TOTP.activate(owner, SECRET)
    Authenticator.objects.update(created_at=now() - timedelta(hours=1))
    before = list(Authenticator.objects.values_list("id", "data"))
    for answer in (client.get(path), client.post(path, {})):
        assert answer.status_code == 403
        assert b"/accounts/2fa/reauthenticate/" in answer.content
    assert list(Authenticator.objects.values_list("id", "data")) == before
    client.post("/accounts/2fa/reauthenticate/", {"code": totp_now()})
    assert client.get(path).status_code == 200


def test_the_first_factor_leads_on_to_its_recovery_codes(client, owner):
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="(\w+)"', page).group(1)
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code}, follow=True)
    assert (answer.status_code, answer.request["PATH_INFO"]) == (
        200,
        "/accounts/2fa/recovery-codes/",
    )
