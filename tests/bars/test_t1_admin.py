"""T1 on `/admin/`: nobody but a super-admin with a second factor sees or changes anything there,
whatever the URL; and a super-admin changes nothing by writing.
"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from accounts.models import Business, SystemAuditEvent, Tenant, User
from core.actors import Role
from core.tenancy import tenant_tx
from tests.bars.matrix import rolled_back, snapshot
from tests.cast import NOW
from tests.crowd import crowd
from tests.roles import admin_role
from tests.routewalk import PARAMETER, fill, routes
from tests.world import KINDS, World, make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
LABELS = {model._meta.label_lower for model in admin.site._registry}
MODEL = re.compile(r"^/admin/(\w+)/(\w+)/")
INDEX = r"/admin/(?P<app_label>campaigns|analytics|platforms|billing|webhooks|accounts)/$"
ANYTHING = r"/admin/(?P<url>.*)$"
LOGIN, LOGOUT = "/admin/login/", "/admin/logout/"


@pytest.fixture
def world(db: None) -> World:
    made = make_world("acme")
    with tenant_tx(made.cast.tenant.id):
        for kind in KINDS:
            made.row(kind)
    crowd(made, 0, 1)
    return made


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@adamant.example", "x" * 20, created_at=NOW)


def keys_of(world: World) -> dict[str, str]:
    """Model → the key of one of its rows."""
    found = {}
    with tenant_tx(world.cast.tenant.id):
        for model in admin.site._registry:
            row = model._default_manager.order_by("pk").first()
            found[model._meta.label_lower] = str(row.pk if row else uuid4())
    business = Business._meta.label_lower
    return found | {business: str(world.business.pk), "accounts.tenant": str(world.cast.tenant.id)}


def addresses(world: World) -> dict[str, str]:
    """Pattern → address, for every URL of the admin."""
    keys, found = keys_of(world), {}
    content_type = ContentType.objects.get_for_model(Business)
    for route in routes():
        pattern = route.pattern
        if not pattern.startswith("/admin/") or pattern in (INDEX, ANYTHING):
            continue
        model = MODEL.match(pattern)
        key = keys.get(f"{model[1]}.{model[2]}", "") if model else keys["accounts.business"]
        values = {"object_id": key, "content_type_id": str(content_type.pk)}
        found[pattern] = fill(pattern, values) if PARAMETER.search(pattern) else pattern
    found[INDEX], found[ANYTHING] = "/admin/accounts/", "/admin/none/"
    found[LOGOUT] = found.pop(LOGOUT)  # last: it ends the session
    assert not [address for address in found.values() if not re.fullmatch(r"[\w/.-]+", address)]
    return found


def everything(world: World) -> Any:
    """What must not change: the tenant's rows, tenants, people."""
    people = User.objects.order_by("pk").values_list("pk", "email", "is_active", "is_superuser")
    tenants = Tenant.objects.order_by("pk").values_list("pk", "name", "is_suspended")
    return snapshot(world), list(people), list(tenants)


def sends(address: str, key: str) -> list[tuple[str, dict[str, Any]]]:
    """The requests of one URL: a look, writing, and each kind of action."""
    acts = [{"action": name, "_selected_action": [key]} for name in ("suspend", "pause")]
    written = {"name": "hijacked", "is_suspended": "on", "post": "yes"}
    return [("get", {}), ("post", written), *(("post", act) for act in acts)]


def refused(pattern: str, *, anonymous: bool) -> tuple[int, str]:
    """Status and place of a refusal: all lead to one door, which turns away who has a session."""
    if pattern == LOGIN:
        return (302, "/accounts/login/") if anonymous else (403, "")
    return (302, "/admin/") if pattern == LOGOUT else (302, LOGIN)


def refusals(client: Client, world: World, *, anonymous: bool = False) -> list[str]:
    """What is wrong when all of this must be refused."""
    before, problems = (everything(world), SystemAuditEvent.objects.count()), []
    with rolled_back():
        for pattern, address in addresses(world).items():
            for method, body in sends(address, str(world.cast.tenant.id)):
                response = getattr(client, method)(address, body)
                text = response.content.decode().replace(address, "")
                seen = [mark for mark in world.marks() if mark in text]
                status, location = response.status_code, response.headers.get("Location", "")
                expected = refused(pattern, anonymous=anonymous)
                if (status, location.partition("?")[0]) != expected:
                    problems.append(f"{method} {pattern} answers {status} {location}")
                if seen:
                    problems.append(f"{method} {pattern} shows {seen[:2]}")
        if (everything(world), SystemAuditEvent.objects.count()) != before:
            problems.append("rows changed")
    return problems


def test_t1_admin_lets_nobody_in(world: World) -> None:
    problems = refusals(Client(), world, anonymous=True)
    print(f"BAR T1 admin {len(addresses(world))} URLs as nobody, {len(problems)} leaks")
    assert problems == []


def test_t1_admin_lets_no_owner_in(world: World) -> None:
    client = Client()
    client.force_login(world.cast.people[Role.OWNER])
    problems = refusals(client, world)
    print(f"BAR T1 admin {len(addresses(world))} URLs as an owner, {len(problems)} leaks")
    assert problems == []


def test_t1_admin_lets_no_super_admin_in_without_the_factor(
    world: World, root: User, settings: Any
) -> None:
    settings.SECURE = True
    client = Client()
    client.force_login(root)
    problems = refusals(client, world)
    print(f"BAR T1 admin {len(addresses(world))} URLs without the factor, {len(problems)} leaks")
    assert problems == []


def test_t1_control_what_a_super_admin_sees_is_found(
    world: World, root: User, settings: Any
) -> None:
    """The red control: the same walk by somebody who may look finds every list and every row."""
    settings.ADMIN_DATABASE = "default"
    client = Client()
    client.force_login(root)
    with admin_role():
        problems = refusals(client, world)
    wanted = {f"get {pattern} answers 200 " for pattern in addresses(world) if _looks(pattern)}
    print(f"BAR T1 control admin {len(wanted & set(problems))} of {len(wanted)} open URLs found")
    assert len(wanted) == 3 * len(admin.site._registry)
    assert sorted(wanted - set(problems)) == []
    assert [one for one in problems if one.startswith("get") and " shows " in one] != []


def _looks(pattern: str) -> bool:
    model = MODEL.match(pattern)
    if not model or f"{model[1]}.{model[2]}" not in LABELS:
        return False
    return pattern.count("/") == 4 or pattern.endswith(("/change/", "/history/"))


def test_t1_admin_super_admins_write_nothing(world: World, root: User, settings: Any) -> None:
    settings.ADMIN_DATABASE = "default"
    client = Client()
    client.force_login(root)
    with admin_role():
        before, found = everything(world), addresses(world)
        for address in found.values():
            client.post(address, {"name": "hijacked", "is_suspended": "on", "post": "yes"})
        same = everything(world) == before
    print(f"BAR T1 admin {len(found)} URLs written to by a super-admin, changed: {not same}")
    assert same
