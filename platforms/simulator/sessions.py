"""Who a token speaks for, kept in memory: one process serves this world, and whatever changes
people, tokens or accounts calls `forget()`.
"""

from dataclasses import dataclass

from platforms.simulator.models import AdAccount, Token


@dataclass(frozen=True, slots=True)
class Session:
    """A token and its person's ad accounts by row id."""

    token: Token
    accounts: dict[int, AdAccount]


_known: dict[str, Session] = {}


def find(text: str) -> Session | None:
    """The session of a token, whatever its state; None for an unknown one."""
    session = _known.get(text)
    if session is None:
        token = Token.objects.select_related("person").filter(value=text).first()
        if token is None:
            return None
        accounts = AdAccount.objects.select_related("person").filter(person_id=token.person_id)
        session = _known[text] = Session(token, {row.pk: row for row in accounts})
    return session


def forget() -> None:
    """Read everything anew."""
    _known.clear()
