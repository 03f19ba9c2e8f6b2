"""POST /batch: up to 50 requests in one, each judged on its own."""

from typing import Annotated, Any, Literal

import orjson
import pydantic
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import endpoint, parse
from accounts.services import idempotency
from config.parts import Part, PartAnswer, carry_out
from core.crypto import sha256_hex
from core.errors import InvalidError

MOST_PARTS = 50
KEY_HEADER = "idempotency-key"
_SAID_ANYWAY = frozenset({"accept", "content-type"})
HeaderText = Annotated[str, pydantic.Field(max_length=300)]


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class BatchPart(pydantic.BaseModel):
    """One request. `headers` may hold Idempotency-Key; the batch's own key, scheme and host hold
    for every part, and bodies are JSON both ways.
    """

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, pydantic.Field(min_length=1, max_length=100)]
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        pydantic.BeforeValidator(_upper),
        pydantic.Field(description="The part's HTTP method."),
    ]
    path: Annotated[str, pydantic.Field(max_length=2000, pattern=r"^/(api/)?v1/[!-\"$-~]*$")]
    body: Any = None
    headers: Annotated[dict[str, HeaderText], pydantic.Field(max_length=10)] = {}

    @pydantic.field_validator("headers")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        named = {name.lower(): text for name, text in value.items()}
        if unknown := sorted(named.keys() - _SAID_ANYWAY - {KEY_HEADER}):
            words = _("A part has no header %(name)s; Idempotency-Key is the only one.")
            raise ValueError(words % {"name": unknown[0][:60]})
        return named


class Batch(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    requests: Annotated[list[BatchPart], pydantic.Field(min_length=1, max_length=MOST_PARTS)]

    @pydantic.field_validator("requests")
    @classmethod
    def _told_apart(cls, value: list[BatchPart]) -> list[BatchPart]:
        if len({part.id for part in value}) < len(value):
            raise ValueError(_("Each part needs an id of its own."))
        return value


@endpoint("POST", scope="any", unverified_ok=True, quota_exempt=True)
def batch(request: Request) -> Response:
    """Answers 200 with the parts' own statuses. Verification, suspension, scopes and limits are
    each part's: a batch refused as a whole would refuse the parts that stop harm.
    """
    parts = parse(Batch, request).requests
    shared = idempotency.parse_header(request.headers.get(KEY_HEADER))
    plain = request._request
    answers = carry_out([_part(part, shared) for part in parts], plain)
    counted: Any = [getattr(plain, "rate_usage", ()), *(answer.usages for answer in answers)]
    plain.rate_usage = [usage for usages in counted for usage in usages]  # type: ignore[attr-defined]
    pairs = zip(parts, answers, strict=True)
    return Response({"responses": [_answer_json(part.id, answer) for part, answer in pairs]})


batch.cls.in_batch = False  # type: ignore[attr-defined]


def _part(part: BatchPart, shared: str) -> Part:
    """Without a key of its own a change gets one from the batch's key and the part's id."""
    key = part.headers.get(KEY_HEADER, "")
    if not key and shared and part.method != "GET":
        key = sha256_hex(f"{shared}\n{part.id}")
    return Part(method=part.method, path=part.path, body=_body(part), key=key)


def _body(part: BatchPart) -> bytes:
    if part.body is None:
        return b""
    try:
        return orjson.dumps(part.body, default=_as_written)
    except TypeError as error:
        raise InvalidError(
            _("The body of part %(id)s nests too deeply or holds too long a number.")
            % {"id": part.id},
            field="requests",
            hint=_("Send this request on its own."),
        ) from error


def _as_written(value: Any) -> orjson.Fragment:
    """A number with a point, which arrives as Decimal, digit by digit."""
    return orjson.Fragment(str(value).encode())


def _answer_json(part_id: str, answer: PartAnswer) -> dict[str, Any]:
    return {
        "id": part_id,
        "status": answer.status,
        "headers": answer.headers,
        "body": orjson.Fragment(answer.body) if answer.body else None,
    }
