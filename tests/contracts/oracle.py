"""Judges Graph requests by what Meta itself published: its API specs, or its Python SDK.

    oracle = load("specs")            # or "sdk", "installed"
    oracle.check("POST", "act_1/campaigns", {"name": "x", …})   → list of problems, empty when good

The specs and the extracted SDK are read from `$ADAMANT_ORACLES` (default `../shared/oracles` beside
the checkout); nothing of them is copied here. `installed` reads the `facebook-business` package of
this environment by its source, without importing it, so that the check also runs elsewhere.
Business rules (which budget where, minimums) are no part of these files.
"""

import ast
import gzip
import importlib.util
import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(os.environ.get("ADAMANT_ORACLES", ROOT.parent / "shared" / "oracles"))
SPECS, SDK = FOLDER / "meta_api_specs.tar.gz", FOLDER / "meta_sdk_v26.json.gz"
# Taken by every call, in no call's description.
EVERYWHERE = frozenset({"access_token", "appsecret_proof"})
PAGING = frozenset({"fields", "limit", "after", "before"})
# Calls that neither source describes.
OUTSIDE = frozenset({"oauth/access_token", "debug_token"})
# Documented beside the fields: an ad's creative is named by id.
EXTRA_FIELDS = {"AdCreative": {"creative_id": "string"}}
# What an edge lists or makes where the SDK names only its base class.
EDGE_TYPES = {"adsets": "AdSet", "adimages": "AdImage", "campaigns": "Campaign", "ads": "Ad"}
LIST = re.compile(r"list<(.+)>$")
DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d{4}|Z)?$|\d+$")


@dataclass(frozen=True)
class Call:
    """One method of one edge (`endpoint` empty: the node itself). An enum without values is one
    whose values the source does not tell.
    """

    params: Mapping[str, str]
    required: frozenset[str]
    enums: Mapping[str, frozenset[str]]
    returns: str


@dataclass
class Node:
    fields: dict[str, str]
    enums: dict[str, frozenset[str]] = field(default_factory=dict)
    calls: dict[tuple[str, str], Call] = field(default_factory=dict)


