"""Which function plans which command; a command without one fails at import."""

from collections.abc import Callable
from typing import Any

from campaigns.commands import COMMANDS, Command
from campaigns.gateway.plan import Plan, Subject
from campaigns.gateway.plan_ads import (
    plan_create_ad,
    plan_create_ad_set,
    plan_update_ad,
    plan_update_ad_set,
)
from campaigns.gateway.plan_campaign import plan_budget, plan_create, plan_schedule, plan_update
from campaigns.gateway.plan_launch import plan_launch
from campaigns.gateway.plan_remains import plan_remove_remains
from campaigns.gateway.plan_status import plan_archive, plan_pause, plan_resume

Planner = Callable[[Any, Subject], Plan]

PLANNERS: dict[str, Planner] = {
    "create_campaign": plan_create,
    "update_campaign": plan_update,
    "launch_campaign": plan_launch,
    "set_daily_budget": plan_budget,
    "set_lifetime_budget": plan_budget,
    "set_schedule": plan_schedule,
    "create_ad_set": plan_create_ad_set,
    "update_ad_set": plan_update_ad_set,
    "set_targeting": plan_update_ad_set,
    "create_ad": plan_create_ad,
    "update_ad": plan_update_ad,
    "push_creative": plan_update_ad,
    "remove_remains": plan_remove_remains,
    "stop_delivery": plan_pause,
    "restore_delivery": plan_resume,
}
for _kind in ("campaign", "ad_set", "ad"):
    PLANNERS[f"pause_{_kind}"] = plan_pause
    PLANNERS[f"resume_{_kind}"] = plan_resume
    PLANNERS[f"archive_{_kind}"] = plan_archive
if PLANNERS.keys() != COMMANDS.keys():
    raise LookupError(f"commands without a plan: {PLANNERS.keys() ^ COMMANDS.keys()}")


def plan_of(command: Command, subject: Subject) -> Plan:
    """The command worked out on its subject; raises InvalidError or ConflictError."""
    return PLANNERS[command.kind](command, subject)
