"""Credits: a plan's monthly allowance of generations and of research, reserved before the work,
then settled or released. Every function runs inside an open `tenant_tx`.

A credit is one variation or one image, or one collected ad. used + reserved never exceeds what the
plan grants, by one conditional UPDATE, however many ask at once.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from billing.domain.balance import Balance
from billing.models import CreditLedger, CreditReservation, Plan
from billing.queries import TENANTS_WITH_STALE_CREDITS, current_plan, smallest_plan
from core.errors import AppError, ConflictError, NotFoundError
from core.tenancy import TenantScopeError, current_tenant_id, tenant_tx

# kind → the field of Plan that grants it
KINDS = {
    "generation": "generations_per_month",
    "research": "research_credits_per_month",
}
STALE_AFTER = timedelta(hours=24)  # no work takes that long: its process died


class CreditsUsedUpError(AppError):
    """The plan's credits of this month do not cover the request."""

    code = "plan_limit_reached"
    status = 403


def balance(kind: str, now: datetime, *, environment: str = "live") -> Balance:
    """How the open scope's tenant stands this month."""
    ledger = CreditLedger.objects.filter(**_key(kind, now, environment)).first()
    return _balance(kind, current_plan(), ledger)


def reserve(  # noqa: PLR0917 - the clock stands last, as in `settle` and `release`
    kind: str, amount: int, reference: str, now: datetime, *, environment: str = "live"
) -> UUID:
    """Hold `amount` credits (at least 1) for the work `reference`; returns the reservation's id.

    Raises CreditsUsedUpError (403 `plan_limit_reached`), naming the plan that would allow it; then
    nothing is held.
    """
    if amount < 1:
        raise ValueError("at least one credit")
    plan = current_plan()
    ledger = _ledger(kind, now, environment)
    grant: int | None = getattr(plan, KINDS[kind])
    room = CreditLedger.objects.filter(pk=ledger.pk)
    if grant is not None:
        room = room.filter(used__lte=grant - F("reserved") - amount)
    if not room.update(reserved=F("reserved") + amount):
        ledger.refresh_from_db()
        raise _used_up(kind, amount, plan=plan, ledger=ledger)
    made: CreditReservation = CreditReservation.objects.create(
        tenant_id=ledger.tenant_id,
        ledger=ledger,
        amount=amount,
        reference=reference,
        created_at=now,
    )
    return made.pk


def settle(reservation_id: UUID, used: int, now: datetime) -> None:
    """Spend `used` (0 to the amount) of a reservation and give the rest back.

    Settling again with the same number changes nothing. Raises NotFoundError, ConflictError for a
    reservation that was closed otherwise, ValueError for more than was reserved.
    """
    _close(reservation_id, "settled", used=used, now=now)


def release(reservation_id: UUID, now: datetime) -> None:
    """Give a whole reservation back. Releasing again changes nothing; raises as `settle` does."""
    _close(reservation_id, "released", used=0, now=now)


def release_stale(now: datetime) -> int:
    """Give back what dead work holds, in all tenants; called outside a scope. Returns how many."""
    before = now - STALE_AFTER
    count = 0
    for row in TENANTS_WITH_STALE_CREDITS.rows(before=before):
        with tenant_tx(row["tenant_id"]):
            stale = CreditReservation.objects.select_for_update().filter(
                state="open", created_at__lt=before
            )
            for held in stale:
                release(held.pk, now)
                count += 1
    return count


def _close(reservation_id: UUID, state: str, *, used: int, now: datetime) -> None:
    held = CreditReservation.objects.select_for_update().filter(pk=reservation_id).first()
    if held is None:
        raise NotFoundError
    if not 0 <= used <= held.amount:
        raise ValueError(f"{used} of {held.amount} reserved credits")
    if held.state != "open":
        if (held.state, held.used) == (state, used):
            return
        raise ConflictError(_("The reservation is closed already."), code="reservation_closed")
    held.state, held.used, held.closed_at = state, used, now
    held.save(update_fields=["state", "used", "closed_at"])
    CreditLedger.objects.filter(pk=held.ledger_id).update(
        reserved=F("reserved") - held.amount, used=F("used") + used
    )


def _key(kind: str, now: datetime, environment: str) -> dict[str, Any]:
    if kind not in KINDS:
        raise ValueError(f"{kind} is no kind of credit")
    month = now.astimezone(UTC).date().replace(day=1)
    return {"kind": kind, "month": month, "environment": environment}


def _ledger(kind: str, now: datetime, environment: str) -> CreditLedger:
    key, tenant_id = _key(kind, now, environment), current_tenant_id()
    if tenant_id is None:
        raise TenantScopeError("credits belong to one tenant")
    found: CreditLedger | None = CreditLedger.objects.filter(**key).first()
    if found is not None:
        return found
    fresh = CreditLedger(tenant_id=tenant_id, **key)
    CreditLedger.objects.bulk_create([fresh], ignore_conflicts=True)
    made: CreditLedger = CreditLedger.objects.get(**key)
    return made


def _balance(kind: str, plan: Plan, ledger: CreditLedger | None) -> Balance:
    used, reserved = (ledger.used, ledger.reserved) if ledger is not None else (0, 0)
    grant: int | None = getattr(plan, KINDS[kind])
    if grant is None:
        return Balance(None, used, reserved, None)
    granted = max(grant, used + reserved)
    return Balance(granted, used, reserved, granted - used - reserved)


def _used_up(kind: str, amount: int, *, plan: Plan, ledger: CreditLedger) -> CreditsUsedUpError:
    left = _balance(kind, plan, ledger)
    larger = smallest_plan(KINDS[kind], left.used + left.reserved + amount)
    message = _(
        "%(plan)s has %(left)d of %(limit)d %(kind)s credits left this month; %(needed)d needed."
    )
    facts = {
        "plan": plan.name,
        "left": left.remaining,
        "limit": getattr(plan, KINDS[kind]),
        "kind": kind,
        "needed": amount,
    }
    return CreditsUsedUpError(
        message % facts,
        details={
            "field": "credits",
            "kind": kind,
            "plan": plan.slug,
            "limit": facts["limit"],
            "remaining": left.remaining,
            "required": amount,
            "upgrade_to": larger.slug if larger else None,
        },
        hint=_("Ask for fewer, wait for next month, or subscribe to %(plan)s.")
        % {"plan": larger.name if larger else plan.name},
    )
