"""Roles: who may give, change or take away which."""

from accounts.domain.scopes import ROLE_SCOPES, expand
from core.actors import Role

RANK = {Role.ANALYST: 0, Role.APPROVER: 1, Role.BUYER: 1, Role.ADMIN: 2, Role.OWNER: 3}
MANAGERS = frozenset({Role.OWNER, Role.ADMIN})


def may_grant(giver: Role | None, role: Role) -> bool:
    """Owners give every role, admins every one but owner."""
    return giver is Role.OWNER or (giver is Role.ADMIN and role is not Role.OWNER)


def may_manage(manager: Role | None, member: Role) -> bool:
    """Whose role a person may change or take: owners anyone's, admins anyone's but an owner's."""
    return may_grant(manager, member)


def roles_with(scope: str) -> tuple[Role, ...]:
    """The roles whose people may do what a key needs this scope for."""
    return tuple(role for role in Role if scope in expand(ROLE_SCOPES[str(role)]))
