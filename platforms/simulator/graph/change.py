"""POST and DELETE on an object: name, status, budgets, schedule, targeting, creative, labels."""

from datetime import datetime
from typing import Any

from platforms.simulator import review
from platforms.simulator.errors import invalid
from platforms.simulator.graph import rules
from platforms.simulator.graph.call import Call
from platforms.simulator.graph.create import aware, check_ad_set, fields_of, label_node
from platforms.simulator.graph.nodes import find_node
from platforms.simulator.models import (
    AD,
    ADSET,
    ARCHIVED,
    CAMPAIGN,
    CREATIVE,
    DELETED,
    LABEL,
    NODE_BASE,
    Node,
    NodeLabel,
)
from platforms.simulator.params import tree
from platforms.simulator.params.common import parse

BUDGETS = ("daily_budget", "lifetime_budget")
REVIEWED = ("targeting", "optimization_goal", "billing_event", "promoted_object")


def update_node(call: Call, text: str) -> dict[str, Any]:
    """Change an object; the answer is only that it succeeded."""
    node = find_node(call, text)
    model = tree.UPDATES.get(node.kind)
    if model is None:
        raise invalid(f"A {node.kind} cannot be changed.")
    body = parse(model, call.own_params())
    apply_update(node, body, seed=call.world.seed, now=call.now)
    return {"success": True}


def delete_node(call: Call, text: str) -> dict[str, Any]:
    """Delete an object; it stays readable by id."""
    node = find_node(call, text)
    if node.kind == LABEL:
        NodeLabel.objects.filter(label=node).delete()
    node.status = DELETED
    node.updated_at = call.now
    node.save(update_fields=["status", "updated_at"])
    return {"success": True}


def apply_update(node: Node, body: Any, *, seed: int, now: datetime) -> None:
    """Check and store a change of `node`."""
    sent = body.model_fields_set - {"execution_options"}
    _check_state(node, body, sent)
    data = node.data | fields_of(body, node.account)
    for one, other in (BUDGETS, BUDGETS[::-1]):
        if one in sent and getattr(body, one):
            data.pop(other, None)
    _check(node, body, data=data, now=now)
    if "validate_only" in getattr(body, "execution_options", []):
        return
    again = _needs_review(node, data, sent)
    node.data, node.updated_at = data, now
    node.name = (body.name or node.name) if "name" in sent else node.name
    node.status = body.status if "status" in sent else node.status
    node.save()
    if "adlabels" in sent:
        NodeLabel.objects.filter(node=node).delete()
        label_node(node, body.adlabels)
    if again:
        _review_again(node, seed=seed, now=now)


def _check(node: Node, body: Any, *, data: dict[str, Any], now: datetime) -> None:
    if node.kind == CAMPAIGN:
        _check_campaign(node, body, data=data, now=now)
    elif node.kind == ADSET:
        _check_ad_set(node, body, data=data, now=now)
    elif node.kind == AD:
        _check_ad(node, body)


def _check_state(node: Node, body: Any, sent: set[str]) -> None:
    if node.status == DELETED or (node.status == ARCHIVED and not sent <= {"status", "name"}):
        rules.check_open(node)
    if node.status == ARCHIVED and body.status not in (DELETED, ARCHIVED) and "status" in sent:
        rules.check_open(node)


def _check_campaign(
    node: Node, body: tree.CampaignUpdate, *, data: dict[str, Any], now: datetime
) -> None:
    rules.check_budget(body, node.account)
    if body.stop_time is not None:
        start = datetime.fromisoformat(data["start_time"]) if data.get("start_time") else None
        rules.check_schedule(start, aware(body.stop_time, node.account), now)
    if not rules.has_budget(data) or rules.has_budget(node.data):
        return
    with_budget = [
        row for row in Node.objects.filter(parent=node, kind=ADSET) if rules.has_budget(row.data)
    ]
    if with_budget:
        rules.check_one_level(with_budget[0].data, Node(data=data))


def _check_ad_set(
    node: Node, body: tree.AdSetUpdate, *, data: dict[str, Any], now: datetime
) -> None:
    campaign = Node.objects.get(pk=node.campaign_key)
    check_ad_set(data, body, campaign=campaign, account=node.account, now=now)
    if any(data.get(key) != node.data.get(key) for key in BUDGETS):
        rules.note_budget_edit(node, now)


def _check_ad(node: Node, body: tree.AdUpdate) -> None:
    if body.creative is None:
        return
    key = int(body.creative.creative_id) - NODE_BASE
    creative = Node.objects.filter(pk=key, kind=CREATIVE, account_id=node.account_id).first()
    if creative is None:
        raise invalid(f"The creative {body.creative.creative_id} does not exist.")
    rules.check_open(creative)
    node.creative_key = creative.pk


def _needs_review(node: Node, data: dict[str, Any], sent: set[str]) -> bool:
    if node.kind == AD:
        return "creative" in sent
    return node.kind == ADSET and any(data.get(key) != node.data.get(key) for key in REVIEWED)


def _review_again(node: Node, *, seed: int, now: datetime) -> None:
    ads = [node] if node.kind == AD else list(Node.objects.filter(parent=node, kind=AD))
    found = Node.objects.in_bulk({ad.creative_key for ad in ads})
    for ad in ads:
        review.start(ad, found[ad.creative_key], seed=seed, now=now)
        ad.save(update_fields=["reviewed_at", "review_reason"])
