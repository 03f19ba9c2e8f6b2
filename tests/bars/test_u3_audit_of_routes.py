"""U3: what changes is audited in the same transaction, on every route; without audit nothing
changes.
"""

import pytest
from django.core.cache import cache

from accounts.models import (
    AuditDetail,
    AuditEvent,
    AuditHead,
    IdempotencyRecord,
    OutboxEvent,
    User,
)
from accounts.services import evidence
from billing.throttling import PlanThrottle
from core.tenancy import tenant_tx
from tests.bars.matrix import Caller, rolled_back, snapshot
from tests.routes import ROUTES
from tests.world import make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
EVIDENCE = (AuditEvent, AuditDetail, AuditHead, IdempotencyRecord, OutboxEvent)


@pytest.fixture(autouse=True)
def no_throttle(monkeypatch):
    monkeypatch.setattr(PlanThrottle, "allow_request", lambda *_args: True)


class AuditFailedError(RuntimeError):
    """The audit row could not be written."""


def state(world, *without):
    """All the tenant's rows and its people's."""
    people = world.cast.people.values()
    users = User.objects.filter(pk__in=[user.pk for user in people]).order_by("pk")
    fields = [f.attname for f in User._meta.fields if f.name != "last_login"]
    return snapshot(world, without=without), list(users.values_list(*fields))


def audits(world):
    with tenant_tx(world.cast.tenant.id, readonly=True):
        return AuditEvent.objects.count()


def changing():
    """Rows of unsafe methods whose owner's call is made by a known caller."""
    return [
        key
        for key, row in ROUTES.items()
        if not key.startswith("GET ") and row.calls and row.scope != "public"
    ]


def prepared(key, world):
    """The owner's call, with everything it speaks of built."""
    row = ROUTES[key]
    cache.clear()
    world.rows.clear()
    with tenant_tx(world.cast.tenant.id):
        for kind in (*row.objects.values(), *row.body_objects.values()):
            world.row(kind)
        if row.body:
            row.body(world)
        if row.setup:
            row.setup(world)
        caller = Caller(key, world)
    return lambda: caller.send(token=None if row.scope == "page" else world.token)


def owners_call(key, world):
    """(whether anything but evidence changed, audit rows added); undone."""
    with rolled_back():
        call = prepared(key, world)
        before, rows = state(world, *EVIDENCE), audits(world)
        call()
        return state(world, *EVIDENCE) != before, audits(world) - rows


def test_u3_every_change_leaves_an_audit_row():
    world = make_world("acme")
    results = {key: owners_call(key, world) for key in changing()}
    changed = [key for key, (is_changed, _) in results.items() if is_changed]
    silent = [key for key in changed if results[key][1] < 1]
    rows = sum(added for _, added in results.values())
    print(f"BAR U3 {len(results)} unsafe routes, {len(changed)} changed rows, {len(silent)} silent")
    assert silent == []
    assert rows >= len(changed) > 0


def test_u3_without_audit_nothing_changes(monkeypatch):
    world = make_world("acme")
    broken, calls = [], 0

    def fail(*_args):
        raise AuditFailedError

    for key in changing():
        with rolled_back():
            call = prepared(key, world)
            before = state(world)
            with monkeypatch.context() as patch:
                patch.setattr(evidence, "_locked_head", fail)
                call()
            calls += 1
            if state(world) != before:
                broken.append(key)
    print(f"BAR U3 {calls} calls with the audit failing, {len(broken)} changed something")
    assert broken == []


def test_u3_control_silent_routes_are_found(monkeypatch):
    world = make_world("acme")
    honest = {key: owners_call(key, world) for key in changing()}
    real = evidence.insert

    def forgetful(row):
        if not isinstance(row, AuditEvent | AuditDetail):
            real(row)

    monkeypatch.setattr(evidence, "insert", forgetful)
    silent = [key for key, (changed, added) in honest.items() if changed and added]
    found = [key for key in silent if owners_call(key, world)[1] < 1]
    print(f"BAR U3 control {len(found)} of {len(silent)} routes made silent are found")
    assert found == silent != []
