"""T1 on pages, for the people of a tenant themselves: a membership that ended while its session is
open, and one that is limited to another business.
"""

import pytest
from django.core.cache import cache

from accounts.models import Membership
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.bars.matrix import Caller, judge, rolled_back, snapshot
from tests.routes import ROUTES
from tests.world import KINDS, World, make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
PAGES = sorted(key for key, row in ROUTES.items() if row.scope == "page")
# The person's own, or nobody's: these say nothing of a tenant and need no membership.
WITHOUT_MEMBERSHIP = {
    "POST /switch-business/": 302,
    "GET /billing/checkout/done/": 200,
    "GET /docs/api/": 200,
    "GET /docs/api/reference/": 200,
    "GET /llms.txt": 200,
    "GET /openapi.json": 200,
    "GET /openapi.yml": 200,
    "GET /skill.md": 200,
    "GET /.well-known/oauth-authorization-server": 200,
    "GET /.well-known/oauth-protected-resource": 200,
    "GET /.well-known/oauth-protected-resource/mcp": 200,
    "GET /.well-known/oauth-protected-resource/mcp/": 200,
    "POST /oauth/revoke/": 400,
    "POST /oauth/token/": 400,
    "GET /invitations/accept/": 410,
    "GET /dev/mail/": 404,
    "GET /dev/mail/<str:name>/": 404,
    "GET /platforms/<str:platform>/callback": 400,
    "GET /sim/<str:version>/<path:path>": 404,
    "GET /sim/<str:version>/dialog/consent.css": 302,
    "GET /sim/<str:version>/dialog/oauth": 302,
    "GET /v1/billing/checkout": 410,
    "GET /v1/platforms/<str:word>/setup": 410,
}
# An endpoint and its deliveries belong to the whole tenant.
OF_A_BUSINESS = [
    kind
    for kind, made in KINDS.items()
    if made.per_business and kind not in ("webhook", "delivery")
]


@pytest.fixture
def world(db: None) -> World:
    made = make_world("acme")
    with tenant_tx(made.cast.tenant.id):
        for kind in KINDS:
            made.row(kind)
    return made


def of_owner(world: World) -> "Membership":
    return Membership.objects.get(user=world.cast.people[Role.OWNER])


def ready(key: str, world: World) -> Caller:
    """A browser of the owner, whose session is open, before this page."""
    cache.clear()
    caller = Caller(key, world)
    with tenant_tx(world.cast.tenant.id):
        if caller.row.setup:
            caller.row.setup(world)
    assert caller.client.get("/campaigns/").status_code == 200
    return caller


def marks_of(world: World, kinds: list[str]) -> set[str]:
    """What betrays these objects: their ids as pages and as databases print them."""
    keys = [world.rows[kind].pk for kind in kinds]
    return {str(key) for key in keys} | {encode("x", key).removeprefix("x_") for key in keys}


def shown(response: object, ids: dict[str, str], marks: set[str]) -> list[str]:
    """The marks in an answer, but for the ids that were asked for."""
    _status, text = judge(response, ids)
    return sorted(mark for mark in marks if mark in text)


def after_the_end(key: str, world: World) -> list[str]:
    """What is wrong with one page for a person whose membership was removed a moment ago."""
    with rolled_back():
        caller = ready(key, world)
        with tenant_tx(world.cast.tenant.id):
            of_owner(world).delete()
        before = snapshot(world)
        response = caller.send()
        problems = [f"{key} shows {mark}" for mark in shown(response, caller.ids(), world.marks())]
        if snapshot(world) != before:
            problems.append(f"{key} changes rows")
        status, location = response.status_code, response.headers.get("Location", "")
        if key in WITHOUT_MEMBERSHIP:
            if status != WITHOUT_MEMBERSHIP[key]:
                problems.append(f"{key} answers {status}")
        elif (status, location) != (302, "/accounts/no-membership/") and status not in (403, 404):
            problems.append(f"{key} answers {status} {location}")
    return problems


def beside_the_limit(key: str, world: World) -> list[str]:
    """What is wrong with one page for an owner who is limited to another business."""
    with rolled_back():
        caller = ready(key, world)
        with tenant_tx(world.cast.tenant.id):
            limited = of_owner(world)
            limited.business_ids = [str(world.other_business.pk)]
            limited.save(update_fields=["business_ids"])
        objects = caller.row.objects
        with rolled_back():
            before = snapshot(world)
            response = caller.send()
            hidden = marks_of(world, OF_A_BUSINESS) | {encode("biz", world.business.pk)}
            problems = [f"{key} shows {mark}" for mark in shown(response, caller.ids(), hidden)]
            if objects and all(KINDS[kind].per_business for kind in objects.values()):
                missing = {name: KINDS[kind].missing_id() for name, kind in objects.items()}
                missing = {**caller.ids(), **missing}
                foreign = judge(response, caller.ids())
                if snapshot(world) != before:
                    problems.append(f"{key} changes rows")
                if foreign != judge(caller.send(ids=missing), missing):
                    problems.append(f"{key} tells a foreign id ({foreign[0]}) from a missing one")
    return problems


def test_t1_pages_show_nothing_after_a_membership_ended(world: World) -> None:
    problems = [problem for key in PAGES for problem in after_the_end(key, world)]
    print(f"BAR T1 {len(PAGES)} pages after a membership ended, {len(problems)} leaks")
    assert not problems, "\n".join(problems)


def test_t1_pages_show_a_limited_member_nothing_of_another_business(world: World) -> None:
    problems = [problem for key in PAGES for problem in beside_the_limit(key, world)]
    print(f"BAR T1 {len(PAGES)} pages beside a member's limit, {len(problems)} leaks")
    assert not problems, "\n".join(problems)


def test_t1_control_a_membership_without_its_limit_shows_the_other_business(world: World) -> None:
    """The red control: without the limit the same pages show what the test above looks for."""
    found = []
    hidden = marks_of(world, OF_A_BUSINESS)
    for key in ("GET /inbox/", "GET /campaigns/", "GET /connections/"):
        caller = ready(key, world)
        if shown(caller.send(), caller.ids(), hidden):
            found.append(key)
    assert found == ["GET /inbox/", "GET /campaigns/", "GET /connections/"]
