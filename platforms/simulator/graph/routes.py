"""Which call does what: path and method to handler."""

from collections.abc import Callable
from typing import Any

from platforms.simulator import oauth
from platforms.simulator.errors import GraphError, invalid, not_found
from platforms.simulator.graph import create, insights, plain, reports
from platforms.simulator.graph.call import Call
from platforms.simulator.graph.change import delete_node, update_node
from platforms.simulator.graph.edges import list_nodes
from platforms.simulator.graph.insights import SCOPE
from platforms.simulator.graph.nodes import Family, find_account, find_node
from platforms.simulator.graph.present import Scene, check_fields, show, wanted_fields
from platforms.simulator.models import (
    AD,
    ADSET,
    CAMPAIGN,
    CREATIVE,
    LABEL,
    NODE_BASE,
    PAGE_BASE,
    PIXEL_BASE,
    AdAccount,
    Node,
    Page,
    Pixel,
)
from platforms.simulator.params.common import parse
from platforms.simulator.params.lists import LabelQuery

Answer = dict[str, Any]
AccountHandler = Callable[[Call, AdAccount], Answer]

KIND_OF_EDGE = {
    "campaigns": CAMPAIGN,
    "adsets": ADSET,
    "ads": AD,
    "adcreatives": CREATIVE,
    "adlabels": LABEL,
}
ACCOUNT_POSTS: dict[str, AccountHandler] = {
    "campaigns": create.create_campaign,
    "adsets": create.create_ad_set,
    "ads": create.create_ad,
    "adcreatives": create.create_creative,
    "adimages": create.create_image,
    "adlabels": create.create_label,
    "adspixels": create.create_pixel,
}
CHILDREN = {
    (CAMPAIGN, "adsets"): ADSET,
    (CAMPAIGN, "ads"): AD,
    (ADSET, "ads"): AD,
    (CREATIVE, "ads"): AD,
}
READ_ROOTS: dict[str, Callable[[Call], Answer]] = {
    "oauth/access_token": oauth.exchange,
    "debug_token": oauth.debug_token,
    "me": lambda call: plain.show_row(call, call.person, default="name"),
    "me/adaccounts": lambda call: plain.list_rows(
        call, AdAccount.objects.select_related("person").filter(person=call.person)
    ),
    "me/accounts": lambda call: plain.list_rows(
        call, Page.objects.filter(person=call.person), default="name"
    ),
    "me/permissions": oauth.permissions,
}


def answer(call: Call) -> Answer:
    """The answer to a call; raises GraphError."""
    path = "/".join(call.parts)
    if path == "oauth/access_token" and call.method == "POST":
        return oauth.exchange(call)
    _ = call.token if path not in ("oauth/access_token", "debug_token") else None
    if call.method == "GET" and path in READ_ROOTS:
        return READ_ROOTS[path](call)
    if not call.parts or len(call.parts) > 2:
        raise invalid(f"Unknown path components: /{path}", subcode=2500)
    if call.method not in ("GET", "POST", "DELETE"):
        raise GraphError("Unsupported request - method type: " + call.method.lower())
    _check_scope(call)
    if call.parts[0].startswith("act_"):
        return _account(call)
    return _object(call)


def _check_scope(call: Call) -> None:
    """Changes need ads_management, reads that or ads_read; raises code 200."""
    reads = call.method == "GET" or call.parts[-1] == "insights"
    enough = {"ads_management", "ads_read"} if reads else {"ads_management"}
    if not enough & set(call.token.scopes):
        raise GraphError(
            f"(#200) The permission {'ads_read' if reads else 'ads_management'} was not granted",
            code=200,
            status=403,
        )


def _account(call: Call) -> Answer:
    account = find_account(call, call.parts[0])
    edge = call.parts[1] if len(call.parts) == 2 else ""
    if call.method == "POST" and edge in ACCOUNT_POSTS:
        return ACCOUNT_POSTS[edge](call, account)
    if edge == "insights" and call.method in ("GET", "POST"):
        return _insights(call, account, None)
    if call.method == "GET":
        return _account_read(call, account, edge)
    raise not_found(call.parts[0], call.method.lower())


def _insights(call: Call, account: AdAccount, target: Node | None) -> Answer:
    handler = reports.start if call.method == "POST" else insights.insights
    return handler(call, account, target)


def _account_read(call: Call, account: AdAccount, edge: str) -> Answer:
    if not edge:
        return plain.show_row(call, account)
    rows = Node.objects.filter(account=account)
    if edge in KIND_OF_EDGE:
        return list_nodes(call, rows, kind=KIND_OF_EDGE[edge])
    kind = KIND_OF_EDGE.get(edge.removesuffix("bylabels"))
    kind = kind or KIND_OF_EDGE.get(f"{edge.removesuffix('bylabels')}s")
    if edge.endswith("bylabels") and kind:
        return list_nodes(call, rows, kind=kind, model=LabelQuery)
    if edge == "adspixels":
        return plain.list_rows(
            call, Pixel.objects.select_related("account").filter(account=account)
        )
    if edge == "adimages":
        return plain.list_images(call, account)
    raise not_found(f"{call.parts[0]}/{edge}")


def _object(call: Call) -> Answer:
    text = call.parts[0]
    if len(call.parts) == 2:
        return _object_edge(call, text, call.parts[1])
    if call.method == "POST":
        return update_node(call, text)
    if call.method == "DELETE":
        return delete_node(call, text)
    return _object_read(call, text)


def _object_read(call: Call, text: str) -> Answer:
    parse(plain.NodeQuery, call.own_params())
    key = int(text) if text.isascii() and text.isdigit() else 0
    run = reports.find(call, text)
    if run is not None:
        return reports.poll(call, run)
    if key < NODE_BASE:
        return _plain_read(call, key)
    node = find_node(call, text)
    wanted = wanted_fields(call.params)
    check_fields(node.kind, wanted)
    return show(Scene(now=call.now, family=Family([node])), node, wanted)


def _plain_read(call: Call, key: int) -> Answer:
    person = call.person
    if key == int(person.graph_id):
        return plain.show_row(call, person, default="name")
    page = Page.objects.filter(pk=key - PAGE_BASE, person=person).first()
    pixel = Pixel.objects.filter(pk=key - PIXEL_BASE, account__person=person).first()
    row = page or pixel
    if row is None:
        raise not_found(call.parts[0])
    return plain.show_row(call, row)


def _object_edge(call: Call, text: str, edge: str) -> Answer:
    run = reports.find(call, text) if edge == "insights" else None
    if run is not None and call.method == "GET":
        return reports.read(call, run)
    node = find_node(call, text)
    if edge == "insights" and call.method in ("GET", "POST") and node.kind in SCOPE:
        return _insights(call, node.account, node)
    kind = CHILDREN.get((node.kind, edge))
    if call.method != "GET" or kind is None:
        raise not_found(f"{text}/{edge}", call.method.lower())
    if node.kind == CREATIVE:
        rows = Node.objects.filter(creative_key=node.pk)
    elif node.kind == CAMPAIGN:
        rows = Node.objects.filter(campaign_key=node.pk)
    else:
        rows = Node.objects.filter(parent=node)
    return list_nodes(call, rows, kind=kind)
