"""Statements built once answer as the querysets they come from, for the open scope's tenant."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import (
    BooleanField,
    CharField,
    Count,
    JSONField,
    PositiveBigIntegerField,
    QuerySet,
    UUIDField,
)
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditHead, OutboxEvent, Verdict
from campaigns.models import Campaign
from core.compiled import Compiled
from core.ids import new_uuid
from core.statements import insert
from core.tenancy import TenantScopeError, all_tenants, tenant_tx
from tests.cast import NOW, Cast
from tests.services.campaigns.stage import connect, running

HEAD = "f" * 64
BRACKETS = re.compile(r"= \(('[^']*'(?:::uuid)?)\)")  # the ORM sets an expression in brackets


def campaigns(**limits: Any) -> QuerySet[Campaign]:
    rows: QuerySet[Campaign] = Campaign.objects.select_related("business", "ad_account")
    rows = rows.filter(**limits, budget_micros__gt=1).order_by("name")
    return rows.select_for_update(of=("self",), no_key=True)


FOUND = Compiled(
    campaigns,
    pk=UUIDField(),
    status=CharField(),
    name__in=CharField(),
    ad_account__isnull=BooleanField(),
)


def names(status: Any) -> QuerySet[Any]:
    first = Campaign.objects.filter(status=status).values_list("name", "platforms")
    return first.union(Campaign.objects.filter(external_id="2").values_list("name", "platforms"))


def shown(row: Campaign) -> list[dict[str, Any]]:
    account = row.ad_account
    assert account is not None
    return [
        {key: value for key, value in vars(one).items() if key != "_state"}
        for one in (row, row.business, account)
    ]


@pytest.fixture
def two(acme: Cast) -> Iterator[list[Campaign]]:
    account = connect(acme)
    made = [running(acme, account, name=f"C{n}", external_id=str(n)) for n in (1, 2)]
    with tenant_tx(acme.tenant.id):
        yield made


def test_rows_and_statement_are_the_querysets(two):
    FOUND.rows(pk=two[0].pk, status="ACTIVE")
    with CaptureQueriesContext(connection) as ran:
        compiled = FOUND.rows(pk=two[1].pk, status="ACTIVE")
        plain = list(campaigns(pk=two[1].pk, status="ACTIVE"))
        [shown(row) for row in compiled]
    assert [shown(row) for row in compiled] == [shown(row) for row in plain]
    assert len(ran) == 2
    assert BRACKETS.sub(r"= \1", ran[0]["sql"]) == ran[1]["sql"]
    assert compiled[0]._state.adding is False
    assert compiled[0]._state.db == plain[0]._state.db
    compiled[0].name = "Renamed"
    compiled[0].save(update_fields=["name"])
    assert Campaign.objects.get(pk=two[1].pk).name == "Renamed"


def test_a_filter_that_is_left_out_is_another_statement(two):
    assert [row.name for row in FOUND.rows(status="ACTIVE")] == ["C1", "C2"]
    assert [row.name for row in FOUND.rows()] == ["C1", "C2"]
    assert FOUND.rows(status="PAUSED") == []
    assert FOUND.first(status="PAUSED") is None


def test_annotations_and_unions_of_plain_rows(two):
    by_status = Compiled(
        lambda status: Campaign.objects.filter(status=status).annotate(n=Count("id")),
        status=CharField(),
    )
    assert [row.n for row in by_status.rows(status="ACTIVE")] == [1, 1]
    union = Compiled(names, status=CharField())
    union.rows(status="PAUSED")
    assert sorted(union.rows(status="ACTIVE")) == sorted(names("ACTIVE"))


def test_the_tenant_is_always_the_open_scopes(acme, rival):
    heads = Compiled(AuditHead.objects.all)
    for cast in (acme, rival, acme):
        with tenant_tx(cast.tenant.id):
            assert [row.tenant_id for row in heads.rows()] == [
                row.tenant_id for row in AuditHead.objects.all()
            ]
            assert {row.tenant_id for row in heads.rows()} <= {cast.tenant.id}
    foreign = running(acme, connect(acme))
    with tenant_tx(rival.tenant.id):
        assert FOUND.rows(pk=foreign.pk) == []
    with tenant_tx(acme.tenant.id):
        assert [row.pk for row in FOUND.rows(pk=foreign.pk)] == [foreign.pk]


def test_outside_a_tenants_scope_it_raises(acme):
    with pytest.raises(TenantScopeError):
        FOUND.rows(status="ACTIVE")
    with all_tenants(), pytest.raises(TenantScopeError):
        FOUND.rows(status="ACTIVE")
    with pytest.raises(TenantScopeError):
        insert(AuditHead(tenant_id=acme.tenant.id))


def test_a_queryset_without_the_scoped_manager_is_refused(acme):
    unscoped = Compiled(lambda: Campaign._base_manager.all())
    with tenant_tx(acme.tenant.id), pytest.raises(TenantScopeError):
        unscoped.rows()


def test_none_is_refused(acme):
    with tenant_tx(acme.tenant.id), pytest.raises(ValueError, match="status is None"):
        FOUND.rows(status=None)


def test_update_meets_the_scopes_rows_alone(acme, rival):
    move = Compiled(
        lambda: AuditHead.objects.all(),
        update=("seq", "hash"),
        seq=PositiveBigIntegerField(),
        hash=CharField(),
    )
    for cast in (acme, rival):
        with tenant_tx(cast.tenant.id):
            AuditHead.objects.all().delete()
            insert(AuditHead(tenant_id=cast.tenant.id, seq=1))
    with tenant_tx(acme.tenant.id):
        assert move.update(seq=7, hash=HEAD) == 1
        assert AuditHead.objects.values_list("seq", "hash").get() == (7, HEAD)
    with tenant_tx(rival.tenant.id):
        assert AuditHead.objects.values_list("seq", "hash").get() == (1, "0" * 64)


def verdict(cast: Cast) -> Verdict:
    return Verdict(
        tenant_id=cast.tenant.id,
        business_id=cast.test_business.id,
        decision="queue",
        command_kind="set_daily_budget",
        actor_id="key_1",
        input={"axes": ["tactical"], "four_eyes_micros": None, "rise_micros": 10**12},
        input_digest="0" * 64,
        policy_version=1,
        engine_version=1,
        created_at=NOW,
    )


def test_insert_writes_what_bulk_create_writes(acme):
    one, two = verdict(acme), verdict(acme)
    with tenant_tx(acme.tenant.id):
        insert(one)
        Verdict.objects.bulk_create([two])
        assert (one._state.adding, one._state.db) == (False, two._state.db)
        written = [Verdict.objects.values().get(pk=row.pk) for row in (one, two)]
    assert {**written[0], "id": None} == {**written[1], "id": None}
    assert written[0]["id"] != written[1]["id"]


def test_insert_of_nulls_and_of_another_tenants_row(acme, rival):
    event = OutboxEvent(
        tenant_id=acme.tenant.id,
        environment="test",
        event_type="x",
        payload={"text": "100 % of 'it'"},
        created_at=NOW,
    )
    with tenant_tx(acme.tenant.id):
        insert(event)
        found = OutboxEvent.objects.get(pk=event.pk)
        assert (found.payload, found.published_at) == ({"text": "100 % of 'it'"}, None)
    with tenant_tx(rival.tenant.id), pytest.raises(TenantScopeError):
        insert(verdict(acme))


def test_a_refused_insert_spoils_the_transaction(acme):
    with tenant_tx(acme.tenant.id):
        AuditHead.objects.all().delete()
    with tenant_tx(acme.tenant.id), transaction.atomic():
        insert(AuditHead(tenant_id=acme.tenant.id))
        with pytest.raises(IntegrityError):
            insert(AuditHead(tenant_id=acme.tenant.id))
        with pytest.raises(transaction.TransactionManagementError):
            AuditHead.objects.count()
        transaction.set_rollback(True)


def test_a_json_value_is_a_parameter_too(acme):
    wanted = {"a": [1, "%s"]}
    by_payload = Compiled(
        lambda payload: OutboxEvent.objects.filter(payload=payload), payload=JSONField()
    )
    event = OutboxEvent(
        id=new_uuid(),
        tenant_id=acme.tenant.id,
        environment="test",
        event_type="x",
        payload=wanted,
        created_at=NOW,
    )
    with tenant_tx(acme.tenant.id):
        insert(event)
        assert [row.pk for row in by_payload.rows(payload=wanted)] == [event.pk]
        assert by_payload.rows(payload={"a": []}) == []
