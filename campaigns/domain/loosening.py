"""Which changes of a policy loosen it: those may need a second person, tightening never does."""

from collections.abc import Callable, Mapping
from typing import Any

_RANK = {"off": 0, "draft": 1, "auto": 2}


def looser_modes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The axes of `after` that let agents do more than `before`."""
    return {axis: mode for axis, mode in after.items() if _RANK[mode] > _RANK[before[axis]]}


def _amount_rises(before: int | None, after: int | None) -> bool:
    """No amount means that two people are never asked."""
    return before is not None and (after is None or after > before)


_LOOSENS: dict[str, Callable[[Any, Any], bool]] = {
    "undo_window_s": lambda before, after: after < before,
    "approval_expiry_h": lambda before, after: after > before,
    "cooldown_h": lambda before, after: after < before,
    "four_eyes_micros": _amount_rises,
    "second_person": lambda before, after: before and not after,
}
RULES = tuple(_LOOSENS)


def looser_rules(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of deciding in `after` that hold people and agents less than `before`."""
    return {name: after[name] for name in RULES if _LOOSENS[name](before[name], after[name])}


def raises_ceiling(before: int | None, after: int) -> bool:
    """A first ceiling only tightens."""
    return before is not None and after > before
