"""Every operation on an ad account: its scope, its axes, whether it can be taken back.

`docs/operations.csv` says the same by hand, and a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.domain.words import Axis

_C, _T, _S = Axis.CREATIVE, Axis.TACTICAL, Axis.STRUCTURAL
_CAMPAIGNS, _BUDGETS = "ads:write:campaigns", "ads:write:budgets"
_CREATIVE, _LIFECYCLE = "ads:write:creative", "ads:write:lifecycle"
CONTROL_FIELDS = frozenset({"schema_version", "group_id", "supersedes"})


@dataclass(frozen=True, slots=True)
class Operation:
    """`axes` always hold; `field_axes` add those of the fields a command really carries.

    `stops` marks what only ever lowers delivery, `delivery` the kill switch's own commands.
    """

    target_type: str
    scope: str
    axes: frozenset[Axis] = frozenset()
    field_axes: Mapping[str, frozenset[Axis]] = field(default_factory=dict)
    reversible: bool = True
    stops: bool = False
    delivery: bool = False


def _axes(*axes: Axis) -> frozenset[Axis]:
    return frozenset(axes)


_NONE: frozenset[Axis] = frozenset()
CAMPAIGN_FIELDS: dict[str, frozenset[Axis]] = {
    "name": _axes(_S),
    "objective": _axes(_S),
    "platforms": _axes(_C, _T),
    "budget_type": _axes(_T),
    "budget_micros": _axes(_T),
    "currency": _axes(_T),
    "start_date": _axes(_T),
    "end_date": _axes(_T),
    "message": _axes(_C),
    "target_url": _axes(_C),
    "target_location": _axes(_C, _T),
    "product_description": _NONE,
    "audience_description": _NONE,
    "optimization": _NONE,
}

OPERATIONS: dict[str, Operation] = {
    "create_campaign": Operation("campaign", _CAMPAIGNS, _axes(_S)),
    "update_campaign": Operation("campaign", _CAMPAIGNS, field_axes=CAMPAIGN_FIELDS),
    "launch_campaign": Operation("campaign", _LIFECYCLE, _axes(_S), reversible=False),
    "pause_campaign": Operation("campaign", _LIFECYCLE, _axes(_S), stops=True),
    "resume_campaign": Operation("campaign", _LIFECYCLE, _axes(_S)),
    "archive_campaign": Operation("campaign", _LIFECYCLE, _axes(_S), stops=True),
    "set_daily_budget": Operation("campaign", _BUDGETS, _axes(_T)),
    "set_lifetime_budget": Operation("campaign", _BUDGETS, _axes(_T)),
    "set_schedule": Operation("campaign", _CAMPAIGNS, _axes(_T)),
    "create_ad_set": Operation("ad_set", _CAMPAIGNS, _axes(_S), reversible=False),
    "update_ad_set": Operation(
        "ad_set", _CAMPAIGNS, field_axes={"name": _axes(_S), "targeting": _axes(_C, _T)}
    ),
    "set_targeting": Operation("ad_set", _CAMPAIGNS, _axes(_C, _T)),
    "pause_ad_set": Operation("ad_set", _LIFECYCLE, _axes(_S), stops=True),
    "resume_ad_set": Operation("ad_set", _LIFECYCLE, _axes(_S)),
    "archive_ad_set": Operation("ad_set", _LIFECYCLE, _axes(_S), stops=True),
    "create_ad": Operation("ad", _CREATIVE, _axes(_S), reversible=False),
    "update_ad": Operation(
        "ad",
        _CREATIVE,
        field_axes={"name": _axes(_S), "creative": _axes(_C), "generation_id": _NONE},
    ),
    "push_creative": Operation("ad", _CREATIVE, _axes(_C)),
    "pause_ad": Operation("ad", _LIFECYCLE, _axes(_S), stops=True),
    "resume_ad": Operation("ad", _LIFECYCLE, _axes(_S)),
    "archive_ad": Operation("ad", _LIFECYCLE, _axes(_S), stops=True),
    "remove_remains": Operation("campaign", _LIFECYCLE, _axes(_S), reversible=False, stops=True),
    "stop_delivery": Operation("campaign", _LIFECYCLE, stops=True, delivery=True),
    "restore_delivery": Operation("campaign", _LIFECYCLE, delivery=True),
}


BUDGET_FIELDS = frozenset({"budget_type", "budget_micros", "currency"})


def scopes_of(kind: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes one command needs: the operation's own, and that of budgets for an update that
    carries one.
    """
    own = OPERATIONS[kind].scope
    carries = any(payload.get(name) is not None for name in BUDGET_FIELDS)
    return (own, _BUDGETS) if kind == "update_campaign" and carries else (own,)


def axes_of(kind: str, payload: Mapping[str, Any]) -> frozenset[Axis]:
    """The axes of one command: the operation's own and those of every field it carries."""
    operation = OPERATIONS[kind]
    found = set(operation.axes)
    for name, axes in operation.field_axes.items():
        if payload.get(name) is not None:
            found |= axes
    return frozenset(found)
