"""Scopes: the documented ones, the fine ones they expand to, and what a key may mint."""

DOCUMENTED = (
    "campaigns:read",
    "campaigns:write",
    "content:generate",
    "analytics:read",
    "billing:read",
    "billing:write",
    "webhooks:manage",
    "account:read",
    "account:write",
)
CANONICAL = frozenset(DOCUMENTED) | {
    "ads:read",
    "metrics:read",
    "ads:write:campaigns",
    "ads:write:budgets",
    "ads:write:creative",
    "ads:write:lifecycle",
    "ads:write:pending",
    "ads:write:policy",
    "connect",
    "optimizer_trigger",
    "capi",
    "org:admin",
}
_WRITES = ("ads:write:campaigns", "ads:write:budgets", "ads:write:creative", "ads:write:lifecycle")
EXPANSIONS: dict[str, tuple[str, ...]] = {
    "campaigns:read": ("ads:read",),
    "analytics:read": ("metrics:read",),
    "campaigns:write": _WRITES,
    "ads:write": (*_WRITES, "connect", "optimizer_trigger", "capi"),
}
PERSON_GRANTED = frozenset({"ads:write:pending", "ads:write:policy", "org:admin"})


def expand(scopes: list[str] | tuple[str, ...] | frozenset[str]) -> frozenset[str]:
    """The scopes and everything they imply."""
    implied = (fine for scope in scopes for fine in EXPANSIONS.get(scope, ()))
    return frozenset(scopes) | frozenset(implied)


_READS = ("campaigns:read", "analytics:read", "account:read")
ROLE_SCOPES: dict[str, tuple[str, ...]] = {
    "owner": (*DOCUMENTED, "connect"),
    "admin": (*(scope for scope in DOCUMENTED if scope != "billing:write"), "connect"),
    "buyer": (*_READS, "campaigns:write", "content:generate"),
    "approver": _READS,
    "analyst": _READS,
}


def scopes_of_role(role: str) -> list[str]:
    """The scopes of a key that a person of this role gets by logging in, in documented order."""
    order = (*DOCUMENTED, "connect")
    return sorted(ROLE_SCOPES[role], key=order.index)


def unknown_scopes(scopes: list[str]) -> list[str]:
    """Those that are neither canonical nor a super-scope."""
    return sorted(set(scopes) - CANONICAL - set(EXPANSIONS))


def beyond(scopes: list[str], held: frozenset[str]) -> list[str]:
    """Those of `scopes` that imply more than `held` (already expanded) allows."""
    return sorted(scope for scope in set(scopes) if not expand((scope,)) - _SUPER <= held)


_SUPER = frozenset({"ads:write"})
