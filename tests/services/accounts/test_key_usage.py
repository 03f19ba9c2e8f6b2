"""A key's last use is written once a minute and not on every request."""

from datetime import timedelta

import pytest

from accounts.models import ApiKey
from accounts.services import key_usage
from core.tenancy import tenant_tx
from tests.cast import NOW


@pytest.fixture
def notes(monkeypatch):
    monkeypatch.setattr(key_usage, "_notes", key_usage._Notes())


def last_use(cast):
    with tenant_tx(cast.tenant.id):
        return ApiKey.objects.get(pk=cast.key.pk).last_used_at


def test_use_is_written_after_a_minute_for_every_tenant(acme, rival, notes):
    key_usage.note_use(acme.tenant.id, acme.key.id, now=NOW)
    key_usage.note_use(acme.tenant.id, acme.key.id, now=NOW + timedelta(seconds=30))
    assert last_use(acme) is None
    key_usage.note_use(rival.tenant.id, rival.key.id, now=NOW + timedelta(seconds=60))
    assert last_use(acme) == NOW + timedelta(seconds=30)
    assert last_use(rival) == NOW + timedelta(seconds=60)


def test_use_within_the_minute_costs_no_query(acme, notes, django_assert_num_queries):
    with django_assert_num_queries(0):
        for second in range(59):
            moment = NOW + timedelta(seconds=second)
            key_usage.note_use(acme.tenant.id, acme.key.id, now=moment)
