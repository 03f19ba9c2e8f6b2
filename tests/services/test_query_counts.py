"""Every list answers from as many queries with 1,000 rows as with 10, and one page at a time."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from billing.models import Plan
from core.actors import Role
from core.tenancy import tenant_tx
from tests.bars.matrix import Caller
from tests.cast import NOW
from tests.crowd import crowd
from tests.list_routes import LISTS, NOT_LISTS, Listing
from tests.roles import admin_role
from tests.routes import ROUTES, is_walked
from tests.routewalk import PARAMETER, Route, fill, routes
from tests.world import KINDS, World, make_world

FEW, MANY = 10, 1_000
ROWS = re.compile(r"<(?:tr|li|article)\b")
ADMIN_PAGE = 50


@dataclass(frozen=True)
class Answer:
    """One request: its statements, and the rows in its answer: of each list, and all."""

    status: int
    queries: tuple[str, ...]
    shown: tuple[int, ...]
    total: int

    def problems(self, key: str, later: "Answer") -> list[str]:
        """What is wrong when `later` is the same request with many rows."""
        found = []
        if self.status != later.status:
            found.append(f"{key}: {self.status} became {later.status}")
        if len(self.queries) != len(later.queries):
            found.append(f"{key}: {len(self.queries)} queries became {len(later.queries)}")
        return found


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Path) -> World:
    settings.DEMO, settings.SHOWS_MAIL, settings.MAIL_DIR = True, True, tmp_path
    made = make_world("acme")
    with tenant_tx(made.cast.tenant.id):
        for kind in KINDS:
            made.row(kind)
    return made


def fill_up(world: World, folder: Path, first: int, last: int) -> None:
    crowd(world, first, last)
    for number in range(first, last):
        text = f"Subject: mail-seed-{number}\n\nHello\n"
        (folder / f"{number}.log").write_text(text)


def listings(key: str) -> tuple[Listing, ...]:
    """The lists of a page."""
    return (LISTS[key], *LISTS[key].beside) if key in LISTS else ()


def ask(key: str, world: World) -> Answer:
    """The second of two equal requests: the first one fills the caches."""
    caller = Caller(key, world)
    token = None if ROUTES[key].scope in ("page", "public") else world.token
    if key in LISTS and LISTS[key].one_business:
        session = caller.client.session
        session["business_id"] = world.id("business")
        session.save()
    caller.send(token=token)
    with CaptureQueriesContext(connection) as captured:
        response = caller.send(token=token)
    queries = tuple(query["sql"] for query in captured.captured_queries)
    text = response.content.decode(errors="replace")
    if ROUTES[key].scope != "page":
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        rows = body.get("data", []) if "pagination" in body else []
        return Answer(response.status_code, queries, (len(rows),), len(rows))
    shown = tuple(len(set(re.findall(one.mark, text))) for one in listings(key))
    return Answer(response.status_code, queries, shown, len(ROWS.findall(text)))


def answers_get(route: Route, world: World) -> bool:
    """A page for POST alone says 405 to its reader, whatever the ids."""
    if route.method:
        return route.method == "GET"
    client = Client(raise_request_exception=False)
    client.force_login(world.cast.people[Role.OWNER])
    session = client.session
    session["tenant_id"] = str(world.cast.tenant.id)
    session.save()
    path = fill(route.pattern, dict.fromkeys(PARAMETER.findall(route.pattern), "x"))
    return client.get(path).status_code != 405


def untabled(found: list[Route], world: World) -> list[str]:
    """GET routes without a row, sorted."""
    tabled = LISTS.keys() | NOT_LISTS.keys()
    return sorted(
        f"GET {route.pattern}"
        for route in found
        if is_walked(route.pattern)
        and f"GET {route.pattern}" not in tabled
        and answers_get(route, world)
    )


def test_every_get_route_is_tabled_once(world: World) -> None:
    assert untabled(routes(), world) == []
    patterns = {f"GET {route.pattern}" for route in routes() if route.method in ("", "GET")}
    assert sorted((LISTS.keys() | NOT_LISTS.keys()) - patterns) == []
    assert LISTS.keys() & NOT_LISTS.keys() == set()
    assert all(NOT_LISTS.values())


def test_route_without_row_is_found(world: World) -> None:
    forgotten = Route("/v1/reports", "GET", "ads:read", None)
    assert untabled([forgotten], world) == ["GET /v1/reports"]


def test_query_counts_are_constant_and_lists_paged(world: World, tmp_path: Path) -> None:
    keys = sorted(LISTS.keys() | NOT_LISTS.keys())
    fill_up(world, tmp_path, 0, FEW)
    few = {key: ask(key, world) for key in keys}
    fill_up(world, tmp_path, FEW, MANY)
    problems = []
    for key in keys:
        before, after = few[key], ask(key, world)
        problems += before.problems(key, after)
        if key not in LISTS:
            if before.total != after.total:
                problems.append(f"{key} is a list: {before.total} rows became {after.total}")
        elif min(before.shown) < FEW or after.shown != tuple(one.most for one in listings(key)):
            problems.append(f"{key} shows {before.shown} of {FEW} and {after.shown} of {MANY}")
    assert not problems, "\n".join(problems)


def test_admin_lists_are_constant_and_paged(world: World, settings: Any) -> None:
    settings.ADMIN_DATABASE = "default"
    root = User.objects.create_superuser("root@adamant.example", "x" * 20, created_at=NOW)
    client = Client()
    client.force_login(root)
    crowd(world, 0, FEW)
    few = admin_answers(client)
    crowd(world, FEW, MANY)
    problems = []
    for (name, before), after in zip(few.items(), admin_answers(client).values(), strict=True):
        problems += before.problems(name, after)
        if name != Plan.__name__ and (before.shown[0] < FEW or after.shown != (ADMIN_PAGE,)):
            problems.append(f"{name} shows {before.shown} of {FEW} and {after.shown} of {MANY}")
    assert not problems, "\n".join(problems)


def admin_answers(client: Client) -> dict[str, Answer]:
    """The change list of every model of the admin, read as the admin's role where there is one."""
    with admin_role():
        return {model.__name__: admin_answer(client, model) for model in admin.site._registry}


def admin_answer(client: Client, model: Any) -> Answer:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    queries = tuple(query["sql"] for query in captured.captured_queries)
    rows = len(response.context["cl"].result_list)
    return Answer(response.status_code, queries, (rows,), rows)
