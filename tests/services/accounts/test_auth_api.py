"""Surface A: /auth over HTTP, as an agent uses it."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from accounts.domain.scopes import DOCUMENTED
from accounts.models import ApiKey, AuditEvent, Membership, OutboxEvent, Tenant, User
from accounts.services.mail import send_due
from core.actors import Role
from core.clock import now
from core.ids import decode, encode
from core.tenancy import tenant_tx
from tests.cast import PASSWORD

JANE = {
    "email": "Jane@Smith.example",
    "password": PASSWORD,
    "first_name": "Jane",
    "last_name": "Smith",
}


def call(method: str, path: str, body=None, *, token: str = ""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().generic(
        method,
        f"/api/v1{path}",
        data=b"" if body is None else __import__("json").dumps(body),
        content_type="application/json",
        headers=headers,
    )


def post(path: str, body=None, *, token: str = ""):
    return call("POST", path, body, token=token)


def mailed_code() -> str:
    send_due(now())
    found = re.search(r"\b(\d{6})\b", mail.outbox[-1].body)
    assert found
    return found.group(1)


@pytest.fixture
def registered(db):
    answer = post("/auth/register", JANE | {"verification_method": "email"})
    assert answer.status_code == 201, answer.content
    return answer.json()


@pytest.fixture
def verified(registered):
    assert post("/auth/verify", {"email": JANE["email"], "code": mailed_code()}).status_code == 200
    return registered


def error_code(answer) -> str:
    return answer.json()["error"]["code"]


def test_register_answers_user_and_key(registered):
    assert set(registered) == {"user", "api_key", "message"}
    user = registered["user"]
    assert set(user) == {"id", "email", "first_name", "last_name", "enabled", "created_at"}
    assert (user["email"], user["enabled"]) == ("jane@smith.example", False)
    assert registered["api_key"].startswith("aa_live_")
    row = User.objects.get()
    assert not row.is_claimed
    tenant = Tenant.objects.get()
    with tenant_tx(tenant.id):
        assert Membership.objects.get().role == Role.OWNER
        key = ApiKey.objects.get()
        assert registered["api_key"] not in (key.digest, key.prefix)
        assert set(DOCUMENTED) <= set(key.scopes)
        assert AuditEvent.objects.get().event_type == "account.registered"


def test_register_in_demo_mints_a_test_key(db, settings):
    settings.DEMO = True
    assert post("/auth/register", JANE).json()["api_key"].startswith("aa_test_")


def test_register_on_sandbox_host_mints_a_test_key(db, settings):
    settings.SANDBOX_HOST, settings.ALLOWED_HOSTS = "sandbox.example", ["sandbox.example"]
    answer = Client(headers={"Host": "sandbox.example"}).post(
        "/v1/auth/register", JANE, content_type="application/json"
    )
    assert answer.json()["api_key"].startswith("aa_test_")


def test_register_taken_address_answers_409_and_changes_nothing(registered):
    answer = post("/auth/register", JANE | {"email": "JANE@smith.example"})
    assert (answer.status_code, error_code(answer)) == (409, "email_taken")
    assert (User.objects.count(), Tenant.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"verification_method": "phone"}, "verification_method_unsupported"),
        ({"email": "nobody"}, "validation_error"),
        ({"password": "short"}, "validation_error"),
        ({"password": "password1"}, "validation_error"),
        ({"first_name": None}, "validation_error"),
        ({"role": "owner"}, "validation_error"),
    ],
)
def test_register_refuses_bad_input(db, change, code):
    answer = post("/auth/register", JANE | change)
    assert (answer.status_code, error_code(answer)) == (422, code)
    assert User.objects.count() == 0


def test_sixth_registration_of_an_address_in_an_hour_is_refused(db):
    statuses = [
        post("/auth/register", JANE | {"email": f"j{n}@smith.example"}).status_code
        for n in range(6)
    ]
    assert statuses == [201] * 5 + [429]
    assert User.objects.count() == 5


def test_verify_enables_the_account_and_emits_the_event(registered):
    answer = post("/auth/verify", {"email": JANE["email"], "code": mailed_code()})
    assert answer.status_code == 200
    assert answer.json()["user"]["enabled"] is True
    with tenant_tx(Tenant.objects.get().id):
        assert OutboxEvent.objects.get().event_type == "account.verified"
    send_due(now())
    assert "/accounts/claim/?token=" in mail.outbox[-1].body


def test_verify_takes_the_code_alone_with_a_key(registered):
    body = {"code": mailed_code()}
    assert post("/auth/verify", body).status_code == 422
    assert post("/auth/verify", body, token=registered["api_key"]).status_code == 200


def test_code_dies_after_five_misses(registered):
    right = mailed_code()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert post("/auth/verify", {"email": JANE["email"], "code": wrong}).status_code == 422
    answer = post("/auth/verify", {"email": JANE["email"], "code": right})
    assert (answer.status_code, error_code(answer)) == (422, "invalid_code")
    assert User.objects.get().email_verified_at is None


def test_code_dies_after_resend_and_the_new_one_works(registered):
    old = mailed_code()
    assert post("/auth/verify/resend", {"email": JANE["email"]}).status_code == 200
    new = mailed_code()
    if old != new:
        assert post("/auth/verify", {"email": JANE["email"], "code": old}).status_code == 422
    assert post("/auth/verify", {"email": JANE["email"], "code": new}).status_code == 200


def test_unverified_key_reaches_auth_and_account_only(registered):
    token = registered["api_key"]
    assert call("GET", "/account/profile", token=token).status_code == 200
    assert call("GET", "/auth/keys", token=token).status_code == 200
    for method, path, body in [
        ("GET", "/webhooks", None),
        ("POST", "/account/business", {"name": "x"}),
    ]:
        answer = call(method, path, body, token=token)
        assert (answer.status_code, error_code(answer)) == (403, "account_not_verified")


def test_login_mints_a_key_of_thirty_days(verified):
    answer = post("/auth/login", {"email": JANE["email"], "password": PASSWORD})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"user", "api_key", "scopes", "expires_at"}
    assert answer["Cache-Control"] == "no-store"
    with tenant_tx(Tenant.objects.get().id):
        key = ApiKey.objects.get(purpose="login")
    assert key.expires_at - key.created_at == timedelta(days=30)
    assert call("GET", "/account/profile", token=body["api_key"]).status_code == 200


def test_twenty_first_login_revokes_the_oldest(verified):
    tokens = [
        post("/auth/login", {"email": JANE["email"], "password": PASSWORD}).json()["api_key"]
        for _ in range(21)
    ]
    statuses = [call("GET", "/account/profile", token=token).status_code for token in tokens]
    assert statuses == [401] + [200] * 20


def strip(answer) -> tuple[int, bytes]:
    return answer.status_code, re.sub(rb"req_\w+", b"", answer.content)


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("/auth/login", {"password": "not the password"}),
        ("/auth/verify", {"code": "000000"}),
        ("/auth/verify/resend", {}),
    ],
)
def test_known_and_unknown_addresses_get_equal_bytes(registered, path, extra):
    known = post(path, {"email": JANE["email"]} | extra)
    unknown = post(path, {"email": "nobody@smith.example"} | extra)
    assert strip(known) == strip(unknown)
    assert {k: v for k, v in known.headers.items() if k != "X-Request-Id"} == {
        k: v for k, v in unknown.headers.items() if k != "X-Request-Id"
    }


def test_eleventh_wrong_password_is_refused_even_if_right(verified):
    for _ in range(10):
        answer = post("/auth/login", {"email": JANE["email"], "password": "wrong"})
        assert answer.status_code == 401
    answer = post("/auth/login", {"email": JANE["email"], "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_key_mints_a_subset_of_itself(acme):
    answer = post(
        "/auth/keys",
        {"name": "Reports", "scopes": ["analytics:read"], "expires_in_days": 7},
        token=acme.token,
    )
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["scopes"], body["environment"]) == (["analytics:read"], "test")
    with tenant_tx(acme.tenant.id):
        child = ApiKey.objects.get(pk=decode("key", body["id"]))
    assert (child.parent, child.root) == (encode("key", acme.key.id), acme.key.root)
    assert child.granted_by_person is False
    mine = call("GET", "/auth/keys", token=body["api_key"]).json()
    assert [row["id"] for row in mine["data"]] == [body["id"]]
    grandchild = post(
        "/auth/keys", {"name": "x", "scopes": ["campaigns:read"]}, token=body["api_key"]
    )
    assert (grandchild.status_code, error_code(grandchild)) == (403, "scope_not_held")


@pytest.mark.parametrize("scope", ["ads:write:pending", "ads:write:policy", "org:admin"])
def test_key_never_mints_what_a_person_gives(acme, scope):
    answer = post("/auth/keys", {"name": "x", "scopes": [scope]}, token=acme.token)
    assert (answer.status_code, error_code(answer)) == (403, "scope_needs_person")
    with tenant_tx(acme.tenant.id):
        assert ApiKey.objects.count() == 1


def test_unknown_scope_is_422(acme):
    answer = post("/auth/keys", {"name": "x", "scopes": ["everything"]}, token=acme.token)
    assert (answer.status_code, error_code(answer)) == (422, "unknown_scope")


def test_key_bound_to_a_business_sees_that_one_only(acme):
    body = {
        "name": "Bound",
        "scopes": ["account:read", "account:write"],
        "business_id": encode("biz", acme.test_business.id),
    }
    made = post("/auth/keys", body, token=acme.token).json()
    token = made["api_key"]
    listed = call("GET", "/account/business", token=token).json()["data"]
    assert [row["id"] for row in listed] == [body["business_id"]]
    child = post("/auth/keys", {"name": "c", "scopes": ["account:read"]}, token=token).json()
    assert child["business_id"] == body["business_id"]
    refused = post("/account/business", {"name": "Another"}, token=token)
    assert (refused.status_code, error_code(refused)) == (403, "business_bound")


def test_key_of_a_live_business_is_not_made_by_a_test_key(acme):
    body = {
        "name": "x",
        "scopes": ["account:read"],
        "business_id": encode("biz", acme.live_business.id),
    }
    assert post("/auth/keys", body, token=acme.token).status_code == 404


def test_revoked_key_is_refused_at_once(acme):
    key_id = encode("key", acme.key.id)
    assert call("DELETE", f"/auth/keys/{key_id}", token=acme.token).status_code == 204
    answer = call("GET", "/account/profile", token=acme.token)
    assert answer.status_code == 401
    metadata = "http://127.0.0.1:8000/.well-known/oauth-protected-resource"
    assert answer["WWW-Authenticate"] == f'Bearer resource_metadata="{metadata}"'
    with tenant_tx(acme.tenant.id):
        assert AuditEvent.objects.get().event_type == "key.revoked"


def test_rotated_key_works_for_the_grace_only(acme):
    key_id = encode("key", acme.key.id)
    post_body = {"grace_seconds": 3600}
    made = post(f"/auth/keys/{key_id}/rotate", post_body, token=acme.token)
    assert made.status_code == 201
    assert call("GET", "/account/profile", token=acme.token).status_code == 200
    new = made.json()["api_key"]
    again = post(f"/auth/keys/{made.json()['id']}/rotate", {"grace_seconds": 0}, token=new)
    assert again.status_code == 201
    assert call("GET", "/account/profile", token=new).status_code == 401
    with tenant_tx(acme.tenant.id):
        old = ApiKey.objects.get(pk=acme.key.pk)
    assert timedelta(minutes=59) < old.expires_at - now() <= timedelta(hours=1)


def test_narrow_key_cannot_rotate_or_revoke_a_broader_one(acme):
    body = {"name": "n", "scopes": ["campaigns:read"]}
    narrow = post("/auth/keys", body, token=acme.token).json()["api_key"]
    key_id = encode("key", acme.key.id)
    assert post(f"/auth/keys/{key_id}/rotate", {}, token=narrow).status_code == 404
    assert call("DELETE", f"/auth/keys/{key_id}", token=narrow).status_code == 404
    writer = post(
        "/auth/keys", {"name": "w", "scopes": ["account:read", "account:write"]}, token=acme.token
    ).json()["api_key"]
    answer = post(f"/auth/keys/{key_id}/rotate", {}, token=writer)
    assert (answer.status_code, error_code(answer)) == (403, "scope_not_held")


def test_rival_gets_404_for_a_foreign_key_and_nothing_changes(acme, rival):
    key_id = encode("key", acme.key.id)
    missing = encode("key", rival.tenant.id)
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/rotate")]:
        foreign = call(method, f"/auth/keys/{key_id}{path}", {}, token=rival.token)
        absent = call(method, f"/auth/keys/{missing}{path}", {}, token=rival.token)
        assert strip(foreign) == strip(absent)
        assert foreign.status_code == 404
    assert call("GET", "/account/profile", token=acme.token).status_code == 200


def test_suspended_tenant_may_only_revoke_keys(acme):
    Tenant.objects.filter(pk=acme.tenant.pk).update(is_suspended=True)
    answer = call("GET", "/account/profile", token=acme.token)
    assert (answer.status_code, error_code(answer)) == (403, "account_suspended")
    key_id = encode("key", acme.key.id)
    assert call("DELETE", f"/auth/keys/{key_id}", token=acme.token).status_code == 204


def test_business_is_created_in_the_keys_environment(acme):
    answer = post("/account/business", {"name": "Acme Shoes", "currency": "eur"}, token=acme.token)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["environment"], body["currency"]) == ("test", "EUR")
    assert {"id", "name", "message"} <= set(body)
    one = call("GET", f"/account/business/{body['id']}", token=acme.token)
    assert one.json()["name"] == "Acme Shoes"


def test_profile_names_can_be_changed(acme):
    answer = call("PATCH", "/account/profile", {"first_name": "Ada"}, token=acme.token)
    assert answer.json()["user"]["first_name"] == "Ada"
    assert answer.json()["plan"] == "free"
