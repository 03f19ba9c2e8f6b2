"""POST /auth/password/reset and its confirmation."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections
from django.test import Client

from accounts.models import ApiKey, AuditEvent, User
from accounts.services import codes, limits
from accounts.services.mail import send_due
from core.actors import Role
from core.clock import now
from core.tenancy import tenant_tx
from tests.cast import PASSWORD

FRESH = "fresh words 4 me"


def post(path, body, address="127.0.0.1"):
    return Client(REMOTE_ADDR=address).post(
        f"/v1/auth/{path}", json.dumps(body), content_type="application/json"
    )


def claimed(cast):
    user = cast.people[Role.OWNER]
    user.set_password(PASSWORD)
    user.save()
    return user


def mailed_token(email):
    assert post("password/reset", {"email": email}).status_code == 200
    mail.outbox.clear()
    assert send_due(now()) == 1
    (message,) = mail.outbox
    (found,) = re.findall(r"^(\w+-\w+-\w+)$", message.body, re.MULTILINE)
    assert f"/accounts/password/reset/key/{found}/" in message.body
    assert found in message.alternatives[0][0]
    return found


def log_in(user, password):
    return post("login", {"email": user.email, "password": password})


def audits(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = AuditEvent.objects.filter(event_type="account.password_reset")
        return [(row.actor_id, row.facts) for row in rows]


def test_a_mailed_token_sets_the_password_once_and_ends_what_the_old_one_opened(acme):
    user = claimed(acme)
    key = log_in(user, PASSWORD).json()["api_key"]
    browser = Client()
    browser.force_login(user)
    assert browser.get("/accounts/").status_code == 200
    token = mailed_token(user.email.upper())
    done = post("password/reset/confirm", {"token": token, "password": FRESH})
    assert done.status_code == 200
    assert done.json() == {
        "message": "The new password holds. Log in with it; other log-ins ended."
    }
    headers = {"Authorization": f"Bearer {key}"}
    assert Client().get("/v1/account/profile", headers=headers).status_code == 401
    assert browser.get("/accounts/").status_code == 302
    assert log_in(user, PASSWORD).status_code == 401
    assert log_in(user, FRESH).status_code == 200
    assert Client().get("/v1/account/profile", headers=acme.headers).status_code == 200
    ((actor, facts),) = audits(acme)
    assert (actor[:5], facts) == ("user_", {"keys_revoked": 1})
    mail.outbox.clear()
    assert send_due(now()) == 1
    assert [(one.to, one.subject) for one in mail.outbox] == [
        ([user.email], "Your password was changed")
    ]
    again = post("password/reset/confirm", {"token": token, "password": "other words 4 me"})
    assert (again.status_code, again.json()["error"]["code"]) == (422, "invalid_token")
    assert log_in(user, FRESH).status_code == 200
    assert len(audits(acme)) == 1


def test_a_weak_password_is_refused_and_the_token_still_holds(acme):
    user = claimed(acme)
    token = mailed_token(user.email)
    refused = post("password/reset/confirm", {"token": token, "password": "short"})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (422, "password")
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert post("password/reset/confirm", {"token": token, "password": FRESH}).status_code == 200


@pytest.mark.parametrize("kind", ["nonsense", "other", "cut", "unclaimed", "inactive", "empty uid"])
def test_every_token_that_does_not_hold_gets_the_same_answer(acme, kind):
    user = claimed(acme)
    token = codes.reset_token(user)
    if kind == "unclaimed":
        User.objects.filter(pk=user.pk).update(is_claimed=False)
    if kind == "inactive":
        User.objects.filter(pk=user.pk).update(is_active=False)
    other = codes.reset_token(acme.people[Role.BUYER])
    sent = {
        "nonsense": "1-none",
        "other": f"{token.partition('-')[0]}-{other.partition('-')[2]}",
        "cut": token[:-1],
        "empty uid": "-",
    }.get(kind, token)
    refused = post("password/reset/confirm", {"token": sent, "password": FRESH})
    error = refused.json()["error"]
    del error["request_id"]
    assert (refused.status_code, error) == (
        422,
        {
            "code": "invalid_token",
            "message": "The token is wrong or no longer valid.",
            "status": 422,
            "details": {},
            "hint": "Ask for a new one with POST /v1/auth/password/reset.",
        },
    )
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert audits(acme) == []


def test_an_unclaimed_account_gets_its_claim_link(acme):
    user = claimed(acme)
    User.objects.filter(pk=user.pk).update(is_claimed=False)
    post("password/reset", {"email": user.email})
    mail.outbox.clear()
    assert (send_due(now()), send_due(now())) == (0, 1)
    assert [one.subject for one in mail.outbox] == ["Take over your Ads Agents account"]


def test_both_doors_are_limited(acme):
    user = claimed(acme)
    answers = [post("password/reset", {"email": user.email}).status_code for _ in range(6)]
    assert answers == [200] * limits.MAIL_PER_USER.count + [429]
    body = {"token": "1-none", "password": FRESH}
    tried = [post("password/reset/confirm", body, "198.51.100.7").status_code for _ in range(31)]
    assert tried == [422] * limits.RESET_PER_ADDRESS.count + [429]
    token = codes.reset_token(user)
    body = {"token": token, "password": FRESH}
    assert post("password/reset/confirm", body, "198.51.100.7").status_code == 429
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_of_many_parallel_confirmations_one_succeeds(acme_committed):
    user = claimed(acme_committed)
    token = codes.reset_token(user)

    def confirm(number):
        try:
            body = {"token": token, "password": f"fresh words {number} me"}
            return post("password/reset/confirm", body).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(confirm, range(8)))
    assert found == [200] + [422] * 7
    assert len(audits(acme_committed)) == 1


def test_keys_that_people_minted_stay(acme):
    user = claimed(acme)
    with tenant_tx(acme.tenant.id, readonly=True):
        before = ApiKey.objects.filter(revoked_at=None).exclude(purpose="login").count()
    token = mailed_token(user.email)
    assert post("password/reset/confirm", {"token": token, "password": FRESH}).status_code == 200
    with tenant_tx(acme.tenant.id, readonly=True):
        after = ApiKey.objects.filter(revoked_at=None).exclude(purpose="login").count()
    assert after == before
