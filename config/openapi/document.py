"""Composes the document."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pydantic
from django.conf import settings
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from accounts import operations as accounts
from accounts.event_data import PingData
from accounts.events import EVENT_DATA
from analytics import operations as analytics
from analytics.optimizer import operations as optimizer
from billing import operations as billing
from campaigns.api import operations as campaigns
from config import operations as config
from config.openapi.events import events
from config.openapi.parts import (
    ERROR,
    HEADERS,
    IDEMPOTENCY_KEY,
    error_answers,
    headers,
    path_parameter,
    query_parameters,
)
from config.openapi.routes import rest_views
from config.openapi.security import security_of, security_schemes
from core.operations import OPERATIONS, Operation
from creatives import operations as creatives
from platforms import operations as platforms
from webhooks import operations as webhooks
from webhooks.answers import Event

Json = dict[str, Any]
Model = type[pydantic.BaseModel]
# The rooms whose import declares operations.
ROOMS = (
    accounts,
    analytics,
    billing,
    campaigns,
    config,
    creatives,
    optimizer,
    platforms,
    webhooks,
)
VERSION = "1.0.0"
_ALWAYS = ("method_not_allowed", "not_acceptable", "rate_limited", "internal_error")
# Generators of clients give a file only where a schema says so.
_FILE = {"type": "string", "format": "binary"}
_TAGS = {
    "Auth": "Accounts and keys.",
    "AI content": "Ad copy and images.",
    "Account": "The profile and its businesses.",
    "Analytics": "What was delivered and spent.",
    "Batch": "Many requests in one.",
    "Billing": "Plans and subscriptions.",
    "Campaigns": "Campaigns, from draft to archive.",
    "Ad sets": "Whom a campaign's ads reach.",
    "Ads": "What is shown.",
    "Proposals": "Changes that wait for a person.",
    "Jobs": "Changes on their way to a platform.",
    "Optimization": "Rules, and what is suggested.",
    "Platforms": "Connections to ad platforms.",
    "Webhooks": "Endpoints and deliveries.",
}
_ABOUT = """\
Adamant stands between AI agents and ad accounts. An agent creates and changes campaigns here; what
the business's policy asks a person about waits in an inbox, and everything else is carried out at
the platform exactly once.

- **Keys.** `Authorization: Bearer aa_test_…` reaches the sandbox, `aa_live_…` real accounts.
  Apps of others ask the person by OAuth 2.0 instead.
- **Writes.** 200 or 201: done. 202: on its way (`job_id`) or waiting for a person
  (`pending_action_id`); `next_step` says what to do. 403 with a reason: refused by the policy.
- **Errors** have one envelope. Decide by `error.code`; `error.hint` is the next step.
- **Lists** are paged with `limit` and `cursor`, newest first.
- **Repeating.** Send an `Idempotency-Key` with writes, and the same key when you repeat one.
- **Amounts** are numbers in main units of their currency, **times** UTC with `Z`.
- **Limits** follow the plan and stand in the headers of every answer.
"""


def document() -> Json:
    """The whole document of this installation. Not to be changed: it is kept."""
    return _composed(settings.PUBLIC_URL, settings.SANDBOX_HOST)


@dataclass
class _Parts:
    """What operations refer to: a reference for each model, the named schemas and answers."""

    references: dict[Model, Json]
    schemas: Json
    answers: Json = field(default_factory=dict)

    def schema(self, model: Model) -> Json:
        """The model's own schema."""
        found: Json = self.schemas[self.references[model]["$ref"].rpartition("/")[2]]
        return found


