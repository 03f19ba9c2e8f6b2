"""Django admin as super-admins get it: rows of all tenants to look at, nothing to write by hand.

What may be done is an action that submits a command or calls a service, as any other face does.
"""

from collections.abc import Callable
from contextvars import Context
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest

from accounts.web import strong_auth_at
from core.actors import Actor, ActorKind, Channel, Role
from core.ids import encode

SECRET_WORDS = ("password", "sealed", "digest", "secret", "token_digest")


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # rows of any model
    """Lists and shows rows through the all-tenants connection, without sealed and hashed values."""

    list_per_page = 50
    show_full_result_count = False
    actions_on_bottom = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.using(settings.ADMIN_DATABASE).all()
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return [field.name for field in self.model._meta.fields if not is_secret(field)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Asked by actions declared with `permissions=["act"]`."""
        return self.has_view_permission(request)


def is_secret(field: "Field[Any, Any]") -> bool:
    """Whether a column holds what opens or proves something."""
    return any(word in field.name for word in SECRET_WORDS)


def super_admin(request: HttpRequest, tenant_id: UUID) -> Actor:
    """The signed-in super-admin at work in one tenant, with an owner's rights there."""
    user: Any = request.user
    user_id = encode("user", user.pk)
    return Actor(
        kind=ActorKind.USER,
        id=user_id,
        tenant_id=tenant_id,
        channel=Channel.ADMIN,
        request_id=getattr(request, "request_id", ""),
        label=str(user.email),
        user_id=user.pk,
        role=Role.OWNER,
        roots=(user_id,),
        strong_auth_at=strong_auth_at(request, user),
    )


def outside_all_tenants[R](work: Callable[[], R]) -> R:
    """Run `work` without the all-tenants context of the admin, so that it may open one tenant's."""
    return Context().run(work)
