"""T1: no route shows, finds or changes what belongs to somebody else. T5: nor does the database,
with the managers switched off.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection

from accounts.rls import tenant_models
from core.compiled import Compiled, forget
from core.tenancy import TenantManager, tenant_tx
from tests.bars.matrix import check_row, rolled_back
from tests.routes import EXEMPT, ROUTES, is_walked
from tests.routewalk import mounts, routes
from tests.world import make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
LONG = os.environ.get("BARS") == "long"


@pytest.fixture
def worlds(db):
    return make_world("acme"), make_world("rival")


def test_t1_every_route_has_a_row_and_every_row_a_route():
    found = [route for route in routes() if is_walked(route.pattern)]
    rest = {route.key for route in found if route.method}
    pages = {route.pattern for route in found if not route.method}
    rows = {key for key, row in ROUTES.items() if row.scope != "page" and key in rest}
    page_rows = {key.split(" ", 1)[1] for key in ROUTES if key not in rest}
    assert sorted(rest - rows) == []
    assert sorted(pages - page_rows) == []
    assert sorted(page_rows - pages) == []
    patterns = [route.pattern for route in routes()]
    assert [p for p in EXEMPT if not any(one.startswith(p) for one in patterns)] == []


def test_t1_every_row_names_the_routes_own_scope():
    rows = {route.key: route.scope for route in routes() if route.method}
    assert {key: scope for key, scope in rows.items() if ROUTES[key].scope != scope} == {}
    assert [key for key, row in ROUTES.items() if row.scope == "public" and not row.why] == []


def test_t1_both_mounts_hold_the_same_routes():
    both = mounts()
    assert both["/api/v1/"] == both["/v1/"] != set()


def test_t1_matrix_finds_no_leak(worlds):
    problems = [problem for key in ROUTES for problem in check_row(key, *worlds)]
    print(f"BAR T1 {len(ROUTES)} routes, {len(problems)} leaks, 0 routes without a row")
    assert problems == []


@contextmanager
def without_manager(models: set[type] | None = None) -> Iterator[None]:
    """The scoped managers of `models` (None: all) let every tenant's rows through, also in
    statements that are built once: those are built anew, and not kept.
    """
    real, kept = TenantManager.get_queryset, Compiled._prepare

    def leaky(self):
        scoped = real(self)
        if models is None or self.model in models:
            return scoped | self.model._base_manager.filter(pk__isnull=False)
        return scoped

    def anew(self, values):
        before, self._statements = self._statements, {}
        try:
            return kept(self, values)
        finally:
            self._statements = before

    TenantManager.get_queryset, Compiled._prepare = leaky, anew
    forget()
    try:
        yield
    finally:
        TenantManager.get_queryset, Compiled._prepare = real, kept
        forget()


def seeds() -> dict[str, list[str]]:
    """Route → the kinds whose filter is dropped: those of its path, or of the rows it lists. A row
    that says `why` has another wall besides.
    """
    found = {}
    for key, row in ROUTES.items():
        kinds = list(row.objects.values()) or [row.shows]
        if all(kinds) and not row.why:
            found[key] = [*kinds, *row.behind]
    return found


def seeded(mine, theirs) -> tuple[int, list[str]]:
    """How many routes were made to leak by their managers, and which of them went unnoticed."""
    every = seeds()
    tried = every if LONG else dict(random.Random(20).sample(sorted(every.items()), 20))
    missed = []
    for key, kinds in tried.items():
        with rolled_back():
            with tenant_tx(mine.cast.tenant.id):
                models = {type(mine.row(kind)) for kind in kinds}
            mine.rows.clear()
        with without_manager(models):
            if not check_row(key, mine, theirs):
                missed.append(key)
    return len(tried), missed


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's second wall hides the seed")
def test_t1_control_finds_every_seeded_leak(worlds):
    tried, missed = seeded(*worlds)
    print(f"BAR T1 control {tried} seeded leaks, {tried - len(missed)} found")
    assert missed == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="row-level security is PostgreSQL's")
def test_t5_database_alone_holds_without_managers(worlds):
    with without_manager():
        problems = [problem for key in ROUTES for problem in check_row(key, *worlds)]
    print(f"BAR T5 {len(ROUTES)} routes with managers off, {len(problems)} leaks")
    assert problems == []


def take_the_wall_down() -> None:
    """No row-level security for the rest of the test's transaction, which is undone."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("RESET ROLE")
        for model in tenant_models():
            cursor.execute(f'ALTER TABLE "{model._meta.db_table}" DISABLE ROW LEVEL SECURITY')
        cursor.execute(f'SET ROLE "{settings.RUNTIME_DB_ROLE}"')


@pytest.mark.skipif(connection.vendor != "postgresql", reason="row-level security is PostgreSQL's")
def test_t5_control_without_the_wall_every_seeded_leak_shows(worlds):
    take_the_wall_down()
    tried, missed = seeded(*worlds)
    print(f"BAR T5 control row-level security off: {tried - len(missed)} of {tried} routes leak")
    assert missed == []
