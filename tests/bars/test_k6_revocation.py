"""K6: what is taken away works no more with the next request, and in workers within a second."""

import json
import re
import time
from functools import lru_cache

import pytest
from django.test import Client

from accounts import authentication
from accounts.models import AuditEvent, Business, Membership
from accounts.services import keys, team
from accounts.services.keys import create_key
from campaigns.dispatch import writers
from campaigns.dispatch.loop import run_once
from campaigns.models import Campaign
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.models import Connection
from platforms.services.grants import disconnect
from tests.cast import NOW
from tests.services.accounts.oauth_client import App, allowed, person, register
from tests.services.dispatch.fake import FakePlatform
from tests.services.dispatch.world import (
    budget_step,
    intend,
    launch_steps,
    make_tree,
    make_world,
)

pytestmark = pytest.mark.bar
BODY = json.dumps({"name": "Made too late"})


def a_key(cast, role):
    """A key that a member's person was given."""
    user = cast.people[role]
    with tenant_tx(cast.tenant.id):
        key, token = create_key(
            tenant_id=cast.tenant.id,
            user_id=user.pk,
            name="k",
            environment="test",
            scopes=["account:read", "account:write"],
            root=encode("user", user.pk),
            now=NOW,
        )
    return key, token


def write(token):
    """The status of a change with a key or an app's token."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client().post(
        "/v1/account/business", BODY, content_type="application/json", headers=headers
    )
    return answer.status_code


def made(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Business.objects.filter(name="Made too late").count()


def audited(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return AuditEvent.objects.count()


def later_successes(cast, token, revoke, tries=5):
    """How many requests after `revoke` were carried out; the one before it is."""
    assert write(token) == 201
    revoke()
    before = made(cast), audited(cast)
    answers = [write(token) for _ in range(tries)]
    passed = sum(status != 401 for status in answers)
    if not passed:
        assert (made(cast), audited(cast)) == before
    return passed


def revoke_key(cast, key):
    return lambda: keys.revoke_key(cast.person(), encode("key", key.pk), now=now())


def remove_member(cast, role):
    with tenant_tx(cast.tenant.id, readonly=True):
        membership = Membership.objects.get(user=cast.people[role])
    return lambda: team.remove_member(cast.person(), encode("mem", membership.pk), now=now())


def app_with_token(cast):
    client, _secret = register(cast)
    app = App(client.client_id)
    code = allowed(app, cast, scope="account:read account:write")["code"]
    assert app.redeem(code).status_code == 200
    return app


@pytest.mark.django_db
def test_k6_the_next_request_is_refused(acme):
    found = {}
    key, token = a_key(acme, Role.OWNER)
    found["key"] = later_successes(acme, token, revoke_key(acme, key))
    _, token = a_key(acme, Role.BUYER)
    browser = Client()
    browser.force_login(acme.people[Role.BUYER])
    assert browser.get("/campaigns/").status_code == 200
    found["member"] = later_successes(acme, token, remove_member(acme, Role.BUYER))
    found["member's page"] = int(browser.get("/campaigns/").status_code == 200)
    app = app_with_token(acme)
    token = app.tokens["access_token"]
    found["app's token"] = later_successes(
        acme, token, lambda: app.post("/oauth/revoke/", token=token)
    )
    app = app_with_token(acme)
    grant = person(acme)
    found["app's access"] = later_successes(
        acme, app.tokens["access_token"], lambda: end_access(grant)
    )
    print(f"BAR K6 later successes: {found}")
    assert found == dict.fromkeys(found, 0)


def end_access(client):
    """The person takes every app's access back on the page Apps."""
    page = client.get("/apps/").content.decode()
    ends = set(re.findall(r'action="(/apps/access/[^"]+/revoke/)"', page))
    assert ends
    for path in ends:
        assert client.post(path).status_code == 302


def cached_for_a_minute(monkeypatch):
    """What a cache of looked up keys would do."""
    real = authentication.KEY_BY_DIGEST

    class Cached:
        one = staticmethod(lru_cache(lambda digest: real.one(digest=digest)))

    monkeypatch.setattr(authentication, "KEY_BY_DIGEST", Cached)


@pytest.mark.django_db
def test_k6_control_a_cache_of_keys_is_found(acme, monkeypatch):
    cached_for_a_minute(monkeypatch)
    key, token = a_key(acme, Role.OWNER)
    _, members = a_key(acme, Role.BUYER)
    found = {
        "key": later_successes(acme, token, revoke_key(acme, key)),
        "member": later_successes(acme, members, remove_member(acme, Role.BUYER)),
    }
    print(f"BAR K6 control keys cached for a minute: later successes {found}")
    assert all(number > 0 for number in found.values())


@pytest.fixture
def stage(acme_committed, monkeypatch):
    """A running campaign whose connection decides whether the writer is reached."""
    fake = FakePlatform()
    monkeypatch.setitem(writers.WRITERS, "meta", lambda credentials: fake)
    monkeypatch.setattr(writers.queries, "open_reader", lambda account: fake)
    monkeypatch.setattr(writers.queries, "credentials", lambda account: None)
    world = make_world(acme_committed)
    tree = make_tree(world)
    intend(world, tree, launch_steps(world, tree))
    run_once(NOW)
    assert world.row(Campaign, tree.campaign.id).status == "ACTIVE"
    fake.calls.clear()
    return world, tree, fake


def worker_after_disconnect(stage):
    """Seconds until a worker is done with what was waiting, and what it asked of the platform."""
    world, tree, fake = stage
    job = intend(world, tree, [budget_step(tree.campaign, 60)], kind="set_daily_budget")
    with tenant_tx(world.tenant_id, readonly=True):
        connection = Connection.objects.get()
    disconnect(world.cast.person(), connection, now=NOW, with_uses=True)
    began = time.perf_counter()
    run_once(NOW)
    return time.perf_counter() - began, list(fake.calls), world.dispatch(job).state


def test_k6_a_worker_sends_nothing_through_a_connection_that_was_ended(stage):
    took, calls, state = worker_after_disconnect(stage)
    print(f"BAR K6 worker: calls after disconnecting={len(calls)}, seen after {took:.3f} s (<= 1)")
    assert calls == []
    assert state != "done"
    assert took <= 1


def test_k6_control_a_worker_that_keeps_its_connection_is_found(stage, monkeypatch):
    fake = stage[2]
    monkeypatch.setattr(writers, "connect", lambda account: (fake, fake))
    _took, calls, state = worker_after_disconnect(stage)
    print(f"BAR K6 control a worker that keeps its connection: {len(calls)} calls")
    assert calls != []
    assert state == "done"
