"""What a Command becomes at a platform: an ordered list of neutral steps."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

CREATE_KINDS = frozenset(
    {"create_campaign", "create_ad_set", "upload_image", "create_creative", "create_ad"}
)
KINDS = CREATE_KINDS | {"update", "set_status"}
OBJECT_TYPES = frozenset({"campaign", "ad_set", "creative", "ad"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """One call to make.

    `params` are JSON values in our own words (money in micros, dates in ISO form, our UUIDs as
    text). `apply` is what our row of `object_id` takes over once the step is done.
    """

    kind: str
    object_type: str
    object_id: UUID
    params: dict[str, Any] = field(default_factory=dict)
    apply: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.object_type not in OBJECT_TYPES:
            raise ValueError(f"unknown step {self.kind} on {self.object_type}")

    @property
    def creates(self) -> bool:
        """Whether the step makes something at the platform that a look-up can find again."""
        return self.kind in CREATE_KINDS
