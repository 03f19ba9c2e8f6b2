"""Judges answers by the OpenAPI document: `problems(key, response)` names what it does not say."""

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from config.openapi import document
from tests.routewalk import PARAMETER

Json = dict[str, Any]
BASE = "urn:openapi"


@cache
def validated() -> Json:
    """The document, once it was found to be valid OpenAPI 3.1."""
    found = document()
    validate(found)
    return found


def operation(key: str) -> Json | None:
    """The operation of a route's key, `METHOD /v1/pattern`; None where the document has none."""
    method, pattern = key.split(" ", 1)
    path = PARAMETER.sub(r"{\1}", pattern).removeprefix("/v1")
    return validated()["paths"].get(path, {}).get(method.lower())


def resolved(value: Json) -> Json:
    """What a reference into the document stands for."""
    while "$ref" in value:
        found: Any = validated()
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


@cache
def _validator(pointer: tuple[str, ...]) -> Draft202012Validator:
    escaped = [re.sub("/", "~1", part.replace("~", "~0")) for part in pointer]
    schema = {"$id": BASE, "$ref": "#/" + "/".join(escaped), **validated()}
    return Draft202012Validator(schema)


def problems(key: str, response: Any) -> list[str]:
    """How an answer differs from what the document says of its route; empty for a page's."""
    found = operation(key)
    if found is None:
        return []
    method, pattern = key.split(" ", 1)
    path = PARAMETER.sub(r"{\1}", pattern).removeprefix("/v1")
    status = str(response.status_code)
    if status not in found["responses"]:
        return [f"{key}: {status} is not documented"]
    said = found["responses"][status]
    pointer = ["paths", path, method.lower(), "responses", status]
    if "$ref" in said:
        pointer = said["$ref"].removeprefix("#/").split("/")
    if "content" not in resolved(said):
        return [f"{key}: {status} has a body"] if response.content else []
    kinds = resolved(said)["content"]
    if "application/json" not in kinds:
        kind = response.headers["Content-Type"]
        return [] if kind in kinds and response.content else [f"{key}: {status} is {kind}"]
    pointer += ["content", "application/json", "schema"]
    errors = _validator(tuple(pointer)).iter_errors(response.json())
    return [f"{key} {status}: {error.json_path} {error.message[:200]}" for error in errors]
