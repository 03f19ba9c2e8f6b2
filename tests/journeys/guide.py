"""Calls as a guide prints them: read from its text, or written by us, and made fit for replay."""

import ast
import json
import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

CURL = re.compile(
    r"curl -X (?P<method>[A-Z]+) (?P<url>https?://\S+)(?P<headers>(?: \\ -H \"[^\"]*\")*)"
    r"(?: \\ -d '(?P<body>\{.*?\})')?(?= #|\s*$| curl)"
)
HEADER = re.compile(r'-H "([^:"]+): ([^"]*)"')
BASE = re.compile(r"^https?://[^/]+/api")
DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
PLACE = re.compile(r"requests\.(?P<method>[a-z]+)\(\s*f\"\{BASE\}(?P<path>/[^\"]*)\"")


@dataclass(frozen=True)
class Call:
    """One request: method, path behind the host, headers and body as printed."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None


def curl_calls(text: str) -> list[Call]:
    """Every curl line of a guide, in order."""
    return [
        Call(
            found["method"],
            BASE.sub("", found["url"]),
            dict(HEADER.findall(found["headers"])),
            json.loads(found["body"]) if found["body"] else None,
        )
        for line in text.splitlines()
        for found in CURL.finditer(line)
    ]


def python_expressions(text: str) -> list[str]:
    """Every `requests.<method>(…)` of a guide's program, whose line breaks may be lost."""
    found = []
    for match in re.finditer(r"requests\.(get|post|patch|put|delete)\(", text):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found.append(text[match.start() : end])
    return found


def place_of(expression: str) -> str:
    """Method and path of such an expression, `{}` for each value that is filled in."""
    found = PLACE.match(expression)
    assert found, expression
    return f"{found['method'].upper()} {re.sub(r'{[^}]*}', '{}', found['path'])}"


def python_call(expression: str, names: dict[str, Any]) -> Call:
    """The request that one such expression makes with `names` in scope; nothing is executed."""
    node = ast.parse(expression, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    named = {word.arg: word.value for word in node.keywords}
    return Call(
        node.func.attr.upper(),
        value_of(node.args[0], names | {"BASE": "/v1"}),
        value_of(named["headers"], names) if "headers" in named else {},
        value_of(named["json"], names) if "json" in named else None,
    )


def value_of(node: ast.expr, names: dict[str, Any]) -> Any:
    """Value of the few kinds of expression that a guide's bodies are made of."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return names[node.id]
        case ast.Dict():
            return {
                value_of(key, names): value_of(value, names)
                for key, value in zip(node.keys, node.values, strict=True)
                if key is not None
            }
        case ast.List():
            return [value_of(item, names) for item in node.elts]
        case ast.Subscript():
            return value_of(node.value, names)[value_of(node.slice, names)]
        case ast.BinOp(op=ast.Add()):
            return value_of(node.left, names) + value_of(node.right, names)
        case ast.JoinedStr():
            return "".join(str(value_of(part, names)) for part in node.values)
        case ast.FormattedValue():
            return value_of(node.value, names)
        case ast.Call(func=ast.Attribute(attr="get")):
            assert isinstance(node.func, ast.Attribute)
            return value_of(node.func.value, names).get(value_of(node.args[0], names))
    raise ValueError(ast.dump(node))


def normalised(call: Call, *, email: str, key: str, code: str, hook: str, today: date) -> Call:
    """The call with our e-mail, key, code and hook host in place of the printed ones, and its dates
    moved by whole years so that the last one is not past. Nothing else changes.
    """
    headers = {
        name: f"Bearer {key}" if name == "Authorization" else value
        for name, value in call.headers.items()
    }
    body = call.body
    if body is not None:
        ends = [date.fromisoformat(text) for text in texts(body) if DATE.match(text)]
        years = 0
        while ends and max(ends).replace(year=max(ends).year + years) <= today:
            years += 1
        body = replaced(body, {"email": email, "code": code}, hook, years)
    return replace(call, headers=headers, body=body)


def texts(value: Any) -> list[str]:
    """Every string inside a JSON value."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def replaced(value: Any, fixed: dict[str, str], hook: str, years: int) -> Any:
    """A copy with the values of `fixed` keys, hook addresses and dates put right."""
    if isinstance(value, dict):
        return {
            key: fixed[key]
            if key in fixed
            else hook
            if key == "url" and hook
            else replaced(item, fixed, hook, years)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [replaced(item, fixed, hook, years) for item in value]
    if isinstance(value, str) and DATE.match(value):
        day = date.fromisoformat(value)
        return day.replace(year=day.year + years).isoformat()
    return value
