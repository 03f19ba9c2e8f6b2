"""POST on an account's edges: campaigns, ad sets, ads, creatives, labels, images, pixels."""

import base64
import binascii
import hashlib
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from platforms.simulator import faults, review
from platforms.simulator.errors import invalid
from platforms.simulator.graph import rules
from platforms.simulator.graph.call import Call
from platforms.simulator.graph.nodes import find_node, given
from platforms.simulator.models import (
    AD,
    ADSET,
    CAMPAIGN,
    CREATIVE,
    LABEL,
    NODE_BASE,
    AdAccount,
    Image,
    Node,
    NodeLabel,
    Pixel,
)
from platforms.simulator.params import creatives, tree
from platforms.simulator.params.common import LabelRef, parse

NOT_DATA = {
    "name",
    "status",
    "adlabels",
    "execution_options",
    "campaign_id",
    "adset_id",
    "creative",
}
MAX_IMAGE = 30 * 1024 * 1024
TIMES = ("start_time", "stop_time", "end_time")


def aware(value: datetime | None, account: AdAccount) -> datetime | None:
    """A time without a zone is meant in the account's."""
    if value is None or value.tzinfo is not None:
        return value
    return value.replace(tzinfo=ZoneInfo(account.timezone))


def fields_of(body: Any, account: AdAccount) -> dict[str, Any]:
    """What an object stores of a body: the fields sent, times with their zone."""
    fields = {key: value for key, value in given(body).items() if key not in NOT_DATA}
    for key in TIMES:
        if fields.get(key):
            moment = aware(getattr(body, key), account)
            fields[key] = moment.isoformat() if moment else None
    return fields


def create_campaign(call: Call, account: AdAccount) -> dict[str, Any]:
    body = parse(tree.CampaignCreate, call.own_params())
    rules.check_budget(body, account)
    start, stop = aware(body.start_time, account), aware(body.stop_time, account)
    rules.check_schedule(start, stop, call.now)
    data = fields_of(body, account)
    if not rules.has_budget(data) and body.is_adset_budget_sharing_enabled is None:
        raise invalid(
            "The parameter is_adset_budget_sharing_enabled must be true or false when the campaign "
            "has no budget.",
            subcode=4834011,
            title="Must Specify Ad Set Budget Sharing",
        )
    data.setdefault("buying_type", body.buying_type)
    node = _new(call, account, kind=CAMPAIGN, body=body, data=data)
    return _saved(node, body, data=data)


def create_ad_set(call: Call, account: AdAccount) -> dict[str, Any]:
    body = parse(tree.AdSetCreate, call.own_params())
    campaign = find_node(call, body.campaign_id, kind=CAMPAIGN)
    _same_account(campaign, account)
    rules.check_open(campaign)
    data = fields_of(body, account)
    check_ad_set(data, body, campaign=campaign, account=account, now=call.now)
    node = _new(call, account, kind=ADSET, body=body, data=data)
    node.parent = campaign
    node.campaign_key = campaign.pk
    return _saved(node, body, data=data)


def check_ad_set(
    data: dict[str, Any],
    body: tree.AdSetBody,
    *,
    campaign: Node,
    account: AdAccount,
    now: datetime,
) -> None:
    """Every rule about an ad set as it would be with `data`; `body` is what the call changes."""
    rules.check_budget(body, account)
    rules.check_one_level(data, campaign)
    start, end = data.get("start_time"), data.get("end_time")
    if body.end_time is not None or body.start_time is not None:
        rules.check_schedule(
            datetime.fromisoformat(start) if start else None,
            datetime.fromisoformat(end) if end else None,
            now,
        )
    rules.check_lifetime_end(data, campaign)
    rules.check_bid(data, campaign)
    rules.check_goal(data, campaign)
    rules.check_promoted(data, account)


def create_creative(call: Call, account: AdAccount) -> dict[str, Any]:
    body = parse(creatives.CreativeCreate, call.own_params())
    check_creative(body, account)
    data = fields_of(body, account)
    return _saved(_new(call, account, kind=CREATIVE, body=body, data=data), body, data=data)


def check_creative(body: creatives.CreativeCreate, account: AdAccount) -> None:
    """A creative tells a story: a page with content, a post, or a feed of assets."""
    story = body.object_story_spec
    if story is None and body.object_story_id is None and body.asset_feed_spec is None:
        raise invalid(
            "The creative needs object_story_spec, object_story_id or asset_feed_spec.",
            subcode=1487194,
            title="Creative Is Incomplete",
        )
    if story is None:
        return
    rules.check_page(story.page_id, account)
    image = story.link_data.image_hash if story.link_data else ""
    if image and not Image.objects.filter(account=account, hash=image).exists():
        raise invalid(f"The image hash {image} is not in the ad account.", subcode=1487242)


