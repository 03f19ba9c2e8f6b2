"""People of a tenant: invitations, roles, removal. There is always an owner."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.domain.roles import MANAGERS, may_grant, may_manage
from accounts.domain.scopes import ROLE_SCOPES, expand
from accounts.models import Invitation, Membership, Tenant, User
from accounts.queries import INVITATION_BY_TOKEN, get_membership
from accounts.services.evidence import record_audit
from accounts.services.keys import revoke_keys_of
from accounts.services.mail import queue_mail
from accounts.services.registration import (
    Origin,
    check_password_strength,
    confirm_address,
    normalise_email,
    person,
)
from core.actors import Actor, Role
from core.crypto import random_base62, sha256_hex
from core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from core.ids import decode, encode
from core.tenancy import tenant_tx

INVITATION_LIFE = timedelta(days=7)


class LastOwnerError(ConflictError):
    code = "last_owner"
    message = "An organisation keeps at least one owner."
    hint = "Make someone else owner first."


class InvitationDeadError(InvalidError):
    """Used, withdrawn, too old or unknown: one answer."""

    code = "link_expired"
    message = "This invitation has been used, withdrawn or is too old."


def parse_role(text: str) -> Role:
    """A role; raises InvalidError."""
    if text not in set(Role):
        raise InvalidError(_("Unknown role."), field="role")
    return Role(text)


def _require_manager(actor: Actor) -> None:
    if not actor.is_person or actor.role not in MANAGERS:
        raise ForbiddenError(_("Only owners and admins manage the team."), code="role_required")


def _require_grant(actor: Actor, role: Role) -> None:
    _require_manager(actor)
    if not may_grant(actor.role, role):
        raise ForbiddenError(_("Only an owner makes owners."), code="role_required")


def invite(
    actor: Actor,
    *,
    email: str,
    role: Role,
    now: datetime,
    business_ids: Iterable[str] = (),
) -> Invitation:
    """Mail an invitation of 7 days; an older open one to the same address is withdrawn.

    `business_ids` (public ids) limits the membership. Raises ForbiddenError, InvalidError.
    """
    _require_grant(actor, role)
    address = normalise_email(email)
    token = random_base62(40)
    limits = _within_own_limits(actor, [decode("biz", text) for text in business_ids])
    with tenant_tx(actor.tenant_id):
        open_ones = Invitation.objects.filter(email=address, accepted_at=None, revoked_at=None)
        open_ones.update(revoked_at=now)
        invitation: Invitation = Invitation.objects.create(
            tenant_id=actor.tenant_id,
            email=address,
            role=role,
            business_ids=limits,
            token_digest=sha256_hex(token),
            invited_by=actor.id,
            created_at=now,
            expires_at=now + INVITATION_LIFE,
        )
        context = {
            "inviter": actor.label,
            "organisation": Tenant.objects.get(pk=actor.tenant_id).name,
            "role": role,
            "link": f"{settings.PUBLIC_URL}{reverse('invitation')}?token={token}",
        }
        queue_mail("invitation", address, context, now=now)
        _audit(actor, "member.invited", "inv", invitation, now=now, role=role)
    return invitation


def _within_own_limits(actor: Actor, wanted: list[UUID]) -> list[str]:
    """Nobody invites to more businesses than they may see themselves."""
    own = actor.business_ids
    if own is not None and not (wanted and own.issuperset(wanted)):
        raise InvalidError(
            _("Choose among your own businesses."), field="businesses", code="business_bound"
        )
    return [str(one) for one in wanted]


def withdraw_invitation(actor: Actor, public_id: str, *, now: datetime) -> None:
    """Make the mailed link useless."""
    _require_manager(actor)
    with tenant_tx(actor.tenant_id):
        invitation = Invitation.objects.filter(pk=decode("inv", public_id)).first()
        if invitation is None:
            raise NotFoundError
        open_one = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        if open_one.update(revoked_at=now):
            _audit(actor, "member.invitation_withdrawn", "inv", invitation, now=now)


def find_invitation(token: str, *, now: datetime) -> tuple[Invitation, Tenant]:
    """The live invitation behind a mailed link; raises InvitationDeadError."""
    row = INVITATION_BY_TOKEN.one(digest=sha256_hex(token))
    if row is None:
        raise InvitationDeadError
    with tenant_tx(row["tenant_id"], readonly=True):
        found = Invitation.objects.filter(
            pk=row["id"], accepted_at=None, revoked_at=None, expires_at__gt=now
        ).first()
        if found is None:
            raise InvitationDeadError
        return found, Tenant.objects.get(pk=row["tenant_id"])


def accept_as(user: User, token: str, *, origin: Origin, now: datetime) -> Tenant:
    """Join with an existing account of the invited address. Raises InvitationDeadError,
    ForbiddenError.
    """
    invitation, tenant = find_invitation(token, now=now)
    if user.email != invitation.email:
        raise ForbiddenError(
            _("The invitation is for another address."), code="invitation_of_another"
        )
    with tenant_tx(tenant.pk):
        _join(user, invitation, origin=origin, now=now)
    return tenant


def accept_as_new(token: str, details: dict[str, Any], *, origin: Origin, now: datetime) -> User:
    """Make an account for the invited address and join; the link has proven the mailbox.

    `details` holds first_name, last_name, password. Raises InvitationDeadError, InvalidError,
    ConflictError when the address has an account by now.
    """
    invitation, tenant = find_invitation(token, now=now)
    user = User(
        email=invitation.email,
        first_name=details["first_name"],
        last_name=details["last_name"],
        is_claimed=True,
        created_at=now,
    )
    check_password_strength(details["password"], user)
    user.password = make_password(details["password"])
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            with tenant_tx(tenant.pk):
                _join(user, invitation, origin=origin, now=now)
    except IntegrityError as error:
        raise ConflictError(_("This address has an account; sign in first.")) from error
    confirm_address(user, origin=origin, now=now)
    return user


def _join(user: User, invitation: Invitation, *, origin: Origin, now: datetime) -> None:
    used = Invitation.objects.filter(
        pk=invitation.pk, accepted_at=None, revoked_at=None, expires_at__gt=now
    ).update(accepted_at=now)
    if not used:
        raise InvitationDeadError
    membership, made = Membership.objects.get_or_create(
        tenant_id=invitation.tenant_id,
        user=user,
        defaults={
            "role": invitation.role,
            "business_ids": invitation.business_ids,
            "created_at": now,
        },
    )
    actor = person(user, invitation.tenant_id, origin, role=Role(membership.role))
    _audit(actor, "member.joined", "mem", membership, now=now, made=made, role=membership.role)


def change_role(actor: Actor, public_id: str, role: Role, *, now: datetime) -> Membership:
    """Give a member another role; keys of theirs that can do more than it allows are revoked.

    Raises ForbiddenError, LastOwnerError.
    """
    _require_grant(actor, role)
    with tenant_tx(actor.tenant_id):
        owners = _lock_owners()
        membership = get_membership(public_id)
        before = Role(membership.role)
        _require_power_over(actor, membership)
        if before is Role.OWNER and role is not Role.OWNER and owners <= 1:
            raise LastOwnerError
        if before is role:
            return membership
        Membership.objects.filter(pk=membership.pk).update(role=role)
        membership.role = role
        revoked = (
            revoke_keys_of(membership.user_id, allowed=expand(ROLE_SCOPES[role]), now=now)
            if role not in MANAGERS
            else 0
        )
        _audit(
            actor,
            "member.role_changed",
            "mem",
            membership,
            now=now,
            before=before,
            role=role,
            keys_revoked=revoked,
        )
    return membership


def remove_member(actor: Actor, public_id: str, *, now: datetime) -> None:
    """End a membership: the person's next page and their keys' next request are refused."""
    _require_manager(actor)
    with tenant_tx(actor.tenant_id):
        owners = _lock_owners()
        membership = get_membership(public_id)
        _require_power_over(actor, membership)
        if membership.role == Role.OWNER and owners <= 1:
            raise LastOwnerError
        revoked = revoke_keys_of(membership.user_id, allowed=frozenset(), now=now)
        Membership.objects.filter(pk=membership.pk).delete()
        _audit(actor, "member.removed", "mem", membership, now=now, keys_revoked=revoked)


def _require_power_over(actor: Actor, membership: Membership) -> None:
    if not may_manage(actor.role, Role(membership.role)):
        raise ForbiddenError(_("Only an owner changes an owner."), code="role_required")


def _lock_owners() -> int:
    """How many owners there are; they stay locked, so that two cannot leave at once."""
    return len(
        Membership.objects.select_for_update()
        .filter(role=Role.OWNER)
        .order_by("id")
        .values_list("pk", flat=True)
    )


def _audit(  # noqa: PLR0917 - private
    actor: Actor,
    event: str,
    prefix: str,
    row: Membership | Invitation,
    *,
    now: datetime,
    **facts: object,
) -> None:
    email = row.email if isinstance(row, Invitation) else row.user.email
    record_audit(
        actor,
        event,
        now=now,
        target_type="invitation" if prefix == "inv" else "member",
        target_id=encode(prefix, row.pk),
        facts=facts,
        detail={"email": email},
    )
