"""Statements built once never carry a value of one call, or a tenant, into another."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import QuerySet

from accounts.models import Business, User
from core.clock import now
from core.compiled import Text, compiled
from core.ids import new_uuid
from core.tenancy import TenantScopeError, all_tenants, tenant_tx
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@compiled
def _names(
    *, ids: tuple[UUID, ...] | None = None, name: str = "", since: datetime | None = None
) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = Business.objects.order_by("name")
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    if name:
        rows = rows.filter(name=name)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    return rows.values_list("name", "id", "created_at", "is_archived")


def test_each_scope_sees_its_own_rows(acme: Cast, rival: Cast) -> None:
    for cast, word in ((acme, "acme"), (rival, "rival"), (acme, "acme")):
        with tenant_tx(cast.tenant.id):
            assert [row[0] for row in _names()] == [f"{word} live", f"{word} test"]
            assert _names(ids=(acme.test_business.pk, rival.test_business.pk)) == [
                (f"{word} test", cast.test_business.pk, cast.test_business.created_at, False)
            ]


def test_outside_a_scope_it_raises(acme: Cast) -> None:
    with tenant_tx(acme.tenant.id):
        _names()
    with pytest.raises(TenantScopeError):
        _names()
    with all_tenants(), pytest.raises(TenantScopeError):
        _names()


def test_values_of_each_call_are_used(acme: Cast) -> None:
    made = acme.test_business.created_at
    with tenant_tx(acme.tenant.id):
        assert _names(name=Text("acme live"))[0][0] == "acme live"
        assert _names(name=Text("acme test"))[0][0] == "acme test"
        assert _names(name=Text("acme' OR 1=1 --")) == []
        assert len(_names(since=made)) == 2
        assert _names(since=made + timedelta(days=1)) == []
        assert _names(ids=()) == []
        assert _names(ids=(new_uuid(),)) == []


def test_tables_without_a_tenant_need_no_scope(acme: Cast) -> None:
    @compiled
    def mails(*, pk: UUID) -> QuerySet[Any, Any]:
        return User.objects.filter(pk=pk).values_list("email")

    for person in acme.people.values():
        assert mails(pk=person.pk) == [(person.email,)]


def test_a_builder_that_reads_the_clock_itself_is_refused() -> None:
    @compiled
    def late() -> QuerySet[Any, Any]:
        return User.objects.filter(created_at__gt=now()).values_list("pk")

    with pytest.raises(ValueError, match="late does not use its arguments as they are"):
        late()


def test_a_builder_that_leaves_a_value_out_is_refused() -> None:
    @compiled
    def deaf(*, at: datetime) -> QuerySet[Any, Any]:
        return User.objects.filter(created_at=None).values_list("pk")

    with pytest.raises(ValueError, match="deaf does not use its arguments as they are"):
        deaf(at=now())
