"""Objects as Graph prints them: known fields per kind, nested fields, account-zone times."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from platforms.simulator.errors import invalid
from platforms.simulator.graph.nodes import Family
from platforms.simulator.graph.status import effective_status, issues, review_state
from platforms.simulator.models import (
    AD,
    ADSET,
    CAMPAIGN,
    CREATIVE,
    DISAPPROVED,
    LABEL,
    NODE_BASE,
    Node,
)

WORDS = re.compile(r"[\w.]+|[{},()]")
Wanted = dict[str, "Wanted"]


def parse_fields(text: str) -> Wanted:
    """`id,adset{id,name}` as nested names; raises code 100 for a broken expression."""
    stack: list[Wanted] = [{}]
    last = ""
    for word in WORDS.findall(text):
        if word == "{" and last:
            stack.append(stack[-1][last])
            last = ""
        elif word == "}":
            if len(stack) == 1:
                raise invalid("Syntax error in the fields parameter")
            stack.pop()
        elif word not in ",(){":
            last = word
            stack[-1][word] = {}
    if len(stack) != 1:
        raise invalid("Syntax error in the fields parameter")
    return stack[0]


def wanted_fields(params: dict[str, Any]) -> Wanted:
    """The `fields` parameter; `id` alone where there is none."""
    raw = params.get("fields")
    if isinstance(raw, list):
        raw = ",".join(str(part) for part in raw)
    return parse_fields(str(raw)) | {"id": {}} if raw else {"id": {}}


@dataclass
class Scene:
    """What printing needs beside the object."""

    now: datetime
    family: Family
    spent: dict[int, int] = field(default_factory=dict)


Printer = Callable[[Scene, Node], Any]


def stamp(moment: datetime, zone: str) -> str:
    """A time as Graph prints it."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S%z")


def _stored(name: str) -> Printer:
    return lambda _scene, node: node.data.get(name)


def _amount(name: str) -> Printer:
    """Money of a node is printed as text; a budget that is not set is "0"."""
    return lambda _scene, node: str(node.data.get(name) or 0)


def _time(name: str) -> Printer:
    def printer(_scene: Scene, node: Node) -> Any:
        value = node.data.get(name)
        return stamp(datetime.fromisoformat(value), node.account.timezone) if value else None

    return printer


def _silent(_scene: Scene, _node: Node) -> Any:
    return None


def _parent_id(_scene: Scene, node: Node) -> Any:
    return str(NODE_BASE + node.parent_id) if node.parent_id else None


def _campaign_id(_scene: Scene, node: Node) -> Any:
    return str(NODE_BASE + node.campaign_key)


def _start_time(_scene: Scene, node: Node) -> Any:
    value = node.data.get("start_time")
    moment = datetime.fromisoformat(value) if value else node.created_at
    return stamp(moment, node.account.timezone)


def _labels(scene: Scene, node: Node) -> Any:
    found = scene.family.labels(node)
    return [{"id": graph_id, "name": name} for graph_id, name in found] or None


def _feedback(scene: Scene, node: Node) -> Any:
    if review_state(node, scene.now) != DISAPPROVED:
        return None
    code, _, text = node.review_reason.partition(": ")
    return {"global": {code: text}}


def _creative(_scene: Scene, node: Node) -> Any:
    graph_id = str(NODE_BASE + node.creative_key)
    return {"id": graph_id, "creative_id": graph_id}


def _creative_status(_scene: Scene, node: Node) -> Any:
    return "ACTIVE" if node.status == "ACTIVE" else node.status


def _link_data(name: str) -> Printer:
    def printer(_scene: Scene, node: Node) -> Any:
        story = node.data.get("object_story_spec") or {}
        return (story.get("link_data") or {}).get(name)

    return printer


def _effective(scene: Scene, node: Node) -> Any:
    return effective_status(node, scene.family.parents(node), scene.now)


COMMON: dict[str, Printer] = {
    "id": lambda _scene, node: node.graph_id,
    "name": lambda _scene, node: node.name,
    "account_id": lambda _scene, node: node.account.account_id,
    "created_time": lambda _scene, node: stamp(node.created_at, node.account.timezone),
    "updated_time": lambda _scene, node: stamp(node.updated_at, node.account.timezone),
    "adlabels": _labels,
}
STATE: dict[str, Printer] = {
    "status": lambda _scene, node: node.status,
    "configured_status": lambda _scene, node: node.status,
    "effective_status": _effective,
    "issues_info": lambda scene, node: issues(node, scene.now) or None,
    "recommendations": _silent,
}
BUDGET: dict[str, Printer] = {
    "daily_budget": _amount("daily_budget"),
    "lifetime_budget": _amount("lifetime_budget"),
    "budget_remaining": lambda scene, node: str(_remaining(scene, node)),
    "bid_strategy": lambda _scene, node: node.data.get("bid_strategy", "LOWEST_COST_WITHOUT_CAP"),
    "start_time": _start_time,
    "pacing_type": lambda _scene, node: node.data.get("pacing_type", ["standard"]),
    "promoted_object": _stored("promoted_object"),
}


