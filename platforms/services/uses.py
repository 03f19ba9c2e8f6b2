"""Who needs a connection: the rooms above say so, and none of them is imported here."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Use:
    """Something that the platform runs, or that is on its way there, through a connection."""

    public_id: str
    name: str


Finder = Callable[[UUID], list[Use]]
FINDERS: dict[str, Finder] = {}


def register_uses(room: str, finder: Finder) -> None:
    """`finder(connection_id)` runs inside the tenant's scope. A room registers once."""
    if room in FINDERS:
        raise ValueError(f"{room} has a finder")
    FINDERS[room] = finder


def uses_of(connection_id: UUID) -> list[Use]:
    """What nobody could stop any more without the connection's token."""
    return [use for finder in FINDERS.values() for use in finder(connection_id)]
