"""How Graph reads values: JSON in text, whole numbers, flags, times; its words of refusal."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from platforms.simulator.errors import GraphError, invalid

Status = Literal["ACTIVE", "PAUSED", "ARCHIVED", "DELETED"]


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise ValueError("must be valid JSON") from error


def _unsigned(value: Any) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be a whole number of the smallest currency unit or count")
    return value


def _flag(value: Any) -> Any:
    words = {"true": True, "1": True, "false": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise ValueError("must be a boolean")
    return words[str(value).lower()]


def _graph_id(value: Any) -> Any:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise ValueError("must be a numeric id")
    return text


def _time(value: Any) -> Any:
    text = str(value)
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("must be an ISO 8601 time or a UNIX timestamp") from error


FromJson = BeforeValidator(_json)
Unsigned = Annotated[int, BeforeValidator(_unsigned)]
Flag = Annotated[bool, BeforeValidator(_flag)]
GraphId = Annotated[str, BeforeValidator(_graph_id)]
Time = Annotated[datetime, BeforeValidator(_time)]
Map = Annotated[dict[str, Any], FromJson]
Maps = Annotated[list[dict[str, Any]], FromJson]
Texts = Annotated[list[str], FromJson]


class Params(BaseModel):
    """Base of every call's parameters: what is not named is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelRef(Params):
    """A label by id or by name; an unknown name makes the label."""

    id: GraphId = ""
    name: str = ""


Labels = Annotated[list[LabelRef], FromJson]


def parse[P: BaseModel](model: type[P], values: dict[str, Any]) -> P:
    """The values as `model`; raises Graph's code 100 naming the first parameter at fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise refusal(error) from error


def refusal(error: ValidationError) -> GraphError:
    """Graph's words for a validation error."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "request"
    if first["type"] == "extra_forbidden":
        return invalid(f"Unknown parameter: {name}")
    if first["type"] == "missing":
        return invalid(f"The parameter {name} is required.")
    if first["type"] == "literal_error":
        allowed = str(first.get("ctx", {}).get("expected", "")).replace("'", "")
        return invalid(f"Param {name} must be one of {{{allowed}}}")
    return invalid(f"Param {name} {first['msg'].removeprefix('Value error, ')}")