class Oracle:
    """Nodes by name, and the kinds of ids seen so far."""

    def __init__(self, name: str, nodes: dict[str, Node], enums: dict[str, frozenset[str]]) -> None:
        self.name, self.nodes, self.enums = name, nodes, enums
        self.kinds: dict[str, str] = {}

    def node_of(self, key: str) -> str:
        """The node type an id names; empty for one that no answer has shown."""
        if key == "me":
            return "User"
        return "AdAccount" if re.fullmatch(r"act_\d+", key) else self.kinds.get(key, "")

    def learn(self, method: str, path: str, reply: Mapping[str, Any]) -> None:
        """Remember which ids an answer showed, and of what type they are."""
        call = self._call(method, path)
        if call is None:
            return
        kind = call.returns
        if kind == "AbstractCrudObject":
            kind = EDGE_TYPES.get(path.rpartition("/")[2], "")
        rows = reply["data"] if isinstance(reply.get("data"), list) else [reply]
        for row in rows:
            if isinstance(row, dict):
                for name in ("id", "report_run_id"):
                    if isinstance(row.get(name), str) and kind in self.nodes:
                        self.kinds.setdefault(row[name], kind)

    def _call(self, method: str, path: str) -> Call | None:
        key, _, endpoint = path.partition("/")
        node = self.nodes.get(self.node_of(key))
        return node.calls.get((method, endpoint)) if node else None

    def check(self, method: str, path: str, params: Mapping[str, str]) -> list[str]:
        """What is wrong with a request; `params` are the texts on the wire."""
        if path in OUTSIDE:
            return []
        key, _, endpoint = path.partition("/")
        kind = self.node_of(key)
        if not kind:
            return [f"{key} is no id that an answer has shown"]
        call = self.nodes[kind].calls.get((method, endpoint))
        if call is None:
            return [f"{kind} has no {method} {endpoint or '(itself)'}"]
        problems = [f"{name} is required" for name in sorted(call.required - params.keys())]
        for name, text in params.items():
            if name in EVERYWHERE:
                continue
            if name == "fields" and (method == "GET" or name in call.params):
                # A list by its description, names between commas on the wire.
                of = "AdsInsights" if endpoint == "insights" else call.returns
                problems += self._fields(text, of)
            elif name in call.params:
                problems += self._text(name, text, call.params[name], (call.enums, kind))
            elif not (name in PAGING and method == "GET"):
                problems.append(f"{kind} {method} {endpoint} takes no {name}")
        return problems

    def _fields(self, text: str, node: str) -> list[str]:
        names = re.sub(r"\{[^}]*\}", "", text).split(",")
        known = self.nodes[node].fields
        return [f"{node} has no field {name}" for name in names if name not in known]

    def _text(self, name: str, text: str, kind: str, where: Any) -> list[str]:
        """A parameter as text: plain scalars stay text, everything else is JSON."""
        if kind in PLAIN or self._values(kind, where) is not None:
            return self._value(name, text, kind, where)
        try:
            value = json.loads(text)
        except ValueError:
            return [f"{name} is no JSON"]
        return self._value(name, value, kind, where)

    def _values(self, kind: str, where: Any) -> frozenset[str] | None:
        call_enums, node = where
        found = call_enums.get(kind)
        if found is None and node in self.nodes:
            found = self.nodes[node].enums.get(kind)
        return found if found is not None else self.enums.get(kind)

    def _value(self, name: str, value: Any, kind: str, where: Any) -> list[str]:
        if inner := LIST.match(kind):
            if not isinstance(value, list):
                return [f"{name} must be a list"]
            return [
                problem
                for number, item in enumerate(value)
                for problem in self._value(f"{name}[{number}]", item, inner[1], where)
            ]
        values = self._values(kind, where)
        if values is not None:
            good = isinstance(value, str) and (value in values or not values)
            return [] if good else [f"{name}: {value!r} is no {kind}"]
        if kind in SCALARS:
            return [] if SCALARS[kind](value) else [f"{name}: {value!r} is no {kind}"]
        if not isinstance(value, dict):
            return [f"{name} must be an object"]
        return self._object(name, value, kind)

    def _object(self, name: str, value: dict[str, Any], kind: str) -> list[str]:
        node = self.nodes.get(kind)
        if node is None or not node.fields:
            return []  # map, Object: not described further
        known = {**node.fields, **EXTRA_FIELDS.get(kind, {})}
        problems = []
        for key, item in value.items():
            if key in known:
                problems += self._value(f"{name}.{key}", item, known[key], ({}, kind))
            else:
                problems.append(f"{name}: {kind} has no field {key}")
        return problems


def _whole(value: Any, *, low: int | None = None) -> bool:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        return False
    return low is None or int(value) >= low


SCALARS: dict[str, Any] = {
    "string": lambda value: isinstance(value, str) or _whole(value),
    "int": _whole,
    "unsigned int": lambda value: _whole(value, low=0),
    "float": lambda value: re.fullmatch(r"-?\d+(\.\d+)?", str(value)) is not None,
    "bool": lambda value: value in (True, False, "true", "false", "0", "1"),
    "datetime": lambda value: DATETIME.match(str(value)) is not None,
    "Object": lambda value: isinstance(value, str | dict | list),
    "map": lambda value: isinstance(value, dict),
}
PLAIN = frozenset(SCALARS) - {"Object", "map"}


def available() -> dict[str, bool]:
    """Which sources this machine has."""
    return {
        "specs": SPECS.exists(),
        "sdk": SDK.exists(),
        "installed": importlib.util.find_spec("facebook_business") is not None,
    }


def load(name: str) -> Oracle:
    """The oracle of one source."""
    return {"specs": _from_specs, "sdk": _from_extract, "installed": _from_package}[name]()


def _from_specs() -> Oracle:
    nodes, enums = {}, {}
    with tarfile.open(SPECS) as archive:
        for member in archive.getmembers():
            if "/specs/" not in member.name or not member.name.endswith(".json"):
                continue
            stem = Path(member.name).stem
            content = archive.extractfile(member)
            assert content is not None
            data = json.load(content)
            if stem == "enum_types":
                enums = {entry["name"]: frozenset(map(str, entry["values"])) for entry in data}
            else:
                nodes[stem] = _spec_node(data)
    return Oracle("specs", nodes, enums)


def _spec_node(data: dict[str, Any]) -> Node:
    node = Node({one["name"]: one["type"] for one in data.get("fields", [])})
    for call in data.get("apis", []):
        params = call.get("params", [])
        node.calls[call["method"], call.get("endpoint") or ""] = Call(
            {one["name"]: one["type"] for one in params},
            frozenset(one["name"] for one in params if one.get("required")),
            {},
            call.get("return", ""),
        )
    return node


