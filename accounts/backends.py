"""Which person a session belongs to."""

from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import QuerySet

from accounts.models import User
from core.compiled import compiled

COLUMNS = tuple(column.attname for column in User._meta.concrete_fields)


@compiled
def _people(*, pk: UUID) -> QuerySet[Any, Any]:
    return User.objects.filter(pk=pk).values_list(*COLUMNS)


class PersonBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth is untyped
    """allauth's sign-in; the person of a session is read by a statement built once."""

    def get_user(self, user_id: UUID) -> User | None:
        rows = _people(pk=user_id)
        person = User.from_db("default", COLUMNS, rows[0]) if rows else None
        return person if person is not None and self.user_can_authenticate(person) else None
