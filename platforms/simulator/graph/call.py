"""One request as Graph reads it: version, path, parameters from query and body, token."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.utils.datastructures import MultiValueDictKeyError

from core.clock import now as wall_now
from platforms.simulator import sessions
from platforms.simulator.errors import bad_token, invalid
from platforms.simulator.models import AdAccount, Person, Token, World

# Parameters every call takes; they never reach the models of a call.
COMMON = frozenset(
    {
        "access_token",
        "appsecret_proof",
        "debug",
        "format",
        "include_headers",
        "locale",
        "method",
        "pretty",
        "suppress_http_code",
    }
)


@dataclass
class Call:
    """A parsed request. `params` are texts, or JSON values where the body was JSON."""

    method: str
    version: str
    parts: tuple[str, ...]
    params: dict[str, Any]
    url: str
    world: World
    token_text: str = field(repr=False)

    @property
    def now(self) -> datetime:
        return self.world.now

    @cached_property
    def session(self) -> sessions.Session:
        """The caller's session; raises Graph's code 190 when its token cannot be used."""
        if not self.token_text:
            raise bad_token("An access token is required to request this resource.")
        found = sessions.find(self.token_text)
        if found is None:
            raise bad_token("Invalid OAuth access token - Cannot parse access token")
        if found.token.revoked:
            raise bad_token("Error validating access token: the user removed the app.", 458)
        if found.token.expires_at <= wall_now():
            raise bad_token("Error validating access token: Session has expired.", 463)
        self._check_proof()
        return found

    @property
    def token(self) -> Token:
        return self.session.token

    @property
    def person(self) -> Person:
        return self.token.person

    @property
    def accounts(self) -> dict[int, AdAccount]:
        """The caller's ad accounts by row id."""
        return self.session.accounts

    def _check_proof(self) -> None:
        proof = self.params.get("appsecret_proof")
        if proof is None:
            return
        wanted = hmac.new(
            settings.SIM_APP_SECRET.encode(), self.token_text.encode(), hashlib.sha256
        ).hexdigest()
        if not hmac.compare_digest(str(proof), wanted):
            raise invalid("Invalid appsecret_proof provided in the API argument")

    def own_params(self, *beside: str) -> dict[str, Any]:
        """The parameters of the call itself, without the common ones and those named."""
        return {
            key: value
            for key, value in self.params.items()
            if key not in COMMON and key not in beside
        }


def read_call(request: HttpRequest, *, version: str, path: str, world: World) -> Call:
    """Parse a request; raises GraphError for a body that is neither form nor JSON."""
    params = _flat(request.GET)
    if request.method in ("POST", "DELETE"):
        params |= _body(request)
    header = request.headers.get("Authorization", "")
    scheme, _, bearer = header.partition(" ")
    text = bearer.strip() if scheme.lower() in ("bearer", "oauth") else ""
    return Call(
        method=request.method or "GET",
        version=version,
        parts=tuple(part for part in path.split("/") if part),
        params=params,
        url=request.build_absolute_uri(),
        world=world,
        token_text=text or str(params.get("access_token") or ""),
    )


def _flat(values: QueryDict) -> dict[str, Any]:
    return {key: values[key] for key in values}


def _body(request: HttpRequest) -> dict[str, Any]:
    if request.content_type == "application/json":
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise invalid("The body is not valid JSON") from error
        if not isinstance(body, dict):
            raise invalid("The body must be a JSON object")
        return body
    if request.method == "DELETE":
        return _flat(QueryDict(request.body))
    try:
        params = _flat(request.POST)
        for name in request.FILES:
            params[f"file:{name}"] = request.FILES[name]
    except (MultiPartParserError, MultiValueDictKeyError) as error:
        raise invalid("The body cannot be parsed") from error
    return params
