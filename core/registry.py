"""What must walk every room: each registers here at start (decisions about personal data)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Person:
    """Whose traces are removed: the user's id and the texts that identify them, lower case."""

    user_id: UUID
    public_id: str
    values: frozenset[str]

    def is_named_in(self, data: Any) -> bool:
        """Whether any identifying text occurs in a JSON value."""
        if isinstance(data, dict):
            return any(self.is_named_in(item) for pair in data.items() for item in pair)
        if isinstance(data, list | tuple):
            return any(self.is_named_in(item) for item in data)
        if not isinstance(data, str):
            return False
        text = data.lower()
        return any(value in text for value in self.values)


Eraser = Callable[[Person], int]
ERASERS: dict[str, Eraser] = {}


def register_eraser(room: str, eraser: Eraser) -> None:
    """`eraser(person)` runs inside each of the person's tenants and returns the number of rows
    it cleaned. A room registers once.
    """
    if room in ERASERS:
        raise ValueError(f"{room} has an eraser")
    ERASERS[room] = eraser
