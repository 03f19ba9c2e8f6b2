"""Every example of the OpenAPI document is sent to a fresh test business and works, and its answer
has the documented shape.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.domain.scopes import CANONICAL
from accounts.models import User
from accounts.services import codes
from accounts.services.keys import create_key
from billing.models import CheckoutLink, Plan, Subscription
from campaigns.models import Authority, Campaign, PendingAction
from core.actors import Role
from core.clock import now
from core.crypto import sha256_hex
from core.ids import encode
from core.operations import OPERATIONS, Operation
from core.tenancy import tenant_tx
from platforms.models import ConnectLink, PlatformAsset
from tests.bars.matrix import rolled_back
from tests.cast import NOW
from tests.openapi import problems
from tests.routes import ROUTES
from tests.routewalk import PARAMETER, fill, routes
from tests.world import World, make_world
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db
TOKEN = "0123456789abcdef0123456789abcdef"
# Drives the platform's own answer: tests/journeys and tests/services/campaigns hold these shapes.
ASKS_PLATFORM = {"approve_pending_action", "check_connection"}
# Asks the payment provider: tests/services/billing/test_stripe.py holds the shape.
ASKS_PLATFORM |= {"open_billing_portal"}
Body = dict[str, Any]


def _registered(body: Body) -> User:
    Client().post(
        "/v1/auth/register",
        json.dumps(dict(OPERATIONS["POST", "/auth/register"].example)),
        content_type="application/json",
    )
    return User.objects.get(email=body["email"])


def _to_verify(body: Body) -> None:
    body["code"] = codes.issue_code(_registered(body), now=now())


def _to_log_in(body: Body) -> None:
    code: Body = {"email": body["email"]}
    _to_verify(code)
    done = Client().post("/v1/auth/verify", json.dumps(code), content_type="application/json")
    assert done.status_code == 200


def _checkout(world: World, body: Body) -> None:
    CheckoutLink.objects.create(
        tenant_id=world.cast.tenant.id,
        plan=Plan.objects.get(pk=2),
        token_digest=sha256_hex(TOKEN),
        created_by="key_x",
        created_at=now(),
        expires_at=now() + timedelta(hours=1),
    )


def _subscribed(world: World, body: Body) -> None:
    Subscription.objects.create(
        tenant_id=world.cast.tenant.id,
        plan=Plan.objects.get(pk=2),
        status="active",
        created_at=NOW,
    )


def _ending(world: World, body: Body) -> None:
    _subscribed(world, body)
    moment = now() + timedelta(days=3)
    Subscription.objects.update(external_id="sub_1", ends_at=moment, period_ends_at=moment)


def _link(world: World, body: Body) -> None:
    ConnectLink.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        platform="meta",
        environment="test",
        token_digest=sha256_hex(TOKEN),
        created_by="key_x",
        created_at=now(),
        expires_at=now() + timedelta(hours=1),
    )


def _launchable(world: World, body: Body) -> None:
    world.row("campaign")
    PlatformAsset.objects.create(
        tenant_id=world.cast.tenant.id,
        business=world.business,
        connection=world.row("connection"),
        kind="page",
        external_id="page1",
        name="Page",
        is_default=True,
    )
    Campaign.objects.filter(pk=world.row("campaign").pk).update(
        message="Ride into spring",
        target_url="https://lumen.example/",
        target_location="United States",
    )


def _at_platform(status: str) -> Callable[[World, Body], None]:
    def prepare(world: World, body: Body) -> None:
        Campaign.objects.filter(pk=world.row("campaign").pk).update(
            status=status, effective_status=status, external_id="120001"
        )

    return prepare


def _own_proposal(world: World, body: Body) -> None:
    me = world.row("caller")
    PendingAction.objects.filter(pk=world.row("pending").pk).update(
        proposer_id=encode("key", me.pk), proposer_chain=[encode("key", me.pk)]
    )


def _paused_hook(world: World, body: Body) -> None:
    Endpoint.objects.filter(pk=world.row("webhook").pk).update(is_active=False)


def _recently(world: World, body: Body) -> None:
    body["since"] = (now() - timedelta(hours=1)).isoformat()


def _names_campaign(world: World, body: Body) -> None:
    body["campaign_id"] = world.id("campaign")


def _names_suggestion(world: World, body: Body) -> None:
    body["suggestion_id"] = world.id("suggestion")


def _to_reset(body: Body) -> None:
    person: Body = dict(OPERATIONS["POST", "/auth/login"].example)
    _to_log_in(person)
    User.objects.filter(email=person["email"]).update(is_claimed=True)
    body["token"] = codes.reset_token(User.objects.get(email=person["email"]))


# Before the tenant's scope is opened, and inside it.
SIGN_UP = {
    "verify_account": _to_verify,
    "log_in": _to_log_in,
    "confirm_password_reset": _to_reset,
}
PREPARE: dict[str, Callable[[World, Body], None]] = {
    "get_checkout_status": _checkout,
    "cancel_subscription": _subscribed,
    "resume_subscription": _ending,
    "get_connect_status": _link,
    "launch_campaign": _launchable,
    "pause_campaign": _at_platform("ACTIVE"),
    "resume_campaign": _at_platform("PAUSED"),
    "cancel_pending_action": _own_proposal,
    "resume_webhook": _paused_hook,
    "create_rule": _names_campaign,
    "create_alert_rule": _names_campaign,
    "try_new_rule": _names_campaign,
    "optimize_campaign": _names_campaign,
    "apply_suggestion": _names_suggestion,
    "replay_deliveries": _recently,
}
QUERY = {"get_checkout_status": f"token={TOKEN}", "get_connect_status": f"token={TOKEN}"}


def _caller(world: World, *, bound: bool) -> str:
    """A key with every scope, of the one business where the body could mean several."""
    owner = world.cast.people[Role.OWNER]
    key, token = create_key(
        tenant_id=world.cast.tenant.id,
        user_id=owner.id,
        name="caller",
        environment="test",
        scopes=CANONICAL,
        root=encode("user", owner.id),
        now=NOW,
        business_id=world.business.id if bound else None,
        granted_by_person=True,
    )
    world.rows["caller"] = key
    return token


def _sent(key: str, one: Operation, world: World) -> Any:
    row, body = ROUTES[key], dict(one.example)
    if one.id in SIGN_UP:
        SIGN_UP[one.id](body)
    with tenant_tx(world.cast.tenant.id):
        token = _caller(world, bound="business_id" in row.body_objects)
        for kind in row.objects.values():
            world.row(kind)
        if one.id in PREPARE:
            PREPARE[one.id](world, body)
        names = PARAMETER.findall(key)
        ids = {
            name: world.id(row.objects[name]) if name in row.objects else row.params[name]
            for name in names
        }
    path = fill(key.split(" ", 1)[1], ids)
    query = QUERY.get(one.id, "")
    headers = {} if row.scope == "public" else {"Authorization": f"Bearer {token}"}
    if one.method != "GET" and row.scope != "public":
        headers["Idempotency-Key"] = "one"
    return Client(raise_request_exception=False).generic(
        one.method,
        f"{path}?{query}" if query else path,
        json.dumps(body) if one.body else "",
        content_type="application/json",
        headers=headers,
    )


def _all() -> list[tuple[str, Operation]]:
    found = {route.key: route for route in routes() if route.method}
    return [
        (key, OPERATIONS[route.method, PARAMETER.sub(r"{\1}", route.pattern.removeprefix("/v1"))])
        for key, route in found.items()
    ]


@pytest.mark.parametrize("modes", ["draft", "auto"])
def test_every_example_works_and_is_answered_as_documented(modes):
    world, wrong, done = make_world("acme"), [], 0
    with tenant_tx(world.cast.tenant.id):
        Authority.objects.create(
            tenant_id=world.cast.tenant.id,
            business=world.business,
            version=1,
            creative=modes,
            tactical=modes,
            structural=modes,
            created_by="user_x",
            created_at=NOW,
        )
    for key, one in _all():
        if one.id in ASKS_PLATFORM:
            continue
        with rolled_back():
            response = _sent(key, one, world)
            world.rows.clear()
        if response.status_code not in one.answers:
            wrong.append(f"{key}: {response.status_code} {response.content[:300]!r}")
        wrong += problems(key, response)
        done += 1
    print(f"BAR G1 {done} examples executed with every axis on {modes}, {len(wrong)} wrong")
    assert wrong == []


def test_control_a_missing_key_an_extra_key_and_an_unknown_word_are_found(acme):
    key = "GET /v1/account/profile"
    response = Client().get("/v1/account/profile", headers=acme.headers)
    assert problems(key, response) == []
    whole, found = response.json(), 0
    for broken in (
        {name: value for name, value in whole.items() if name != "plan"},
        whole | {"surprise": 1},
        whole | {"environment": "staging"},
        whole | {"user": None},
    ):
        response._content = json.dumps(broken).encode()
        del response.json
        response.json = lambda broken=broken: broken
        found += bool(problems(key, response))
    response.status_code = 299
    found += bool(problems(key, response))
    print(f"BAR G1 control {found} of 5 broken answers found")
    assert found == 5