def _remaining(scene: Scene, node: Node) -> int:
    budget = node.data.get("lifetime_budget") or node.data.get("daily_budget") or 0
    return max(0, int(budget) - scene.spent.get(node.pk, 0))


def _each(names: str) -> dict[str, Printer]:
    return {name: _stored(name) for name in names.split()}


FIELDS: dict[str, dict[str, Printer]] = {
    CAMPAIGN: COMMON
    | STATE
    | BUDGET
    | _each("objective buying_type special_ad_categories special_ad_category_country")
    | {
        "stop_time": _time("stop_time"),
        "spend_cap": _stored("spend_cap"),
        "is_adset_budget_sharing_enabled": _stored("is_adset_budget_sharing_enabled"),
        "smart_promotion_type": lambda _scene, _node: "GUIDED_CREATION",
        "source_campaign_id": lambda _scene, _node: "0",
    },
    ADSET: COMMON
    | STATE
    | BUDGET
    | _each(
        "targeting billing_event optimization_goal bid_amount destination_type attribution_spec "
        "dsa_beneficiary dsa_payor is_dynamic_creative daily_min_spend_target daily_spend_cap "
        "adset_schedule frequency_control_specs regional_regulated_categories"
    )
    | {
        "campaign_id": _campaign_id,
        "campaign": _silent,
        "end_time": _time("end_time"),
        "learning_stage_info": _silent,
        "source_adset_id": lambda _scene, _node: "0",
    },
    AD: COMMON
    | STATE
    | _each("conversion_domain tracking_specs")
    | {
        "adset_id": _parent_id,
        "campaign_id": _campaign_id,
        "adset": _silent,
        "campaign": _silent,
        "creative": _creative,
        "ad_review_feedback": _feedback,
        "preview_shareable_link": _silent,
        "source_ad_id": lambda _scene, _node: "0",
    },
    CREATIVE: {key: value for key, value in COMMON.items() if not key.endswith("_time")}
    | _each(
        "object_story_spec asset_feed_spec degrees_of_freedom_spec url_tags instagram_user_id "
        "authorization_category contextual_multi_ads"
    )
    | {
        "status": _creative_status,
        "title": _link_data("name"),
        "body": _link_data("message"),
        "link_url": _link_data("link"),
        "image_hash": _link_data("image_hash"),
        "call_to_action_type": lambda _scene, node: _call_to_action(node),
        "object_type": lambda _scene, _node: "SHARE",
        "object_story_id": _stored("object_story_id"),
        "effective_object_story_id": _stored("object_story_id"),
        "thumbnail_url": _silent,
        "image_url": _silent,
    },
    LABEL: {
        "id": COMMON["id"],
        "name": COMMON["name"],
        "created_time": COMMON["created_time"],
        "updated_time": COMMON["updated_time"],
        "account": lambda _scene, node: {"id": node.account.graph_id},
    },
}
RELATIVES = {"campaign": "campaign_key", "adset": "parent_id", "creative": "creative_key"}
TYPE_NAMES = {
    CAMPAIGN: "Campaign",
    ADSET: "AdSet",
    AD: "Ad",
    CREATIVE: "AdCreative",
    LABEL: "AdLabel",
}


def _call_to_action(node: Node) -> Any:
    story = node.data.get("object_story_spec") or {}
    return ((story.get("link_data") or {}).get("call_to_action") or {}).get("type")


def check_fields(kind: str, wanted: Wanted) -> None:
    """Raise code 100 for a field the kind does not have, nested ones included."""
    for name, inner in wanted.items():
        if name not in FIELDS[kind]:
            raise unknown_field(name, TYPE_NAMES[kind])
        if inner and name in RELATIVES:
            check_fields(name, inner)


def unknown_field(name: str, type_name: str) -> Exception:
    return invalid(f"Tried accessing nonexisting field ({name}) on node type ({type_name})")


def show(scene: Scene, node: Node, wanted: Wanted) -> dict[str, Any]:
    """One object with the wanted fields; fields without a value are left out."""
    printers = FIELDS[node.kind]
    shown: dict[str, Any] = {}
    for name, inner in wanted.items():
        value = _relative(scene, node, name=name, inner=inner) if name in RELATIVES else None
        if value is None:
            value = printers[name](scene, node)
        if value is not None:
            shown[name] = value
    return shown


def _relative(scene: Scene, node: Node, *, name: str, inner: Wanted) -> Any:
    key = getattr(node, RELATIVES[name])
    if not key or (name == "creative" and not inner):
        return None
    if not inner:
        return {"id": str(NODE_BASE + key)}
    relative = scene.family.one(key)
    return show(scene, relative, inner | {"id": {}}) if relative else None
