"""The isolation matrix: every route called as owner, neighbour, other business, nobody, revoked.

`check_row` returns what is wrong as sentences, so that the same code judges the product and proves
that seeded leaks are found.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import combinations
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.test import Client

from accounts.rls import tenant_models
from core.actors import Role
from core.tenancy import tenant_tx
from tests import openapi
from tests.routes import ROUTES, Row
from tests.routewalk import PARAMETER, fill
from tests.world import KINDS, World

NOISE = re.compile(
    r"req_\w+|nonce=\"[^\"]*\"|csrfmiddlewaretoken\" value=\"[^\"]*\"|X-CSRFToken[^}]*}"
)
REFUSED = {"none": (401,), "revoked": (401,), "poor": (403,)}
PAGE_REFUSED = (302, 401, 403, 404)


@contextmanager
def rolled_back() -> Iterator[None]:
    """Everything inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def snapshot(world: World, *, without: tuple[type, ...] = ()) -> str:
    """A digest of every row the tenant owns, but for when a key was last used."""
    digest = sha256()
    with tenant_tx(world.cast.tenant.id, readonly=True):
        for model in tenant_models():
            if model not in without:
                fields = [f.attname for f in model._meta.fields if f.name != "last_used_at"]
                rows = list(model.objects.order_by("pk").values_list(*fields))
                digest.update(repr(rows).encode())
    return digest.hexdigest()


