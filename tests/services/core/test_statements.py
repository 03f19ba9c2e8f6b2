"""Rows that wait to be inserted together: no read lacks them, none outlives an error."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import UUIDField
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditHead, OutboxEvent
from core.compiled import Compiled
from core.statements import ahead, gathered, insert
from core.tenancy import tenant_tx
from tests.cast import NOW, Cast

POSTGRES = connection.vendor == "postgresql"


def event(cast: Cast, name: str = "x") -> OutboxEvent:
    return OutboxEvent(
        tenant_id=cast.tenant.id,
        business_id=cast.test_business.id,
        environment="test",
        event_type=name,
        payload={"text": "100 % of $1 and %s"},
        created_at=NOW,
    )


def names() -> list[str]:
    return sorted(OutboxEvent.objects.values_list("event_type", flat=True))


def put(*rows: OutboxEvent | AuditHead, then: Exception | None = None) -> None:
    """Insert the rows, which wait for one another, and fail `then`."""
    with gathered():
        for row in rows:
            insert(row)
        if then is not None:
            raise then


def put_in_savepoint(*rows: OutboxEvent | AuditHead, then: Exception | None = None) -> None:
    with transaction.atomic():
        put(*rows, then=then)
        names()


def heads(cast: Cast) -> list[AuditHead]:
    """Two, of which the database takes one."""
    return [AuditHead(tenant_id=cast.tenant.id) for _ in range(2)]


def _by_id(pk):
    return OutboxEvent.objects.filter(pk=pk)


BY_ID: Compiled[OutboxEvent] = Compiled(_by_id, pk=UUIDField())


@pytest.fixture
def cast(acme: Cast) -> Iterator[Cast]:
    with tenant_tx(acme.tenant.id):
        OutboxEvent.objects.all().delete()
        AuditHead.objects.all().delete()
        yield acme


def test_rows_are_one_statement_where_the_database_can(cast):
    with CaptureQueriesContext(connection) as ran, gathered():
        insert(event(cast, "a"))
        insert(AuditHead(tenant_id=cast.tenant.id, seq=7))
        insert(event(cast, "b"))
        assert len(ran) == 0
    assert len(ran) == (1 if POSTGRES else 3)
    assert names() == ["a", "b"]
    assert AuditHead.objects.get().seq == 7
    found = OutboxEvent.objects.get(event_type="a")
    assert found.payload == {"text": "100 % of $1 and %s"}
    assert (found.created_at, found.business_id) == (NOW, cast.test_business.id)


def test_it_is_the_same_without_the_log_of_queries(cast):
    with gathered():
        insert(event(cast, "a"))
        insert(event(cast, "b"))
    assert names() == ["a", "b"]
    assert OutboxEvent.objects.first().payload == {"text": "100 % of $1 and %s"}


def test_reads_and_changes_meanwhile_meet_the_rows(cast):
    with gathered():
        insert(event(cast, "a"))
        assert names() == ["a"]
        row = event(cast, "b")
        insert(row)
        assert [one.event_type for one in BY_ID.rows(pk=row.pk)] == ["b"]
        insert(event(cast, "c"))
        assert OutboxEvent.objects.update(event_type="d") == 3
        with gathered():
            insert(event(cast, "e"))
    assert names() == ["d", "d", "d", "e"]


def test_what_may_go_ahead_leaves_them_waiting(cast):
    row = event(cast)
    with gathered():
        insert(row)
        with ahead():
            assert BY_ID.rows(pk=row.pk) == []
            assert names() == []
        assert names() == ["x"]


def test_an_error_in_the_block_leaves_nothing(acme):
    with tenant_tx(acme.tenant.id):
        before = names()
    with pytest.raises(LookupError), tenant_tx(acme.tenant.id):
        put(event(acme), then=LookupError())
    with tenant_tx(acme.tenant.id):
        assert names() == before
        insert(event(acme, "later"))
        assert names() == sorted([*before, "later"])
    assert connection.execute_wrappers == []


def test_a_refused_row_refuses_all(acme):
    with tenant_tx(acme.tenant.id):
        AuditHead.objects.all().delete()
        before = names()
    with pytest.raises(IntegrityError), tenant_tx(acme.tenant.id):
        put(event(acme, "refused"), *heads(acme))
    with tenant_tx(acme.tenant.id):
        assert (names(), AuditHead.objects.count()) == (before, 0)


def test_a_refused_row_spoils_the_transaction_it_is_caught_in(cast):
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            put(*heads(cast))
        with pytest.raises(transaction.TransactionManagementError):
            AuditHead.objects.count()
        transaction.set_rollback(True)


def test_a_savepoint_takes_its_own_rows_back_alone(cast):
    with gathered():
        insert(event(cast, "kept"))
        with pytest.raises(LookupError):
            put_in_savepoint(event(cast, "undone"), then=LookupError())
        with pytest.raises(IntegrityError):
            put_in_savepoint(*heads(cast))
        put_in_savepoint(event(cast, "too"))
    assert names() == ["kept", "too"]
    assert AuditHead.objects.count() == 0
