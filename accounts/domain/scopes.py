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
# Every scope and what it allows, in the words of the API document.
SCOPE_WORDS = {
    "campaigns:read": "read campaigns, ad sets, ads, proposals and jobs",
    "campaigns:write": "create, change, launch, pause and archive campaigns, ad sets and ads",
    "content:generate": "generate text and images",
    "analytics:read": "read delivery figures and reports",
    "billing:read": "read the plan, its limits and invoices",
    "billing:write": "subscribe and cancel",
    "webhooks:manage": "make and change webhook endpoints",
    "account:read": "read businesses and keys",
    "account:write": "make businesses, change the profile",
    "ads:read": "implied by campaigns:read",
    "metrics:read": "implied by analytics:read",
    "ads:write": "everything campaigns:write allows, and to connect platforms",
    "ads:write:campaigns": "create and change campaigns and ad sets",
    "ads:write:budgets": "change budgets",
    "ads:write:creative": "create ads and change what they show",
    "ads:write:lifecycle": "launch, pause, resume and archive",
    "ads:write:pending": "decide proposals of others; only a person grants it",
    "ads:write:policy": "change the policy; only a person grants it",
    "connect": "connect and disconnect platforms",
    "optimizer_trigger": "start the optimizer",
    "capi": "send conversions",
    "org:admin": "administer the organisation; only an owner grants it",
}
CANONICAL = frozenset(SCOPE_WORDS) - {"ads:write"}
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


# What a person may hand to an app: everything but what only a person gives, and a key never alone.
APP_SCOPES = (CANONICAL | frozenset(EXPANSIONS)) - PERSON_GRANTED
_MANAGERS_MORE = frozenset({"optimizer_trigger", "capi"})


def app_limits(role: str) -> frozenset[str]:
    """The fine scopes that an app holds at most through a person of this role."""
    more = _MANAGERS_MORE if role in ("owner", "admin") else frozenset()
    return (expand(ROLE_SCOPES[role]) | more) & APP_SCOPES


def within(scopes: list[str], held: frozenset[str]) -> list[str]:
    """Those of `scopes` that imply no more than `held` (already expanded), sorted."""
    return sorted(set(scopes) - set(beyond(scopes, held)))


def scopes_of_role(role: str) -> list[str]:
    """The scopes of a key that a person of this role gets by logging in, in documented order."""
    order = (*DOCUMENTED, "connect")
    return sorted(ROLE_SCOPES[role], key=order.index)


def unknown_scopes(scopes: list[str]) -> list[str]:
    """Those that are neither canonical nor a super-scope."""
    return sorted(set(scopes) - CANONICAL - set(EXPANSIONS))


_SUPER = frozenset({"ads:write"})


def beyond(scopes: list[str], held: frozenset[str]) -> list[str]:
    """Those of `scopes` that imply more than `held` (already expanded) allows."""
    return sorted(scope for scope in set(scopes) if not expand((scope,)) - _SUPER <= held)
