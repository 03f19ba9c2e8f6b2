"""Sessions whose cookie opens nothing for a reader of the database.

The cookie carries a secret; `session_key`, in Django's table and in allauth's list of a person's
sessions, is its digest. Everything but the cookie works with the digest alone.
"""

from datetime import datetime
from typing import Any, Self, override

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.middleware import SessionMiddleware as CookieMiddleware
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from core.clock import now
from core.compiled import Text, compiled
from core.crypto import random_base62, sha256_hex

SECRET_LENGTH = 32
COLUMNS = ("session_key", "session_data", "expire_date")
KEY_LENGTH = 40  # the width of the column: 160 bits of SHA-256


def key_of(secret: str) -> str:
    """The `session_key` of the session that the cookie's secret opens."""
    return sha256_hex(secret)[:KEY_LENGTH]


@compiled
def _unexpired(*, key: str, now: datetime) -> QuerySet[Any, Any]:
    rows = SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=now)
    return rows.values_list(*COLUMNS)


class SessionStore(db.SessionStore):
    """Django's database sessions under the digest of a secret; `secret` is empty where the session
    was loaded by its key.
    """

    secret = ""

    @classmethod
    def of_cookie(cls, secret: str) -> Self:
        """The session that a browser asks for."""
        store = cls(key_of(secret))
        store.secret = secret
        return store

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        """Django's, as a statement built once: every page begins with it."""
        found = _unexpired(key=Text(self.session_key), now=now())
        if not found:
            self._session_key = None
            return None
        session: AbstractBaseSession = self.model.from_db("default", COLUMNS, found[0])
        return session

    def _get_new_session_key(self) -> str:
        self.secret = random_base62(SECRET_LENGTH)
        return key_of(self.secret)


class SessionMiddleware(CookieMiddleware):
    """Django's, with the secret in the cookie instead of the key."""

    @override
    def process_request(self, request: HttpRequest) -> None:
        secret = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = SessionStore.of_cookie(secret) if secret else SessionStore()

    @override
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        cookie = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie is not None and cookie.value:  # an emptied session's cookie has none
            store = request.session
            assert isinstance(store, SessionStore)  # noqa: S101 - made above
            response.cookies[settings.SESSION_COOKIE_NAME] = store.secret
        return response
