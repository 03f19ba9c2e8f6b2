"""Who may decide a proposal."""

from collections.abc import Iterable

DECIDES_ALL = frozenset({"owner", "admin", "approver"})


def may_decide(*, is_person: bool, role: str, has_scope: bool, proposer_kind: str) -> bool:
    """Whether the decider's role or granted scope reaches this proposal.

    A buyer decides what no person proposed; an analyst nothing. A key needs `ads:write:pending`.
    """
    if not is_person:
        return has_scope
    return role in DECIDES_ALL or (role == "buyer" and proposer_kind != "user")


def in_chain(
    *, is_person: bool, actor_id: str, roots: Iterable[str], proposer_id: str, chain: Iterable[str]
) -> bool:
    """Whether the decider stands behind the proposal.

    A person does so only by having proposed it: looking at what one's own agent wants is what
    approval is for. A key does with any root in the chain.
    """
    if is_person:
        return actor_id == proposer_id
    return not {actor_id, *roots}.isdisjoint(chain)
