"""Who a browser is: session and person, read on every page, as statements built once."""

from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from accounts.models import User
from core.clock import now
from core.compiled import Text, compiled

USER_COLUMNS = tuple(column.attname for column in User._meta.concrete_fields)
SESSION_COLUMNS = tuple(column.attname for column in Session._meta.concrete_fields)


@compiled
def _sessions(*, key: str, now: Any) -> QuerySet[Any, Any]:
    rows = Session.objects.filter(session_key=key, expire_date__gt=now)
    return rows.values_list(*SESSION_COLUMNS)


@compiled
def _users(*, pk: UUID) -> QuerySet[Any, Any]:
    return User.objects.filter(pk=pk).values_list(*USER_COLUMNS)


class SessionStore(DatabaseStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Session | None:
        rows = _sessions(key=Text(self.session_key), now=now())
        if not rows:
            self._session_key = None
            return None
        return Session.from_db("default", SESSION_COLUMNS, rows[0])


class PersonBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth is untyped
    """allauth's sign-in."""

    def get_user(self, user_id: UUID) -> User | None:
        rows = _users(pk=user_id)
        person = User.from_db("default", USER_COLUMNS, rows[0]) if rows else None
        return person if person is not None and self.user_can_authenticate(person) else None
