"""Finding objects and their relatives, without a query per row."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from platforms.simulator.errors import not_found
from platforms.simulator.graph.call import Call
from platforms.simulator.models import (
    ACCOUNT_BASE,
    AD,
    ADSET,
    NODE_BASE,
    AdAccount,
    Node,
    NodeLabel,
)


def find_account(call: Call, text: str) -> AdAccount:
    """The caller's ad account by `act_…`; raises 100/33 for a missing or foreign one."""
    digits = text.removeprefix("act_")
    account = call.accounts.get(int(digits) - ACCOUNT_BASE) if digits.isdigit() else None
    if account is None:
        _ = call.token
        raise not_found(text, call.method.lower())
    return account


def find_node(call: Call, text: str, *, kind: str = "") -> Node:
    """The caller's object by graph id; raises 100/33 for a missing, foreign or other kind's."""
    key = int(text) - NODE_BASE if text.isascii() and text.isdigit() else 0
    accounts = call.accounts
    row = Node.objects.filter(pk=key).order_by().first() if key > 0 else None
    if row is None or row.account_id not in accounts or (kind and row.kind != kind):
        raise not_found(text, call.method.lower())
    row.account = accounts[row.account_id]
    return row


class Family:
    """The parents, creatives and labels of a set of objects, read in one query each."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = list(nodes)
        self._known: dict[int, Node] = {node.pk: node for node in self.nodes}
        self._labels: dict[int, list[tuple[str, str]]] | None = None
        self._missing_loaded = False

    def _load(self, keys: Iterable[int | None]) -> None:
        wanted = {key for key in keys if key and key not in self._known}
        if wanted:
            for row in Node.objects.select_related("account").filter(pk__in=wanted):
                self._known[row.pk] = row

    def _load_relatives(self) -> None:
        if self._missing_loaded:
            return
        self._missing_loaded = True
        own = self.nodes
        self._load(
            key for node in own for key in (node.parent_id, node.campaign_key, node.creative_key)
        )

    def parents(self, node: Node) -> list[Node]:
        """Nearest first."""
        if node.kind not in (AD, ADSET):
            return []
        self._load_relatives()
        keys = [node.parent_id] if node.kind == ADSET else [node.parent_id, node.campaign_key]
        return [self._known[key] for key in keys if key]

    def one(self, key: int) -> Node | None:
        """A relative by row id."""
        self._load_relatives()
        return self._known.get(key)

    def labels(self, node: Node) -> list[tuple[str, str]]:
        """(graph id, name) of the labels of an object."""
        if self._labels is None:
            self._labels = defaultdict(list)
            links = NodeLabel.objects.filter(node_id__in=[one.pk for one in self.nodes])
            columns = links.order_by("pk").values_list("node_id", "label_id", "label__name")
            for owner, label, name in columns:
                self._labels[owner].append((str(NODE_BASE + label), name))
        return self._labels.get(node.pk, [])


def given(body: Any) -> dict[str, Any]:
    """The fields a caller sent, as JSON."""
    dumped: dict[str, Any] = body.model_dump(mode="json", exclude_unset=True)
    return dumped