def create_ad(call: Call, account: AdAccount) -> dict[str, Any]:
    body = parse(tree.AdCreate, call.own_params())
    ad_set = find_node(call, body.adset_id, kind=ADSET)
    creative = find_node(call, body.creative.creative_id, kind=CREATIVE)
    for relative in (ad_set, creative):
        _same_account(relative, account)
        rules.check_open(relative)
    data = fields_of(body, account)
    node = _new(call, account, kind=AD, body=body, data=data)
    node.parent = ad_set
    node.campaign_key = ad_set.campaign_key
    node.creative_key = creative.pk
    review.start(node, creative, seed=call.world.seed, now=call.now)
    return _saved(node, body, data=data)


def create_label(call: Call, account: AdAccount) -> dict[str, Any]:
    body = parse(tree.LabelCreate, call.own_params("fields"))
    label = _label_named(body.name, account, call.now)
    return {"id": label.graph_id, "name": label.name}


def create_pixel(call: Call, account: AdAccount) -> dict[str, Any]:
    body = parse(tree.PixelCreate, call.own_params())
    return {"id": Pixel.objects.create(account=account, name=body.name).graph_id}


def create_image(call: Call, account: AdAccount) -> dict[str, Any]:
    """Store an image once per content; the answer names it by its file name."""
    uploads = {key: value for key, value in call.params.items() if key.startswith("file:")}
    body = parse(creatives.ImageCreate, call.own_params(*uploads, "filename"))
    images = {}
    for key, upload in uploads.items():
        images[key.removeprefix("file:")] = upload.read()
    if body.bytes is not None:
        images[body.name or "bytes"] = _decoded(body.bytes)
    if not images:
        raise invalid("The parameter bytes is required.")
    return {
        "images": {
            name: _stored(name, raw, account=account, call=call) for name, raw in images.items()
        }
    }


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise invalid("Param bytes must be base64") from error


def _stored(name: str, raw: bytes, *, account: AdAccount, call: Call) -> dict[str, Any]:
    if not raw or len(raw) > MAX_IMAGE:
        raise invalid("The image is empty or too large.", subcode=1487411)
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    row, _ = Image.objects.get_or_create(
        account=account,
        hash=digest,
        defaults={"name": name, "size": len(raw), "created_at": call.now},
    )
    return {"hash": row.hash, "url": image_url(row), "name": row.name}


def image_url(image: Image) -> str:
    """Where an image would be seen."""
    return f"{settings.SIMULATOR_URL}/images/{image.hash}"


def _same_account(node: Node, account: AdAccount) -> None:
    if node.account_id != account.pk:
        raise invalid(f"The object {node.graph_id} belongs to another ad account.")


def _new(call: Call, account: AdAccount, *, kind: str, body: Any, data: dict[str, Any]) -> Node:
    return Node(
        kind=kind,
        account=account,
        name=body.name,
        status=getattr(body, "status", "ACTIVE"),
        data=data,
        created_at=call.now,
        updated_at=call.now,
        shown_at=time.time() + faults.profile().read_lag_s,
    )


def _saved(node: Node, body: Any, *, data: dict[str, Any]) -> dict[str, Any]:
    if "validate_only" in body.execution_options:
        return {"success": True}
    node.data = data
    node.save(force_insert=True)
    label_node(node, body.adlabels)
    return {"id": node.graph_id}


def label_node(node: Node, labels: list[LabelRef]) -> None:
    """Put labels on an object, making those named for the first time."""
    if labels:
        found = {label.pk: label for label in (_label_of(ref, node) for ref in labels)}
        NodeLabel.objects.bulk_create(NodeLabel(node=node, label=one) for one in found.values())


def _label_of(ref: LabelRef, node: Node) -> Node:
    if not ref.id:
        return _label_named(ref.name, node.account, node.created_at)
    key = int(ref.id) - NODE_BASE
    found = Node.objects.filter(pk=key, kind=LABEL, account_id=node.account_id).first()
    if found is None:
        raise invalid(f"The label {ref.id} does not exist.")
    return found


def _label_named(name: str, account: AdAccount, now: datetime) -> Node:
    if not name:
        raise invalid("A label needs an id or a name.")
    found = Node.objects.filter(account=account, kind=LABEL, name=name).order_by().first()
    return found or Node.objects.create(
        account=account, kind=LABEL, name=name, created_at=now, updated_at=now
    )
