"""K1: after a journey that issues every kind of secret, none stands in tables, cache or log.

Mails hold codes and links on purpose, so they are where the secrets are read from, not searched.
"""

import base64
import io
import json
import logging
import pickle
import re
from datetime import timedelta

import pytest
import structlog
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import Business, User
from accounts.services.mail import send_due
from accounts.services.team import invite
from billing.throttling import PlanThrottle
from config import logs
from core.actors import Actor, ActorKind, Channel, Role
from core.clock import now
from core.crypto import random_base62
from core.ids import decode, encode
from core.tenancy import tenant_tx
from platforms.ports import Token
from platforms.services.grants import store_grant

pytestmark = pytest.mark.bar
PASSWORD = "a long and quiet sentence"
EMAIL = "jane@smith.example"


class Journey:
    """A customer's first day; remembers every secret it was shown."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.token = ""
        self.answers: list[str] = []

    def call(self, method, path, body=None, **headers):
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = Client().generic(
            method, path, json.dumps(body or {}), content_type="application/json", headers=headers
        )
        assert answer.status_code < 300, (path, answer.content)
        return answer.json() if answer.content else {}

    def mailed(self, name, pattern):
        send_due(now())
        found = [m for message in mail.outbox for m in re.findall(pattern, message.body)]
        assert found, [message.body for message in mail.outbox]
        self.secrets[name] = found[-1]
        return found[-1]

    def register(self):
        person = {"email": EMAIL, "password": PASSWORD, "first_name": "Jane", "last_name": "Smith"}
        self.secrets["password"] = PASSWORD
        self.token = self.call("POST", "/v1/auth/register", person)["api_key"]
        self.secrets["registration key"] = self.token
        code = self.mailed("code", r"\b(\d{6})\b")
        self.call("POST", "/v1/auth/verify", {"email": EMAIL, "code": code})
        self.mailed("claim link", r"claim/\?token=(\w+)")

    def keys(self):
        made = self.call("POST", "/v1/auth/keys", {"name": "Agent", "scopes": ["campaigns:read"]})
        self.secrets["minted key"] = made["key"] if "key" in made else made["api_key"]
        turned = self.call("POST", f"/v1/auth/keys/{made['id']}/rotate", {"grace_seconds": 60})
        self.secrets["rotated key"] = turned["key"] if "key" in turned else turned["api_key"]
        login = self.call("POST", "/v1/auth/login", {"email": EMAIL, "password": PASSWORD})
        self.secrets["login key"] = login["api_key"]

    def rooms(self):
        business = self.call("POST", "/v1/account/business", {"name": "Acme"})
        hook = {"url": "https://receiver.example/x", "events": ["campaign.created"]}
        made = self.call("POST", "/v1/webhooks", hook, **{"Idempotency-Key": "first"})
        self.secrets["webhook secret"] = made["secret"]
        body = {"business_id": business["id"]}
        link = self.call("POST", "/v1/platforms/connect", body, **{"Idempotency-Key": "second"})
        self.secrets["connect token"] = link["token"]
        self.call("GET", f"/v1/platforms/facebook/connect/status?token={link['token']}")
        paid = self.call("POST", "/v1/billing/subscribe", {"plan_id": 4})
        self.secrets["checkout token"] = paid["token"]
        Client().get(f"/v1/platforms/facebook/connect/status?token={link['token']}")
        Client().get("/v1/webhooks", headers={"Authorization": f"Bearer {self.token}x"})
        return business["id"]

    def platform(self, business_id):
        user = User.objects.get(email=EMAIL)
        token = "EAA" + random_base62(60)
        self.secrets["platform token"] = token
        with tenant_tx(self.tenant(user)):
            business = Business.objects.get(pk=decode("biz", business_id))
            grant = Token(
                access_token=token,
                expires_at=now() + timedelta(days=60),
                scopes=("ads_management",),
                external_user_id="1",
                external_user_name="Jane",
            )
            store_grant(business, "meta", token=grant, now=now())
        invite(self.person(user), email="bob@smith.example", role=Role.BUYER, now=now())
        self.mailed("invitation", r"invitations/accept/\?token=(\w+)")

    def tenant(self, user):
        from accounts.queries import MEMBERSHIPS_OF_USER

        return MEMBERSHIPS_OF_USER.rows(user_id=user.pk)[0]["tenant_id"]

    def person(self, user):
        return Actor(
            kind=ActorKind.USER,
            id=encode("user", user.pk),
            tenant_id=self.tenant(user),
            channel=Channel.DASHBOARD,
            request_id="req_k1",
            user_id=user.pk,
            role=Role.OWNER,
            strong_auth_at=now().timestamp(),
        )

    def browser(self):
        claim = self.secrets["claim link"]
        client = Client()
        client.get(f"/accounts/claim/?token={claim}")
        User.objects.filter(email=EMAIL).update(is_claimed=True)
        client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        client.get("/keys/")
        self.secrets["session cookie"] = client.cookies[settings.SESSION_COOKIE_NAME].value
        if settings.CSRF_COOKIE_NAME in client.cookies:
            self.secrets["csrf cookie"] = client.cookies[settings.CSRF_COOKIE_NAME].value


def tables():
    """table.column → text of everything in it, seen as the owner."""
    found: dict[str, str] = {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("RESET ROLE")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    raw = bytes(value) if isinstance(value, memoryview | bytes) else None
                    text = raw.decode("latin-1") if raw is not None else str(value)
                    found[f"{table}.{name}"] = found.get(f"{table}.{name}", "") + "\n" + text
        if connection.vendor == "postgresql":
            cursor.execute(f'SET ROLE "{settings.RUNTIME_DB_ROLE}"')
    return found


def cached():
    """All cache entries as text."""
    if not settings.REDIS_URL:
        entries = {**cache._cache}
        return "\n".join(f"{k} {pickle.loads(v)!r} {v!r}" for k, v in entries.items())
    import redis

    store = redis.Redis.from_url(settings.REDIS_URL)
    return "\n".join(f"{key!r} {store.dump(key)!r}" for key in store.scan_iter())


def writings(secret):
    """The secret plain, in hex, and in base64 wherever it may start."""
    raw = secret.encode()
    forms = {secret, raw.hex(), raw.hex().upper()}
    for shift in range(3):
        for encode64 in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode64(b"\x00" * shift + raw).decode().rstrip("=")
            forms.add(text[(0, 2, 3)[shift] : -1])
    return forms


def hits(secrets, places):
    """`secret in place` for every writing of a secret that stands somewhere."""
    found = []
    for name, secret in secrets.items():
        if name == "code":
            pattern = re.compile(rf"(?<![\d.:\w-]){secret}(?![\d\w-])")
            found += [
                f"{name} in {place}" for place, text in places.items() if pattern.search(text)
            ]
            continue
        forms = writings(secret)
        found += [
            f"{name} in {place}"
            for place, text in places.items()
            if any(form in text for form in forms)
        ]
    return sorted(found)


@pytest.fixture
def log_text():
    """What the product's own log handler writes."""
    stream = io.StringIO()
    (handler,) = [h for h in logging.getLogger().handlers if h.name == "stderr"] or [None]
    assert handler is not None
    old = handler.setStream(stream)
    logging.getLogger().setLevel(logging.DEBUG)
    yield stream
    handler.setStream(old)
    logging.getLogger().setLevel(settings.LOG_LEVEL)