def _from_extract() -> Oracle:
    with gzip.open(SDK) as file:
        data = json.load(file)
    return Oracle("sdk", {name: _sdk_node(node) for name, node in data["nodes"].items()}, {})


def _sdk_node(data: dict[str, Any]) -> Node:
    enums = {name: frozenset(values) for name, values in data["field_enums"].items()}
    node = Node(data["fields"], enums)
    for call in data["apis"]:
        node.calls[call["method"], (call["endpoint"] or "").strip("/")] = Call(
            call["params"],
            frozenset(),
            {name: frozenset(values or ()) for name, values in call["enums"].items()},
            call["return"] or "",
        )
    return node


def _from_package() -> Oracle:
    """The installed SDK, read as text: one of its modules is no valid Python, and importing the
    rest takes memory.
    """
    spec = importlib.util.find_spec("facebook_business")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "adobjects"
    classes: dict[str, ast.ClassDef] = {}
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_text())
        except SyntaxError:
            continue
        classes.update({node.name: node for node in tree.body if isinstance(node, ast.ClassDef)})
    enums = {name: _class_enums(node) for name, node in classes.items()}
    nodes = {name: _package_node(node, name, enums) for name, node in classes.items()}
    return Oracle("installed", nodes, {})


def _class_enums(node: ast.ClassDef) -> dict[str, frozenset[str]]:
    return {
        inner.name: frozenset(
            item.value.value
            for item in inner.body
            if isinstance(item, ast.Assign)
            and isinstance(item.value, ast.Constant)
            and isinstance(item.value.value, str)
        )
        for inner in node.body
        if isinstance(inner, ast.ClassDef) and inner.name != "Field"
    }


def _package_node(
    node: ast.ClassDef, name: str, enums: dict[str, dict[str, frozenset[str]]]
) -> Node:
    found = Node(dict(_assigned(node, "_field_types")), enums[name])
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            call = _package_call(item, enums)
            if call is not None:
                method, endpoint, described = call
                found.calls[method, endpoint] = described
    return found


def _assigned(scope: ast.AST, name: str) -> Iterator[tuple[str, str]]:
    """The text pairs of `name = {…}` inside a class or function."""
    for item in ast.walk(scope):
        if (
            isinstance(item, ast.Assign)
            and isinstance(item.value, ast.Dict)
            and any(isinstance(target, ast.Name) and target.id == name for target in item.targets)
        ):
            for key, value in zip(item.value.keys, item.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                    yield str(key.value), str(value.value)


def _package_call(
    function: ast.FunctionDef, enums: dict[str, dict[str, frozenset[str]]]
) -> tuple[str, str, Call] | None:
    request = next(
        (
            item
            for item in ast.walk(function)
            if isinstance(item, ast.Call)
            and isinstance(item.func, ast.Name)
            and item.func.id == "FacebookRequest"
        ),
        None,
    )
    if request is None:
        return None
    given = {word.arg: word.value for word in request.keywords}
    if not isinstance(given["endpoint"], ast.Constant):
        return None  # the generic calls of the base class
    endpoint = str(given["endpoint"].value).strip("/")
    target = given.get("target_class")
    returns = target.id if isinstance(target, ast.Name) else ""
    call = Call(
        dict(_assigned(function, "param_types")),
        frozenset(),
        dict(_call_enums(function, enums)),
        returns,
    )
    return ast.literal_eval(given["method"]), endpoint, call


def _call_enums(
    function: ast.FunctionDef, enums: dict[str, dict[str, frozenset[str]]]
) -> Iterator[tuple[str, frozenset[str]]]:
    """`'x_enum': Class.Enum.__dict__.values()` and literal lists."""
    for item in ast.walk(function):
        if not (isinstance(item, ast.Assign) and isinstance(item.value, ast.Dict)):
            continue
        if not any(isinstance(one, ast.Name) and one.id == "enums" for one in item.targets):
            continue
        for key, value in zip(item.value.keys, item.value.values, strict=True):
            name = str(ast.literal_eval(key)) if key else ""
            if isinstance(value, ast.List):
                yield name, frozenset(map(str, ast.literal_eval(value)))
                continue
            owner = re.match(r"(\w+)\.(\w+)\.__dict__", ast.unparse(value))
            if owner:
                yield name, enums.get(owner[1], {}).get(owner[2], frozenset())
