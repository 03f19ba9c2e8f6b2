"""Credits: reserved, settled, released; never more than the plan grants."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from billing import credits as ledger
from billing.models import CreditLedger, CreditReservation, Subscription
from core.errors import ConflictError, NotFoundError
from core.ids import new_uuid
from core.tenancy import TenantScopeError, tenant_tx
from tests.bars.threads import race
from tests.cast import NOW


def subscribe(cast, plan_id: int) -> None:
    with tenant_tx(cast.tenant.id):
        Subscription.objects.create(
            tenant_id=cast.tenant.id, plan_id=plan_id, status="active", created_at=NOW
        )


def numbers(kind="generation", now=NOW, **more):
    found = ledger.balance(kind, now, **more)
    return found.granted, found.used, found.reserved, found.remaining


@pytest.mark.parametrize(
    ("plan_id", "generations", "research"),
    [(1, 10, 500), (2, 50, 5_000), (3, None, None), (4, 500, 25_000)],
)
def test_each_plan_grants_its_own(acme, plan_id, generations, research):
    subscribe(acme, plan_id)
    with tenant_tx(acme.tenant.id):
        assert numbers() == (generations, 0, 0, generations)
        assert numbers("research") == (research, 0, 0, research)


def test_reserve_settle_release(acme):
    with tenant_tx(acme.tenant.id):
        first = ledger.reserve("generation", 5, "gen_1", now=NOW)
        second = ledger.reserve("generation", 3, "gen_2", now=NOW)
        assert numbers() == (10, 0, 8, 2)
        ledger.settle(first, 4, NOW)
        assert numbers() == (10, 4, 3, 3)
        ledger.release(second, NOW)
        assert numbers() == (10, 4, 0, 6)
        ledger.settle(first, 4, NOW)
        ledger.release(second, NOW)
        assert numbers() == (10, 4, 0, 6)
        assert numbers("research") == (500, 0, 0, 500)
        assert numbers(environment="test") == (10, 0, 0, 10)


def test_more_than_is_left_is_refused_and_names_the_plan(acme):
    with tenant_tx(acme.tenant.id):
        ledger.reserve("generation", 8, "gen_1", now=NOW)
        with pytest.raises(ledger.CreditsUsedUpError) as caught:
            ledger.reserve("generation", 3, "gen_2", now=NOW)
        error = caught.value
        assert (error.status, error.code) == (403, "plan_limit_reached")
        assert error.details == {
            "field": "credits",
            "kind": "generation",
            "plan": "free",
            "limit": 10,
            "remaining": 2,
            "required": 3,
            "upgrade_to": "standard",
        }
        assert error.message == ("Free has 2 of 10 generation credits left this month; 3 needed.")
        assert numbers() == (10, 0, 8, 2)
        assert CreditReservation.objects.count() == 1
        with pytest.raises(ledger.CreditsUsedUpError) as caught:
            ledger.reserve("generation", 493, "gen_3", now=NOW)
        assert caught.value.details["upgrade_to"] == "flexible"


def test_unlimited_counts_without_refusing(acme):
    subscribe(acme, 3)
    with tenant_tx(acme.tenant.id):
        held = ledger.reserve("generation", 100_000, "gen_1", now=NOW)
        ledger.settle(held, 100_000, NOW)
        assert numbers() == (None, 100_000, 0, None)


def test_smaller_plan_grants_nothing_more_but_takes_nothing_back(acme):
    subscribe(acme, 4)
    with tenant_tx(acme.tenant.id):
        ledger.settle(ledger.reserve("generation", 60, "gen_1", now=NOW), 60, NOW)
        Subscription.objects.update(cancelled_at=NOW)
        assert numbers() == (60, 60, 0, 0)
        with pytest.raises(ledger.CreditsUsedUpError):
            ledger.reserve("generation", 1, "gen_2", now=NOW)


def test_month_ends_at_midnight_utc_and_a_late_settlement_counts_where_it_was_held(acme):
    last = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    first = last + timedelta(seconds=1)
    with tenant_tx(acme.tenant.id):
        held = ledger.reserve("generation", 10, "gen_1", now=last)
        assert numbers(now=first) == (10, 0, 0, 10)
        ledger.settle(held, 10, first)
        assert numbers(now=last) == (10, 10, 0, 0)
        assert numbers(now=first) == (10, 0, 0, 10)


def test_closed_foreign_and_wrong_reservations(acme, rival):
    with tenant_tx(acme.tenant.id):
        held = ledger.reserve("generation", 2, "gen_1", now=NOW)
        for used in (-1, 3):
            with pytest.raises(ValueError, match="reserved credits"):
                ledger.settle(held, used, NOW)
        with pytest.raises(NotFoundError):
            ledger.release(new_uuid(), NOW)
        ledger.release(held, NOW)
        with pytest.raises(ConflictError):
            ledger.settle(held, 2, NOW)
        with pytest.raises(ValueError, match="at least one"):
            ledger.reserve("generation", 0, "gen_1", now=NOW)
        with pytest.raises(ValueError, match="no kind"):
            ledger.reserve("gold", 1, "gen_1", now=NOW)
        open_one = ledger.reserve("generation", 1, "gen_3", now=NOW)
    with tenant_tx(rival.tenant.id):
        for call in (ledger.release, lambda key, now: ledger.settle(key, 1, now)):
            with pytest.raises(NotFoundError):
                call(open_one, NOW)
        assert numbers() == (10, 0, 0, 10)
    with pytest.raises(TenantScopeError):
        ledger.balance("generation", NOW)


def test_what_dead_work_holds_is_given_back_after_a_day(acme, rival):
    for cast in (acme, rival):
        with tenant_tx(cast.tenant.id):
            ledger.reserve("generation", 4, "gen_old", now=NOW - timedelta(hours=25))
            ledger.reserve("generation", 2, "gen_new", now=NOW)
    assert ledger.release_stale(NOW) == 2
    assert ledger.release_stale(NOW) == 0
    for cast in (acme, rival):
        with tenant_tx(cast.tenant.id):
            assert numbers() == (10, 0, 2, 8)


@pytest.mark.bar
def test_m4_eight_threads_never_reserve_more_than_the_grant(acme_committed):
    tenant_id = acme_committed.tenant.id
    subscribe(acme_committed, 2)

    def work(number: int) -> int:
        dice, kept = random.Random(number), 0
        for step in range(12):
            amount = dice.randint(1, 3)
            try:
                with tenant_tx(tenant_id):
                    held = ledger.reserve("generation", amount, f"gen_{step}", now=NOW)
            except ledger.CreditsUsedUpError:
                continue
            with tenant_tx(tenant_id):
                if dice.random() < 0.25:
                    ledger.release(held, NOW)
                else:
                    ledger.settle(held, amount, NOW)
                    kept += amount
        return kept

    used = race(8, work)
    with tenant_tx(tenant_id):
        found = ledger.balance("generation", NOW)
        rows = list(CreditReservation.objects.values_list("state", "used"))
    assert sum(used) == found.used == sum(spent for _state, spent in rows) <= 50
    assert (found.granted, found.reserved, found.remaining) == (50, 0, 50 - found.used)
    assert {state for state, _spent in rows} <= {"settled", "released"}
    print(f"BAR M4 8 threads x 12 reservations, used={found.used} of 50, reserved=0, negative=0")


@pytest.mark.bar
def test_m4_control_read_then_write_overdraws(acme_committed):
    """What the conditional UPDATE prevents: every reader sees the same room."""
    tenant_id = acme_committed.tenant.id
    with tenant_tx(tenant_id):
        ledger.settle(ledger.reserve("generation", 5, "gen_0", now=NOW), 5, NOW)
    seen = race(8, lambda _number: _room(tenant_id))
    taken = 0
    for room in seen:
        if room >= 2:
            with tenant_tx(tenant_id):
                CreditLedger.objects.update(used=CreditLedger.objects.get().used + 2)
            taken += 2
    with tenant_tx(tenant_id):
        over = CreditLedger.objects.get().used
    connection.close()
    assert (taken, over) == (16, 21)
    print(f"BAR M4 control read-then-write used={over} of 10")


def _room(tenant_id):
    with tenant_tx(tenant_id, readonly=True):
        return ledger.balance("generation", NOW).remaining
