"""Django's test client puts a session's key into the cookie; ours holds the secret of that key."""

from typing import Any

from django.conf import settings
from django.test.client import ClientMixin

from core.sessions import SessionStore


def _session(client: Any) -> SessionStore:
    """The session of the client's cookie, made where there is none."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    if cookie and cookie.value:
        return SessionStore.of_cookie(cookie.value)
    session = SessionStore()
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.secret
    return session


def install() -> None:
    """For the whole test run."""
    set_cookies = ClientMixin._set_login_cookies

    def with_the_secret(client: Any, request: Any) -> None:
        set_cookies(client, request)
        client.cookies[settings.SESSION_COOKIE_NAME] = request.session.secret

    ClientMixin.session = property(_session)
    ClientMixin._set_login_cookies = with_the_secret