@lru_cache(maxsize=4)
def _composed(public_url: str, sandbox_host: str) -> Json:
    views = rest_views()
    made = _parts([OPERATIONS[key] for key in views])
    paths: Json = {}
    for (method, path), view in views.items():
        shown = _operation(OPERATIONS[method, path], view.cls, made)
        paths.setdefault(path, {})[method.lower()] = shown
    used = {operation["tags"][0] for item in paths.values() for operation in item.values()}
    for query in {one.query for one in OPERATIONS.values() if one.query in made.references}:
        made.schemas.pop(made.references[query]["$ref"].rpartition("/")[2])
    servers = [{"url": f"{public_url}/api/v1", "description": "This installation."}]
    if sandbox_host:
        scheme = public_url.partition("://")[0]
        text = "The sandbox: test keys, simulated platforms."
        servers.append({"url": f"{scheme}://{sandbox_host}/api/v1", "description": text})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Adamant Agent API",
            "version": VERSION,
            "summary": "Ad campaigns for AI agents, with people in charge.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": servers,
        "security": security_of("any", apps=True),
        "tags": [{"name": tag, "description": _TAGS.get(tag, tag)} for tag in sorted(used)],
        "paths": paths,
        "webhooks": events(made.references),
        "components": {
            "schemas": {**made.schemas, "Error": ERROR},
            "responses": made.answers,
            "headers": HEADERS,
            "securitySchemes": security_schemes(public_url),
        },
    }


class _Untitled(GenerateJsonSchema):
    """A key says its name already."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _parts(operations: list[Operation]) -> _Parts:
    models: dict[Model, None] = dict.fromkeys((Event, PingData, *EVENT_DATA.values()))
    for one in operations:
        found = (one.query, one.body, *one.answers.values())
        models |= {model: None for model in found if model is not None}
    made, definitions = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    references = {model: made[model, "validation"] for model in models}
    return _Parts(references, definitions["$defs"])


def _operation(one: Operation, view: Any, made: _Parts) -> Json:
    scope = view.required_scope
    parameters = [path_parameter(name) for name in _names(one.path)]
    if one.query is not None:
        parameters += query_parameters(made.schema(one.query))
    if view.idempotent:
        parameters.append(IDEMPOTENCY_KEY)
    responses = {
        str(status): _answer(model, made, may_replay=view.idempotent)
        for status, model in one.answers.items()
    }
    if one.files:
        content: Json = {kind: {"schema": _FILE} for kind in one.files}
        responses["200"] = {"description": "The file.", "headers": headers(), "content": content}
    shown: Json = {
        "operationId": one.id,
        "tags": [one.tag],
        "summary": one.summary,
        "description": "\n\n".join(part for part in (one.description, _whom(view)) if part),
        "x-required-scope": scope,
        "parameters": parameters,
        "responses": responses | error_answers({*one.errors, *_common(one, view)}, made.answers),
        "security": security_of(scope, apps="app_makes_no_keys" not in one.errors),
    }
    if one.body is not None:
        body = {"schema": made.references[one.body], "example": dict(one.example)}
        needed = bool(made.schema(one.body).get("required"))
        shown["requestBody"] = {"required": needed, "content": {"application/json": body}}
    return {key: value for key, value in shown.items() if value or key == "security"}


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _whom(view: Any) -> str:
    if view.required_scope == "public":
        return "Needs no key."
    needed = "any key" if view.required_scope == "any" else f"the scope `{view.required_scope}`"
    return f"Needs {needed}."


def _answer(model: Model | None, made: _Parts, *, may_replay: bool) -> Json:
    more = {"Idempotent_Replayed": "Replayed"} if may_replay else {}
    text = "Done; nothing to show." if model is None else (model.__doc__ or "").partition("\n")[0]
    shown: Json = {"description": text, "headers": headers(**more)}
    if model is not None:
        shown["content"] = {"application/json": {"schema": made.references[model]}}
    return shown


def _common(one: Operation, view: Any) -> set[str]:
    """The codes that follow from what a route is."""
    codes = {*_ALWAYS, "unauthorized"}
    if view.required_scope != "public":
        codes |= {"forbidden", "account_suspended"}
        if not view.unverified_ok:
            codes.add("account_not_verified")
        if view.required_scope != "any":
            codes.add("insufficient_scope")
    if "{" in one.path:
        codes.add("not_found")
    if one.body is not None or one.query is not None:
        codes.add("validation_error")
    if one.method != "GET":
        codes |= {"malformed_json", "body_too_large", "unsupported_media_type"}
    if view.idempotent:
        codes |= {
            "idempotency_key_invalid",
            "idempotency_in_flight",
            "idempotency_key_expired",
            "idempotency_key_reused",
        }
    return codes
