"""T3: no tenant table answers outside a tenant's scope, by whichever way it is asked."""

import pytest
from django.db import models

from accounts.models import Business
from accounts.rls import tenant_models
from core.tenancy import TenantManager, TenantScopeError, tenant_tx
from tests.cast import NOW

pytestmark = [pytest.mark.bar, pytest.mark.django_db]

WAYS = {
    "all": lambda m: list(m.objects.all()),
    "count": lambda m: m.objects.count(),
    "exists": lambda m: m.objects.exists(),
    "get": lambda m: m.objects.get(pk=None),
    "first": lambda m: m.objects.filter(pk=None).first(),
    "values": lambda m: list(m.objects.values_list("pk")),
    "aggregate": lambda m: m.objects.aggregate(models.Count("pk")),
    "iterator": lambda m: list(m.objects.iterator()),
    "in_bulk": lambda m: m.objects.in_bulk([]),
    "raw": lambda m: list(m.objects.raw("SELECT 1 AS id")),
    "update": lambda m: m.objects.update(tenant_id=None),
    "delete": lambda m: m.objects.all().delete(),
    "create": lambda m: m.objects.create(),
    "bulk_create": lambda m: m.objects.bulk_create([m()]),
    "get_or_create": lambda m: m.objects.get_or_create(pk=None),
    "save": lambda m: m().save(),
    "instance delete": lambda m: m(pk=Business().pk).delete(),
}


def answered(found):
    """The ways of the models that do not raise."""
    open_ways = []
    for model in found:
        for name, way in WAYS.items():
            try:
                way(model)
            except TenantScopeError:
                continue
            except Exception as error:
                open_ways.append(f"{model.__name__}.{name} {type(error).__name__}")
                continue
            open_ways.append(f"{model.__name__}.{name}")
    return open_ways


def test_t3_every_tenant_model_raises_outside_a_scope(db):
    found = tenant_models()
    left = answered(found)
    print(f"BAR T3 {len(found)} tenant models x {len(WAYS)} ways, {len(left)} answer unscoped")
    assert left == []
    assert [m.__name__ for m in found if not isinstance(m._default_manager, TenantManager)] == []


def test_t3_control_a_default_manager_is_found(db, monkeypatch):
    manager = models.Manager()
    manager.model = Business
    monkeypatch.setattr(Business, "objects", manager)
    left = answered([Business])
    print(f"BAR T3 control {len(left)} ways answer with Django's own manager")
    assert len(left) > 0


def test_row_of_another_tenant_cannot_be_written_inside_a_scope(acme, rival):
    foreign = rival.test_business
    with tenant_tx(acme.tenant.id):
        for change in (foreign.save, foreign.delete):
            with pytest.raises(TenantScopeError):
                change()
        with pytest.raises(TenantScopeError):
            Business.objects.create(
                tenant_id=rival.tenant.id, name="x", environment="test", created_at=NOW
            )
    with tenant_tx(rival.tenant.id, readonly=True):
        assert Business.objects.count() == 2


def test_scope_of_another_tenant_cannot_be_opened_inside_one(acme, rival):
    with tenant_tx(acme.tenant.id), pytest.raises(TenantScopeError), tenant_tx(rival.tenant.id):
        pass
