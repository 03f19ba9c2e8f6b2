"""What every command shares."""

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from campaigns.domain.operations import CONTROL_FIELDS, OPERATIONS, Operation, axes_of
from campaigns.domain.words import Axis
from core.canonical import digest

COMMANDS: dict[str, type["Command"]] = {}


class Command(BaseModel):
    """One intended change as a validated value. Ids are public ids, money is micros.

    `kind` names the class in COMMANDS and in the stored payload; scope, axes and reversibility
    stand in `campaigns.domain.operations`.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: ClassVar[str]
    scope: ClassVar[str]
    axes: ClassVar[frozenset[Axis]]
    reversible: ClassVar[bool]
    target_type: ClassVar[str]

    schema_version: Literal[1] = 1
    group_id: Annotated[str, Field(max_length=64)] = ""
    supersedes: Annotated[str, Field(max_length=64)] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register a concrete command; one without an operation fails at import."""
        kind = cls.__dict__.get("kind")
        if kind is None:
            return
        operation = OPERATIONS[kind]
        cls.scope, cls.axes, cls.reversible = operation.scope, operation.axes, operation.reversible
        cls.target_type = operation.target_type
        COMMANDS[kind] = cls

    @property
    def operation(self) -> Operation:
        return OPERATIONS[self.kind]

    def payload(self) -> dict[str, Any]:
        """The stored and wire form; absent fields stay absent."""
        return self.model_dump(mode="json", exclude_none=True)

    @cached_property
    def changed_axes(self) -> frozenset[Axis]:
        """The axes of this very command: the operation's and its fields'."""
        return axes_of(self.kind, self.payload())

    @cached_property
    def digest(self) -> str:
        """Digest of what is wanted; group and supersedes do not make it another wish."""
        wanted = {k: v for k, v in self.payload().items() if k not in CONTROL_FIELDS}
        return digest({"kind": self.kind, "command": wanted})


def restore(kind: str, payload: dict[str, Any]) -> Command:
    """The command of a stored payload; raises pydantic.ValidationError when it is not one."""
    return COMMANDS[kind].model_validate_json(orjson.dumps(payload))
