"""How risky a proposal is, computed here and never by its proposer."""

from collections.abc import Mapping
from typing import Any

HIGH = frozenset({"starts_spending", "budget_up_half", "takes_most_headroom", "four_eyes"})
MEDIUM = frozenset({"budget_up", "restarts_learning", "irreversible", "stops_delivery"})
_LEARNING = frozenset({"targeting", "platforms", "creative", "creative_id", "budget_type"})


def assess(
    *,
    kind: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reversible: bool,
    stops: bool,
    rise_micros: int,
    headroom_micros: int | None,
    four_eyes: bool,
) -> tuple[str, list[str]]:
    """Level (low, medium, high) and the reasons for it, worst first."""
    reasons = []
    if after.get("status") == "ACTIVE" and before.get("status") != "ACTIVE":
        reasons.append("starts_spending")
    if four_eyes:
        reasons.append("four_eyes")
    if headroom_micros is not None and rise_micros * 5 > headroom_micros * 4:
        reasons.append("takes_most_headroom")
    reasons += _budget(before, after)
    if _LEARNING & after.keys() and before:
        reasons.append("restarts_learning")
    if not reversible:
        reasons.append("irreversible")
    if stops and kind != "stop_delivery":
        reasons.append("stops_delivery")
    found = set(reasons)
    level = "high" if found & HIGH else "medium" if found & MEDIUM else "low"
    return level, reasons


def _budget(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = before.get("budget_micros"), after.get("budget_micros")
    if not old or not new or new <= old:
        return []
    return ["budget_up_half"] if new * 2 >= old * 3 else ["budget_up"]
