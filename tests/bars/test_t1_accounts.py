"""T1 on what belongs to a person: passkeys, apps, codes, sessions, password. Every page below
`/accounts/` is called as nobody and as another tenant's owner, with the person's own ids.
"""

import re
from copy import deepcopy
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.views import EditWebAuthnView
from allauth.usersessions.models import UserSession, UserSessionManager
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache
from django.test import Client
from django.utils.http import int_to_base36
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import OutgoingMail, User
from core.actors import Role
from core.ids import encode
from core.sessions import SessionStore
from tests.bars.matrix import NOISE, rolled_back, snapshot
from tests.cast import PASSWORD
from tests.routewalk import PARAMETER, fill, routes
from tests.world import World, make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
RESET = r"/accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"
PASSKEY = re.compile(r"keys(/|%2F)\d+")
KEYS = "/accounts/2fa/webauthn/keys/<int:pk>/"
# What the person sees of their own there: the walk can find what it looks for.
SHOWN = {
    "/accounts/": "acme",
    "/accounts/sessions/": "acme browser",
    "/accounts/2fa/webauthn/": "acme passkey",
    f"{KEYS}edit/": "acme passkey",
}


def credential(name: str) -> dict[str, Any]:
    """What a registered passkey leaves in its row."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    data = AuthenticatorData.create(
        bytes(32),
        AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT,
        0,
        AttestedCredentialData.create(bytes(16), name.encode(), public),
    )
    answer = {
        "clientDataJSON": websafe_encode(
            CollectedClientData.create("webauthn.create", b"challenge", "http://testserver")
        ),
        "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
    }
    key = websafe_encode(name.encode())
    return {"credential": {"id": key, "rawId": key, "type": "public-key", "response": answer}}


class Person:
    """The owner of one world with every kind of factor and a session."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.user = world.cast.people[Role.OWNER]
        self.user.set_password(PASSWORD)
        self.user.save()
        self.client = Client(headers={"user-agent": f"{name} browser"})
        self.client.post("/accounts/login/", {"login": self.user.email, "password": PASSWORD})
        self.client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        TOTP.activate(self.user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        self.codes = RecoveryCodes.activate(self.user)
        self.passkey = Authenticator.objects.create(
            user=self.user, type="webauthn", data={"name": f"{name} passkey", **credential(name)}
        )

    def marks(self) -> set[str]:
        own = {self.user.email, f"{self.name} browser", f"{self.name} passkey"}
        return own | self.world.marks() | set(self.codes.get_unused_codes())

    def state(self) -> Any:
        """What must not change; a mail may be sent to the person's own mailbox."""
        factors = Authenticator.objects.filter(user=self.user).order_by("pk")
        sessions = UserSession.objects.filter(user=self.user).order_by("pk")
        return (
            snapshot(self.world, without=(OutgoingMail,)),
            list(User.objects.filter(pk=self.user.pk).values_list()),
            list(factors.values_list("pk", "type", "data", "last_used_at")),
            [(row.pk, SessionStore().exists(row.session_key)) for row in sessions],
        )

    def values(self) -> dict[str, str]:
        return {"pk": str(self.passkey.pk)}

    def body(self) -> dict[str, str]:
        """Everything of this person's that a form could carry."""
        return {
            "login": self.user.email, "email": self.user.email, "user": str(self.user.pk),
            "tenant": encode("ten", self.world.cast.tenant.id), "name": "hijacked",
            "id": str(self.passkey.pk), "session": "1", "password": "wrong", "code": "000000",
        }  # fmt: skip


@pytest.fixture
def people(db: None) -> tuple[Person, Person]:
    return Person(make_world("acme"), "acme"), Person(make_world("rival"), "rival")


def patterns() -> list[str]:
    return [route.pattern for route in routes() if route.pattern.startswith("/accounts/")]


def address(pattern: str, values: dict[str, str], whose: Person) -> str:
    if pattern == RESET:
        return f"/accounts/password/reset/key/{int_to_base36(whose.user.pk.int)}-set-password/"
    return fill(pattern, values) if PARAMETER.search(pattern) else pattern


def send(client: Client, method: str, path: str, body: dict[str, str]) -> tuple[int, str]:
    """One request of this session, undone; the answer without what was sent."""
    cache.clear()
    once = Client(raise_request_exception=False, headers={"user-agent": "acme browser"})
    once.cookies = deepcopy(client.cookies)
    response = getattr(once, method)(path, body)
    text = response.content.decode() + response.headers.get("Location", "")
    text = PASSKEY.sub(r"keys\1ID", NOISE.sub("", text))
    for said in sorted({path, *body.values()}, key=len, reverse=True):
        text = text.replace(said, "") if len(said) > 6 else text
    return response.status_code, text


def leaks(client: Client, theirs: Person) -> list[str]:
    """What is wrong when this session must have nothing of that person's."""
    marks, before, problems = theirs.marks(), theirs.state(), []
    for pattern in patterns():
        for method in ("get", "post"):
            with rolled_back():
                path = address(pattern, theirs.values(), theirs)
                body = theirs.body() if method == "post" else {}
                status, text = send(client, method, path, body)
                if seen := [mark for mark in marks if mark in text]:
                    problems.append(f"{method} {pattern} shows {seen[:2]}")
                if status >= 500:
                    problems.append(f"{method} {pattern} answers {status}")
                if theirs.state() != before:
                    problems.append(f"{method} {pattern} changes rows")
                if PARAMETER.search(pattern) and pattern != RESET:
                    missing = address(pattern, {"pk": "999999"}, theirs)
                    if (status, text) != send(client, method, missing, body):
                        problems.append(f"{method} {pattern} tells a foreign id from a missing one")
    return problems


def test_t1_pages_of_a_person_show_nobody_else(people: tuple[Person, Person]) -> None:
    mine, theirs = people
    found = {"another person": leaks(mine.client, theirs), "nobody": leaks(Client(), theirs)}
    print(f"BAR T1 {len(patterns())} pages of a person, {sum(map(len, found.values()))} leaks")
    assert found == {"another person": [], "nobody": []}


def test_t1_pages_of_a_person_show_their_own(people: tuple[Person, Person]) -> None:
    mine, _theirs = people
    shown = {}
    for pattern, mark in SHOWN.items():
        status, text = send(mine.client, "get", address(pattern, mine.values(), mine), {})
        shown[pattern] = (status, mark in text)
    assert shown == dict.fromkeys(SHOWN, (200, True))


def test_t1_control_pages_of_a_person_without_their_filter_leak(
    people: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = people
    every = Authenticator.objects.filter(type="webauthn")
    monkeypatch.setattr(EditWebAuthnView, "get_queryset", lambda _self: every.all())
    monkeypatch.setattr(
        UserSessionManager, "purge_and_list", lambda self, _user: list(self.get_queryset())
    )
    found = leaks(mine.client, theirs)
    assert [one.split(" [")[0] for one in found] == [
        f"get {KEYS}edit/ shows",
        f"get {KEYS}edit/ tells a foreign id from a missing one",
        f"post {KEYS}edit/ changes rows",
        f"post {KEYS}edit/ tells a foreign id from a missing one",
        "get /accounts/sessions/ shows",
    ]
