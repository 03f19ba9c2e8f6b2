"""Bars A1, A2, A3, A10, A12: enumeration, guessing, one success, sessions, second factor."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.hashers import get_hasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import EmailCode, User
from accounts.services import codes, limits, registration
from accounts.services.mail import send_due
from core.actors import Role
from core.crypto import hmac_hex
from core.errors import RateLimitedError
from tests.bars.threads import TOGETHER, race
from tests.cast import NOW, PASSWORD
from tests.routewalk import fill, routes

pytestmark = pytest.mark.bar
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOISE = re.compile(
    rb'req_\w+|nonce="[^"]*"|value="[A-Za-z0-9]{64}"|X-CSRFToken": "[A-Za-z0-9]{64}"'
)


def origin(address: str = "192.0.2.1") -> registration.Origin:
    return registration.Origin(address=address, request_id="req_bar", environment="test")


def unverified(email: str) -> User:
    return User.objects.create(
        email=email, first_name="V", password="!", is_claimed=False, created_at=NOW
    )


def seen(answer) -> tuple[int, str, bytes]:
    """What an onlooker can tell answers apart by."""
    return answer.status_code, answer.get("Location", ""), NOISE.sub(b"", answer.content)


def post_json(path: str, body: dict[str, str]):
    return Client().post(f"/v1{path}", body, content_type="application/json")


def owner_of(cast) -> Client:
    client = Client()
    client.force_login(cast.people[Role.OWNER])
    return client


SIGN_UP = {"first_name": "A", "last_name": "B", "organisation": "C", "password": PASSWORD}
DOORS = {
    "login": lambda email, _: post_json("/auth/login", {"email": email, "password": "wrong"}),
    "verify": lambda email, _: post_json("/auth/verify", {"email": email, "code": "000000"}),
    "resend": lambda email, _: post_json("/auth/verify/resend", {"email": email}),
    "reset": lambda email, _: post_json("/auth/password/reset", {"email": email}),
    "html login": lambda email, _: Client().post(
        "/accounts/login/", {"login": email, "password": "wrong"}
    ),
    "html signup": lambda email, _: Client().post("/accounts/signup/", SIGN_UP | {"email": email}),
    "html reset": lambda email, _: Client().post("/accounts/password/reset/", {"email": email}),
    "invite": lambda email, cast: owner_of(cast).post(
        "/team/invite/", {"email": email, "role": "buyer"}
    ),
}


def test_a1_no_door_tells_a_known_address_from_an_unknown_one(acme, rival):
    known, unknown = rival.people[Role.BUYER].email, "buyer@nobody.example"
    differing = []
    for name, door in DOORS.items():
        answers = [NOISE.sub(b"", seen(door(email, acme))[2]) for email in (known, unknown)]
        bodies = [
            body.replace(email.encode(), b"ADDRESS")
            for body, email in zip(answers, (known, unknown), strict=True)
        ]
        if bodies[0] != bodies[1]:
            differing.append(name)
    assert differing == []
    register = {"email": known, "password": PASSWORD, "first_name": "A", "last_name": "B"}
    documented = [
        post_json("/auth/register", register | {"email": email}).status_code
        for email in (known, "fresh@nobody.example")
    ]
    assert documented == [409, 201]
    print(f"BAR A1 doors={len(DOORS)} differing=0")
    print("BAR A1 control: POST /auth/register, whose 409 is documented, differs")


TABLE = re.compile(r'(?:FROM|INTO|UPDATE) "?(\w+)')
VERB = re.compile(r"\s*(\w+)")
AROUND = ("SAVEPOINT", "RELEASE", "ROLLBACK")


def work_of(door, email, cast, monkeypatch) -> list[str]:
    """What answering costs: each statement's verb and table, and how often a password is hashed.

    What else takes time, rendering and sending mail, happens behind the queue.
    """
    hashed = []
    with monkeypatch.context() as patch, CaptureQueriesContext(connection) as captured:
        hasher = type(get_hasher())
        encode = hasher.encode
        patch.setattr(
            hasher, "encode", lambda *args, **more: hashed.append("hash") or encode(*args, **more)
        )
        door(email, cast)
    statements = [query["sql"] for query in captured.captured_queries]
    return [
        f"{VERB.match(sql)[1]} {(TABLE.search(sql) or ['', ''])[1]}"
        for sql in statements
        if not sql.startswith(AROUND)
    ] + hashed


def test_a1_answering_costs_the_same_for_a_known_address(acme, rival, monkeypatch):
    """Equal work instead of equal time, which no shared machine could show."""
    known, unknown = rival.people[Role.BUYER].email, "buyer@nobody.example"
    differing = {}
    for name, door in DOORS.items():
        door("first@nobody.example", acme)  # what is made on first use
        works = [work_of(door, email, acme, monkeypatch) for email in (known, unknown)]
        if works[0] != works[1]:
            differing[name] = works
    print(f"BAR A1 work: doors={len(DOORS)} differing={len(differing)}")
    assert differing == {}


def test_a1_control_a_mail_for_known_addresses_only_is_found(acme, rival, monkeypatch):
    real = registration.queue_mail

    def only_known(template, to, context, *, now):
        if User.objects.filter(email=to).exists():
            real(template, to, context, now=now)

    monkeypatch.setattr(registration, "queue_mail", only_known)
    addresses = (rival.people[Role.BUYER].email, "buyer@nobody.example")
    works = [work_of(DOORS["resend"], email, acme, monkeypatch) for email in addresses]
    print(f"BAR A1 control a mail for known addresses only: {len(works[0]) - len(works[1])} more")
    assert len(works[0]) > len(works[1])


def attack_one_account(hours: int) -> list[int]:
    """Minutes at which a guess was really compared, for an attacker with endless addresses."""
    compared = []
    user = unverified("victim@example.com")
    for minute in range(hours * 60):
        moment = NOW + timedelta(minutes=minute)
        for attempt in range(3):
            source = origin(f"198.51.{minute % 250}.{attempt}")
            if not EmailCode.objects.filter(user=user, used_at=None, tries__lt=5).exists():
                try:
                    registration.request_code(user.email, origin=source, now=moment)
                    send_due(moment)
                except RateLimitedError:
                    pass
            try:
                registration.verify(user.email, "not-it", origin=source, now=moment)
            except RateLimitedError:
                continue
            except registration.InvalidCodeError:
                compared.append(minute)
    return compared


def test_a2_guessing_one_account_is_bounded(db, monkeypatch):
    compared = attack_one_account(24)
    days = Counter((NOW + timedelta(minutes=minute)).date() for minute in compared)
    hours = Counter((NOW + timedelta(minutes=minute)).replace(minute=0) for minute in compared)
    assert max(days.values()) <= 50
    assert max(hours.values()) <= 20
    only_address = limits.require
    monkeypatch.setattr(limits, "require", lambda pairs, *, now: only_address(pairs[:1], now=now))
    User.objects.all().delete()
    control = len(attack_one_account(1))
    assert control > 50
    print(
        f"BAR A2 one account: max a day={max(days.values())} (<= 50), max an hour="
        f"{max(hours.values())} (<= 20)"
    )
    print(f"BAR A2 control one account, limit per address only: {control} in one hour")


def test_a2_spraying_many_accounts_is_bounded_globally(db):
    compared = 0
    for n in range(1000):
        source = origin(f"203.0.{n % 250}.{n // 250}")
        try:
            registration.verify(f"user{n}@example.com", "123456", origin=source, now=NOW)
        except RateLimitedError:
            continue
        except registration.InvalidCodeError:
            compared += 1
    assert compared == 200
    print(f"BAR A2 many accounts: compared in 5 minutes={compared} of 1000 (<= 200)")


def test_a2_old_codes_are_dead(db):
    user = unverified("victim@example.com")
    first = codes.issue_code(user, now=NOW)
    second = codes.issue_code(user, now=NOW)
    if first != second:
        assert not codes.use_code(user.pk, first, now=NOW)
    assert not codes.use_code(user.pk, second, now=NOW + timedelta(minutes=15))
    assert codes.use_code(user.pk, second, now=NOW + timedelta(minutes=14, seconds=59))
    assert not codes.use_code(user.pk, second, now=NOW)
    third = codes.issue_code(user, now=NOW)
    for _ in range(5):
        assert not codes.use_code(user.pk, "x", now=NOW)
    assert not codes.use_code(user.pk, third, now=NOW)
    assert not EmailCode.objects.filter(digest__contains=third).exists()


def test_a3_right_code_from_64_threads_succeeds_once(committed):
    user = unverified("race@example.com")
    code = codes.issue_code(user, now=NOW)
    won = race(TOGETHER, lambda _: codes.use_code(user.pk, code, now=NOW))
    assert won.count(True) == 1

    digest = hmac_hex("k", code)
    EmailCode.objects.update(used_at=None, tries=0, digest=digest)

    all_have_read = threading.Barrier(16)

    def read_then_save(_: int) -> bool:
        row = EmailCode.objects.order_by("-created_at").get(digest=digest)
        if row.used_at is not None:
            return False
        all_have_read.wait(60)
        row.used_at = NOW
        row.save()
        return True

    control = race(16, read_then_save).count(True)
    assert control == 16
    print("BAR A3 threads=64 successes=1")
    print(f"BAR A3 control read-then-save successes={control} of 16")


def test_a10_cookies_of_an_https_installation_are_hardened():
    script = (
        "import django, json; django.setup(); from django.conf import settings as s;"
        "print(json.dumps([s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE,"
        "s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE]))"
    )
    environment = os.environ | {
        "PUBLIC_URL": "https://ads.example",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [
        "__Host-session",
        "__Host-csrf",
        True,
        True,
        True,
        "Lax",
    ]


def totp_now() -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


@pytest.fixture
def guarded(acme) -> User:
    """The owner with an authenticator app and recovery codes."""
    user = acme.people[Role.OWNER]
    user.set_password(PASSWORD)
    user.save()
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def half_signed_in(user: User) -> Client:
    return half_signed_in_with(user, PASSWORD)


def half_signed_in_with(user: User, password: str) -> Client:
    client = Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": password})
    assert answer.url == "/accounts/2fa/authenticate/"
    return client


def pages() -> list[str]:
    return sorted(
        {
            fill(route.pattern, dict.fromkeys(re.findall(r"<(?:\w+:)?(\w+)>", route.pattern), "x"))
            for route in routes()
            if getattr(route.view, "required_roles", None) is not None
        }
    )


def test_a12_half_a_sign_in_opens_no_page(guarded):
    client = half_signed_in(guarded)
    opened = [
        path
        for path in pages()
        for answer in (client.get(path), client.post(path))
        if not (
            answer.status_code == 405 or answer.get("Location", "").startswith("/accounts/login/")
        )
    ]
    assert len(pages()) > 10
    assert opened == []
    before = client.session.session_key
    answer = client.post("/accounts/2fa/authenticate/", {"code": totp_now()})
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.session.session_key != before
    assert client.get("/accounts/").status_code == 200
    print(f"BAR A12 pages tried with half a sign-in={len(pages())} opened=0")


def test_a12_control_a_sign_in_without_the_second_step_opens_pages(guarded, monkeypatch):
    monkeypatch.setattr(AuthenticateStage, "handle", lambda _stage: (None, True))
    client = Client()
    client.post("/accounts/login/", {"login": guarded.email, "password": PASSWORD})
    opened = [path for path in pages() if client.get(path).status_code == 200]
    print(f"BAR A12 control second step left out: {len(opened)} of {len(pages())} pages open")
    assert len(opened) > 10


def test_a12_totp_and_recovery_codes_work_once(guarded):
    code = totp_now()
    first = half_signed_in(guarded).post("/accounts/2fa/authenticate/", {"code": code})
    again = half_signed_in(guarded).post("/accounts/2fa/authenticate/", {"code": code})
    assert (first.status_code, again.status_code) == (302, 200)
    row = Authenticator.objects.get(user=guarded, type=Authenticator.Type.RECOVERY_CODES)
    spare = RecoveryCodes(row).get_unused_codes()[0]
    first = half_signed_in(guarded).post("/accounts/2fa/authenticate/", {"code": spare})
    again = half_signed_in(guarded).post("/accounts/2fa/authenticate/", {"code": spare})
    assert (first.status_code, again.status_code) == (302, 200)


def test_a12_sixth_guess_in_five_minutes_is_refused_even_if_right(guarded):
    client = half_signed_in(guarded)
    for _ in range(5):
        assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.post("/accounts/2fa/authenticate/", {"code": totp_now()}).status_code == 200
    assert "_auth_user_id" not in client.session


def test_a12_rest_log_in_needs_the_second_factor(guarded):
    body = {"email": guarded.email, "password": PASSWORD}
    refused = post_json("/auth/login", body)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "second_factor_required"
    assert post_json("/auth/login", body | {"otp": totp_now()}).status_code == 200


def test_a12_a_new_password_over_rest_opens_nothing(guarded):
    """Who reads the mail has one factor: no session, no key, and log-in asks for the second."""
    browser = half_signed_in(guarded)
    browser.post("/accounts/2fa/authenticate/", {"code": totp_now()})
    token = codes.reset_token(User.objects.get(pk=guarded.pk))
    body = {"token": token, "password": "fresh words 4 me"}
    done = post_json("/auth/password/reset/confirm", body)
    assert (done.status_code, set(done.json())) == (200, {"message"})
    assert done.cookies == {}
    assert post_json("/auth/password/reset/confirm", body).status_code == 422
    assert browser.get("/accounts/").status_code == 302
    with_new = {"email": guarded.email, "password": "fresh words 4 me"}
    refused = post_json("/auth/login", with_new)
    assert refused.json()["error"]["code"] == "second_factor_required"
    assert half_signed_in_with(guarded, "fresh words 4 me").get("/accounts/").status_code == 302


def test_a12_secrets_of_factors_are_sealed(guarded):
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in stored


def test_a12_fresh_factor_is_totp_or_passkey_not_a_recovery_code(acme, guarded):
    body = {
        "name": "Approver",
        "environment": "live",
        "business_id": "",
        "days": "30",
        "scopes": ["ads:write:pending"],
    }
    by_recovery = half_signed_in(guarded)
    row = Authenticator.objects.get(user=guarded, type=Authenticator.Type.RECOVERY_CODES)
    by_recovery.post(
        "/accounts/2fa/authenticate/", {"code": RecoveryCodes(row).get_unused_codes()[0]}
    )
    refused = by_recovery.post("/keys/", body)
    assert refused.status_code == 403
    assert b"/accounts/2fa/reauthenticate/" in refused.content
    by_totp = half_signed_in(guarded)
    by_totp.post("/accounts/2fa/authenticate/", {"code": totp_now()})
    assert by_totp.post("/keys/", body).status_code == 200