class Caller:
    """Sends one row's request with chosen credentials and ids."""

    def __init__(self, key: str, world: World) -> None:
        self.key, self.world = key, world
        self.row: Row = ROUTES[key]
        self.method, self.pattern = key.split(" ", 1)
        self.client = Client(raise_request_exception=False)
        if self.row.scope == "page":
            self.sign_in(Role.OWNER)

    def sign_in(self, role: Role) -> None:
        self.client.force_login(self.world.cast.people[role])
        session = self.client.session
        session["tenant_id"] = str(self.world.cast.tenant.id)
        session.save()

    def ids(self) -> dict[str, str]:
        names = PARAMETER.findall(self.pattern)
        return {
            name: self.world.id(self.row.objects[name])
            if name in self.row.objects
            else self.row.params[name]
            for name in names
        }

    def send(
        self,
        *,
        token: str | None = None,
        ids: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Any:
        path = fill(self.pattern, {**self.ids(), **(ids or {})})
        url = path + (f"?{self.row.query}" if self.row.query else "")
        payload = self.row.body(self.world) if self.row.body else None
        if payload is not None and body:
            payload = {**payload, **body}
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if self.row.scope == "page":
            return self.client.generic(
                self.method,
                url,
                _form(payload or {}),
                content_type="application/x-www-form-urlencoded",
                headers=headers,
            )
        content = json.dumps(payload) if payload is not None else ""
        return Client(raise_request_exception=False).generic(
            self.method, url, content, content_type="application/json", headers=headers
        )


def _form(fields: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    return urlencode(fields, doseq=True)


def judge(response: Any, ids: dict[str, str]) -> tuple[int, str]:
    """Status and body without request id, nonces and the ids that were asked for."""
    text = response.content.decode(errors="replace")
    for value in sorted(ids.values(), key=len, reverse=True):
        text = text.replace(value, "ID")
    return response.status_code, NOISE.sub("", text)


def check_row(key: str, mine: World, theirs: World) -> list[str]:
    """Everything wrong with one route; everything it did is undone."""
    problems: list[str] = []
    row = ROUTES[key]
    with rolled_back():
        cache.clear()
        for world in (mine, theirs):
            with tenant_tx(world.cast.tenant.id):
                for kind in (*row.objects.values(), *row.body_objects.values(), row.shows):
                    if kind:
                        world.row(kind)
        with tenant_tx(mine.cast.tenant.id):
            caller = Caller(key, mine)
            if row.setup:
                row.setup(mine)
        before = snapshot(theirs)
        problems += _foreign(caller, mine, theirs)
        problems += _unwelcome(caller, mine)
        if row.calls:
            problems += _own(caller, mine, theirs)
        if snapshot(theirs) != before:
            problems.append("a neighbour's rows changed")
        for world in (mine, theirs):
            world.rows.clear()
    return [f"{key}: {problem}" for problem in problems]


def _foreign(caller: Caller, mine: World, theirs: World) -> list[str]:
    """Each set of ids replaced by the neighbour's must answer as ids that do not exist do."""
    row, problems = caller.row, []
    token = None if row.scope in ("page", "public") else mine.token
    names = list(row.objects)
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            foreign = {name: theirs.id(row.objects[name]) for name in chosen}
            missing = {name: KINDS[row.objects[name]].missing_id() for name in chosen}
            problems += _same(caller, token, ("ids", foreign, missing), theirs)
    for name, kind in row.body_objects.items():
        foreign, missing = {name: theirs.id(kind)}, {name: KINDS[kind].missing_id()}
        problems += _same(caller, token, ("body", foreign, missing), theirs)
    return problems


def _same(
    caller: Caller, token: str | None, change: tuple[str, dict, dict], theirs: World
) -> list[str]:
    where, foreign, missing = change
    answers = []
    for ids in (foreign, missing):
        with rolled_back():
            response = caller.send(token=token, **{where: ids})
            answers.append(judge(response, ids))
    problems = []
    allowed = (404,) if where == "ids" else (404, 422)
    if answers[0][0] not in allowed:
        problems.append(f"foreign {sorted(foreign)} answers {answers[0][0]}")
    if answers[0] != answers[1]:
        problems.append(f"foreign and missing {sorted(foreign)} differ")
    return problems


def _unwelcome(caller: Caller, mine: World) -> list[str]:
    row = caller.row
    if row.scope == "public" or (row.scope == "page" and row.why):
        return []
    if row.scope == "page":
        return _unwelcome_page(caller, mine)
    tokens: dict[str, str | None] = {"none": None, "revoked": mine.revoked_token}
    if row.scope != "any":
        tokens["poor"] = mine.poor_token
    problems = []
    for name, token in tokens.items():
        status = caller.send(token=token).status_code
        if status not in REFUSED[name]:
            problems.append(f"{name} answers {status}")
    if row.objects and all(KINDS[kind].per_business for kind in row.objects.values()):
        with rolled_back():
            answer = judge(caller.send(token=mine.bound_token), caller.ids())
            ids = {name: KINDS[kind].missing_id() for name, kind in row.objects.items()}
            if answer != judge(caller.send(token=mine.bound_token, ids=ids), ids):
                problems.append(f"a key of another business gets {answer[0]}")
    return problems


def _unwelcome_page(caller: Caller, mine: World) -> list[str]:
    with rolled_back():
        signed_out = Caller(caller.key, mine)
        signed_out.client = Client(raise_request_exception=False)
        status = signed_out.send().status_code
        location = signed_out.send().headers.get("Location", "")
    if status not in PAGE_REFUSED or (status == 302 and "login" not in location):
        return [f"nobody gets {status} {location}"]
    return []


def _own(caller: Caller, mine: World, theirs: World) -> list[str]:
    row, problems = caller.row, []
    token = None if row.scope in ("page", "public") else mine.token
    with tenant_tx(mine.cast.tenant.id):
        shown = mine.id(row.shows) if row.shows else ""
    response = caller.send(token=token)
    text = response.content.decode(errors="replace")
    if response.status_code not in row.serves:
        problems.append(f"the owner gets {response.status_code}: {text[:300]}")
    if shown and shown not in text:
        problems.append(f"the owner's {row.shows} is not shown")
    if row.scope != "page":
        problems += openapi.problems(caller.key, response)
    leaked = [mark for mark in theirs.marks() if mark in text]
    if leaked:
        problems.append(f"shows the neighbour's {leaked[:3]}")
    return problems
