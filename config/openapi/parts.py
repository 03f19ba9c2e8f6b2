"""What every operation of the document shares: headers, the error envelope, parameters."""

from collections.abc import Iterable, Iterator
from typing import Any

from config.openapi.errors import by_status, explained
from platforms.answers import PLATFORM_MEANINGS

Json = dict[str, Any]

_WHOLE = {"type": "integer", "minimum": 0}
HEADERS: Json = {
    "RequestId": {
        "description": "Quote it when something is wrong.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "Requests that the tightest window allows.",
        "schema": _WHOLE,
    },
    "RateRemaining": {"description": "Requests left in that window.", "schema": _WHOLE},
    "RateReset": {
        "description": "When that window starts afresh, in seconds since 1970.",
        "schema": _WHOLE,
    },
    "RetryAfter": {
        "description": "Seconds to wait before the next request.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Replayed": {
        "description": "`true` where the answer is the kept one of an earlier request with this "
        "Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"], "x-enum-descriptions": ["a kept answer"]},
    },
    "Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string"},
    },
}
EVERYWHERE = {
    "X-Request-Id": "RequestId",
    "X-RateLimit-Limit": "RateLimit",
    "X-RateLimit-Remaining": "RateRemaining",
    "X-RateLimit-Reset": "RateReset",
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 printable ASCII characters, best a UUID. For 24 hours the same key "
    "with the same request is answered with the first answer and carries out nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
ERROR: Json = {
    "type": "object",
    "title": "Error",
    "description": "Every error of every route.",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "title": "ErrorBody",
            "required": ["code", "message", "status", "details", "request_id"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "Stable; decide by it."},
                "message": {"type": "string", "description": "What is wrong, for people."},
                "status": {"type": "integer", "description": "The HTTP status."},
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "What the code is about: `field` and `problems` of a "
                    "validation error, `required_scope`, `verdict_id` of a refusal by the gate.",
                },
                "request_id": {"type": "string"},
                "hint": {"type": "string", "description": "The next step."},
            },
        }
    },
}
_IDS = {
    "ad_id": "ad",
    "ad_set_id": "aset",
    "business_id": "biz",
    "campaign_id": "camp",
    "connection_id": "conn",
    "delivery_id": "dlv",
    "job_id": "job",
    "key_id": "key",
    "pending_id": "pa",
    "report_id": "rpt",
    "session_id": "sess",
    "webhook_id": "whk",
}


def headers(**more: str) -> Json:
    """References to the headers of every answer and to `more` (header with `_` for `-`)."""
    named = {**EVERYWHERE, **{name.replace("_", "-"): part for name, part in more.items()}}
    return {name: {"$ref": f"#/components/headers/{part}"} for name, part in named.items()}


def path_parameter(name: str) -> Json:
    """A parameter of the path."""
    schema: Json = {"type": "string", "minLength": 1}
    text = "An id that an earlier answer printed."
    if name in _IDS:
        text = f"An id of the form `{_IDS[name]}_…`."
    if name == "word":
        schema |= {
            "enum": list(PLATFORM_MEANINGS),
            "x-enum-descriptions": list(PLATFORM_MEANINGS.values()),
        }
        text = "\n".join(f"- `{word}`: {meaning}" for word, meaning in PLATFORM_MEANINGS.items())
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def query_parameters(schema: Json) -> list[Json]:
    """A query model's fields as parameters."""
    required = schema.get("required", [])
    return [
        _query_parameter(name, one, is_required=name in required) for name, one in _fields(schema)
    ]


def _fields(schema: Json) -> Iterator[tuple[str, Json]]:
    for name, one in schema.get("properties", {}).items():
        several = [part for part in one.get("anyOf", ()) if part != {"type": "null"}]
        yield name, several[0] if len(several) == 1 else one


def _query_parameter(name: str, schema: Json, *, is_required: bool) -> Json:
    shown = {key: value for key, value in schema.items() if key not in ("title", "description")}
    found = {"name": name, "in": "query", "required": is_required, "schema": shown}
    text = schema.get("description", "")
    return {**found, "description": text} if text else found


def error_answers(codes: Iterable[str], kept: Json) -> Json:
    """One answer for each status, with its codes; whatever else fails has the same envelope. What
    many routes share is put into `kept`, the document's named answers.
    """
    answers: Json = {}
    for status, names in by_status(codes).items():
        more = {401: {"WWW_Authenticate": "Authenticate"}, 429: {"Retry_After": "RetryAfter"}}
        made = _error(explained(names), headers(**more.get(status, {})))
        answers[str(status)] = made if len(names) > 2 else _shared(_title(names), made, kept)
    answers["default"] = _shared("OtherError", _error("Any other error.", headers()), kept)
    return answers


def _title(codes: list[str]) -> str:
    return "".join(code.title().replace("_", "") for code in codes)


def _shared(name: str, answer: Json, kept: Json) -> Json:
    kept[name] = answer
    return {"$ref": f"#/components/responses/{name}"}


def _error(text: str, shown: Json) -> Json:
    schema = {"$ref": "#/components/schemas/Error"}
    return {
        "description": text,
        "headers": shown,
        "content": {"application/json": {"schema": schema}},
    }
