"""A session's cookie holds a secret that the database does not."""

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from core.actors import Role
from core.sessions import SessionStore, key_of
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


@pytest.fixture
def owner(acme):
    user = acme.people[Role.OWNER]
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert client.get("/keys/").status_code == 200
    return client


def test_cookie_is_stored_as_its_digest_only(owner):
    client = signed_in(owner)
    secret = client.cookies[COOKIE].value
    assert len(secret) == 32
    assert list(Session.objects.values_list("session_key", flat=True)) == [key_of(secret)]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [key_of(secret)]


def test_stored_key_opens_nothing_as_a_cookie(owner):
    signed_in(owner)
    thief = Client()
    thief.cookies[COOKIE] = Session.objects.get().session_key
    assert thief.get("/keys/").headers["Location"].startswith("/accounts/login/")


def test_sign_out_ends_the_session_and_the_cookie(owner):
    client = signed_in(owner)
    kept = client.cookies[COOKIE].value
    client.post("/accounts/logout/")
    assert (client.cookies[COOKIE].value, Session.objects.count()) == ("", 0)
    client.cookies[COOKIE] = kept
    assert client.get("/keys/").status_code == 302


def test_person_sees_and_ends_their_other_sessions(owner):
    here, there = signed_in(owner), signed_in(owner)
    assert UserSession.objects.count() == 2
    here.post("/accounts/sessions/")
    assert here.get("/keys/").status_code == 200
    assert there.get("/keys/").status_code == 302


def test_a_new_password_ends_every_other_session(owner):
    here, there, elsewhere = signed_in(owner), signed_in(owner), signed_in(owner)
    new = "another passphrase 7"
    body = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", body).status_code == 302
    assert [one.get("/keys/").status_code for one in (here, there, elsewhere)] == [200, 302, 302]
    assert Session.objects.count() == 1


def test_cookie_keeps_its_attributes_and_its_secret_when_it_is_renewed(owner):
    client = signed_in(owner)
    secret = client.cookies[COOKIE].value
    store = SessionStore.of_cookie(secret)
    store.set_expiry(3600)
    store["seen"] = 1
    store.save()
    assert client.get("/keys/").status_code == 200
    assert client.cookies[COOKIE].value == secret
    assert client.cookies[COOKIE]["httponly"]
    assert client.cookies[COOKIE]["samesite"] == "Lax"
