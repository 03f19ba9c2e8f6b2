"""Tenant scope: managers raise outside it, and a rival's rows are invisible inside it."""

import pytest

from accounts.models import Business
from core.tenancy import TenantScopeError, tenant_tx


def test_business_query_outside_scope_raises(acme):
    with pytest.raises(TenantScopeError):
        Business.objects.count()


def test_business_query_sees_own_rows_only(acme, rival):
    with tenant_tx(acme.tenant.id, readonly=True):
        assert {b.name for b in Business.objects.all()} == {"acme test", "acme live"}
