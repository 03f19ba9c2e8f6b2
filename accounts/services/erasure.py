"""Removing a person: what identifies them goes, the chain of evidence stays and still verifies."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.models import (
    ApiKey,
    AuditDetail,
    EmailCode,
    Invitation,
    Membership,
    OutboxEvent,
    OutgoingMail,
    User,
)
from accounts.queries import MEMBERSHIPS_OF_USER
from accounts.services.evidence import record_audit, record_system_audit
from core.actors import system_actor
from core.ids import encode
from core.registry import ERASERS, Person
from core.tenancy import tenant_tx

SHORTEST_NAME = 2


@dataclass(frozen=True)
class Erased:
    """What an erasure removed."""

    public_id: str
    tenants: int
    details: int


def erase_person(user_id: UUID, *, now: datetime) -> Erased:
    """Erase a person everywhere and end their access; raises User.DoesNotExist.

    Audit rows keep the pseudonymous id, their details with the person's name or address are
    deleted.
    """
    user = User.objects.get(pk=user_id)
    names = (user.email, user.first_name, user.last_name, user.full_name)
    values = frozenset(name.strip().lower() for name in names if len(name.strip()) > SHORTEST_NAME)
    person = Person(user.pk, encode("user", user.pk), values)
    tenants = [row["tenant_id"] for row in MEMBERSHIPS_OF_USER.rows(user_id=user.pk)]
    details = sum(_erase_in_tenant(tenant_id, person, user, now=now) for tenant_id in tenants)
    with transaction.atomic():
        _erase_account(user)
        record_system_audit(
            "person.erased", actor_id="system:erasure", now=now, facts={"user": person.public_id}
        )
    return Erased(person.public_id, len(tenants), details)


def _erase_in_tenant(tenant_id: UUID, person: Person, user: User, *, now: datetime) -> int:
    with tenant_tx(tenant_id):
        ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
        Membership.objects.filter(user=user).delete()
        Invitation.objects.filter(email__iexact=user.email).delete()
        events = OutboxEvent.objects.only("payload").iterator()
        named = [event.pk for event in events if person.is_named_in(event.payload)]
        OutboxEvent.objects.filter(pk__in=named).update(payload={})
        for eraser in ERASERS.values():
            eraser(person)
        deleted = _erase_details(person)
        record_audit(
            system_actor(tenant_id, name="erasure"),
            "person.erased",
            now=now,
            target_type="user",
            target_id=person.public_id,
            facts={"details": deleted},
        )
        return deleted


def _erase_details(person: Person) -> int:
    rows = AuditDetail.objects.select_related("event").iterator()
    doomed = [
        row.pk
        for row in rows
        if row.event.target_id == person.public_id or person.is_named_in(row.data)
    ]
    AuditDetail.objects.filter(pk__in=doomed).delete()
    return len(doomed)


def _erase_account(user: User) -> None:
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=sessions.values("session_key")).delete()
    sessions.delete()
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    EmailCode.objects.filter(user=user).delete()
    OutgoingMail.objects.filter(recipient__iexact=user.email).delete()
    user.email = f"{user.pk.hex}@erased.invalid"
    user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