@pytest.fixture
def journey(committed, log_text, monkeypatch, settings):
    settings.META_APP_ID, settings.META_APP_SECRET = "1000", "app-secret-of-the-installation"
    monkeypatch.setattr(PlanThrottle, "allow_request", lambda *_args: True)
    walk = Journey()
    walk.secrets["app secret"] = settings.META_APP_SECRET
    walk.register()
    walk.keys()
    business = walk.rooms()
    walk.platform(business)
    walk.browser()
    return walk


def places(log_text):
    return {**tables(), "cache": cached(), "log": log_text.getvalue()}


def test_k1_no_issued_secret_stands_anywhere(journey, log_text):
    searched = places(log_text)
    found = hits(journey.secrets, searched)
    size = sum(len(text) for text in searched.values())
    print(
        f"BAR K1 {len(journey.secrets)} secrets in 8 writings, {len(searched)} columns, cache and "
        f"log of {size} characters: {len(found)} hits"
    )
    assert found == []
    assert len(journey.secrets) >= 13
    assert "Unauthorized" in searched["log"]  # the handler was heard


def test_k1_control_a_logged_header_and_a_plain_column_are_found(journey, log_text, monkeypatch):
    monkeypatch.setattr(logs, "redact", lambda text: text)
    structlog.get_logger("adamant").warning("request", header=f"Bearer {journey.token}")
    User.objects.filter(email=EMAIL).update(
        last_name=base64.b64encode(f"x{journey.secrets['webhook secret']}".encode()).decode()
    )
    found = hits(journey.secrets, places(log_text))
    expected = ["registration key in log", "webhook secret in accounts_user.last_name"]
    print(f"BAR K1 control {len(set(expected) & set(found))} of 2 seeded leaks found")
    assert set(expected) <= set(found)
