"""People and keys that reach for more than they were given."""

import json
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from accounts.models import ApiKey, Business, Invitation, Membership, OutgoingMail, User
from accounts.services.keys import create_key
from accounts.services.mail import send_due
from campaigns.models import Campaign
from core.actors import Role
from core.clock import now
from core.ids import decode, encode
from core.tenancy import tenant_tx
from tests.cast import PASSWORD
from tests.list_routes import LISTS
from tests.services.campaigns.stage import create

API_LISTS = sorted(
    route.removeprefix("GET /v1")
    for route in LISTS
    if route.startswith("GET /v1/") and "<" not in route
)
VICTIM = "victim@mail.example"
MINE, THEIRS = "the passphrase of the victim 1", "the passphrase of the attacker 2"
PERSON = {"first_name": "V", "last_name": "M", "organisation": "O", "email": VICTIM}


def call(method: str, path: str, token: str, body=None):
    return Client().generic(
        method,
        f"/api/v1{path}",
        data=b"" if body is None else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


def limit_to(cast, role: Role, business) -> User:
    """The person of this role, limited to one business, with a password."""
    user = cast.people[role]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    with tenant_tx(cast.tenant.id):
        Membership.objects.filter(user=user).update(business_ids=[str(business.id)])
    return user


def login_token(user: User, password: str = PASSWORD) -> str:
    body = {"email": user.email, "password": password}
    answer = Client().post("/api/v1/auth/login", body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return str(answer.json()["api_key"])


def mailed_code() -> str:
    send_due(now())
    found = re.search(r"\b(\d{6})\b", mail.outbox[-1].body)
    assert found
    return found.group(1)


def test_a_limited_members_keys_are_limited_too(acme, settings):
    settings.DEMO = True
    token = login_token(limit_to(acme, Role.ADMIN, acme.live_business))
    other = encode("biz", acme.test_business.id)
    assert call("GET", f"/account/business/{other}", token).status_code == 404
    assert call("GET", "/account/business", token).json()["data"] == []
    assert call("POST", "/account/business", token, {"name": "New"}).status_code == 403
    body = {"name": "k", "scopes": ["campaigns:read"]}
    assert call("POST", "/auth/keys", token, body).status_code == 422
    hook = {"url": "https://example.com/hook", "events": ["campaign.created"]}
    assert call("POST", "/webhooks", token, hook).json()["error"]["code"] == "business_bound"


def test_a_limited_members_key_reads_its_campaigns_and_no_other(acme, settings):
    settings.DEMO = True
    inside, outside = create(acme, name="Inside"), create(acme, name="Outside")
    with tenant_tx(acme.tenant.id):
        other = Business(
            tenant_id=acme.tenant.id,
            name="acme other",
            environment="test",
            currency="USD",
            created_at=now(),
        )
        Business.objects.bulk_create([other])
        Campaign.objects.filter(name="Outside").update(business=other)
    token = login_token(limit_to(acme, Role.ADMIN, acme.test_business))
    listed = call("GET", "/campaigns", token)
    assert listed.status_code == 200, listed.content
    assert [row["id"] for row in listed.json()["data"]] == [inside.created_id]
    assert listed.json()["pagination"] == {"next_cursor": None, "has_more": False, "total": 1}
    assert call("GET", f"/campaigns/{inside.created_id}", token).status_code == 200
    assert call("GET", f"/campaigns/{outside.created_id}", token).status_code == 404
    change = {"name": "Taken"}
    assert call("PATCH", f"/campaigns/{inside.created_id}", token, change).status_code == 200
    assert call("PATCH", f"/campaigns/{outside.created_id}", token, change).status_code == 404
    with tenant_tx(acme.tenant.id):
        assert sorted(Campaign.objects.values_list("name", flat=True)) == ["Outside", "Taken"]


@pytest.mark.parametrize("path", API_LISTS)
def test_a_limited_members_key_gets_every_list(acme, settings, path):
    settings.DEMO = True
    token = login_token(limit_to(acme, Role.OWNER, acme.test_business))
    assert call("GET", path, token).status_code == 200


def test_a_limited_member_may_end_their_own_key(acme, settings):
    settings.DEMO = True
    token = login_token(limit_to(acme, Role.ADMIN, acme.live_business))
    own = call("GET", "/account/profile", token).json()["key"]["id"]
    assert [row["id"] for row in call("GET", "/auth/keys", token).json()["data"]] == [own]
    assert call("DELETE", f"/auth/keys/{own}", token).status_code == 204
    assert call("GET", "/account/profile", token).status_code == 401


def test_a_key_without_a_membership_opens_nothing(acme):
    with tenant_tx(acme.tenant.id):
        Membership.objects.filter(user_id=acme.key.user_id).delete()
    assert call("GET", "/account/profile", acme.token).status_code == 401


@pytest.mark.parametrize("which", ["none", "another", "own"])
def test_a_limited_admin_invites_to_own_businesses_only(acme, which):
    limit_to(acme, Role.ADMIN, acme.live_business)
    client = Client()
    client.force_login(acme.people[Role.ADMIN])
    chosen = {"none": [], "another": [acme.test_business], "own": [acme.live_business]}[which]
    body = {
        "email": "friend@mail.example",
        "role": "admin",
        "businesses": [encode("biz", one.id) for one in chosen],
    }
    answer = client.post("/team/invite/", body)
    with tenant_tx(acme.tenant.id):
        limits = list(Invitation.objects.values_list("business_ids", flat=True))
    if which == "own":
        assert (answer.status_code, limits) == (302, [[str(acme.live_business.id)]])
    else:
        assert (answer.status_code, limits) == (422, [])


def test_who_signed_up_first_with_a_foreign_address_gets_nothing_of_it(db):
    attacker, owner = Client(), Client()
    attacker.post("/accounts/signup/", PERSON | {"password": THEIRS})
    send_due(now())
    owner.post("/accounts/signup/", PERSON | {"password": MINE})
    owner.post("/accounts/verify/resend/")
    assert owner.post("/accounts/verify/", {"code": mailed_code()}).status_code == 302
    user = User.objects.get(email=VICTIM)
    assert user.email_verified_at
    assert user.check_password(MINE)
    attacker.post("/accounts/login/", {"login": VICTIM, "password": THEIRS})
    assert "_auth_user_id" not in attacker.session


def test_a_sign_up_for_another_address_leaves_no_password_behind(db):
    client = Client()
    client.post("/accounts/signup/", PERSON | {"password": MINE})
    session = client.session
    session["pending_email"] = "another@mail.example"
    session.save()
    other = User.objects.create(
        email="another@mail.example", is_claimed=True, created_at=now(), password="!"
    )
    client.post("/accounts/verify/resend/")
    assert client.post("/accounts/verify/", {"code": mailed_code()}).status_code == 302
    other.refresh_from_db()
    assert (bool(other.email_verified_at), other.password) == (True, "!")


def test_signing_in_again_and_again_sends_five_mails_an_hour(db):
    Client().post("/accounts/signup/", PERSON | {"password": THEIRS})
    before = OutgoingMail.objects.count()
    for _ in range(12):
        Client().post("/accounts/login/", {"login": VICTIM, "password": THEIRS})
    assert OutgoingMail.objects.count() - before == 5


def test_an_unclaimed_account_is_mailed_five_claim_links_an_hour(acme):
    user = acme.people[Role.BUYER]
    user.is_claimed = False
    user.set_password(PASSWORD)
    user.save()
    for _ in range(9):
        Client().post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert OutgoingMail.objects.filter(template="claim").count() == 5


def minted(cast, parent: str = "", **fields):
    with tenant_tx(cast.tenant.id):
        return create_key(
            tenant_id=cast.tenant.id,
            user_id=cast.people[Role.OWNER].id,
            name="k",
            environment="test",
            scopes=["campaigns:read", "account:read", "account:write"],
            root=encode("user", cast.people[Role.OWNER].id),
            parent=parent,
            now=now(),
            **fields,
        )


def new_key(token: str, **body) -> dict:
    answer = call("POST", "/auth/keys", token, {"name": "n", "scopes": ["campaigns:read"], **body})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_key_ends_with_the_key_that_minted_it(acme):
    end = now() + timedelta(days=2)
    _, token = minted(acme, expires_at=end)
    made = [new_key(token), new_key(token, expires_in_days=300), new_key(token, expires_in_days=1)]
    with tenant_tx(acme.tenant.id):
        ends = [ApiKey.objects.get(pk=decode("key", one["id"])).expires_at for one in made]
    assert ends[:2] == [end, end]
    assert ends[2] < end


@pytest.mark.parametrize("rotated", [False, True])
def test_revoking_a_key_revokes_what_it_minted(acme, rotated):
    first, token = minted(acme)
    scopes = {"scopes": ["campaigns:read", "account:write"]}
    child = new_key(token, **scopes)
    grandchild = new_key(child["api_key"], **scopes)
    public = encode("key", first.pk)
    if rotated:
        public = call("POST", f"/auth/keys/{public}/rotate", acme.token, {}).json()["id"]
    assert call("DELETE", f"/auth/keys/{public}", acme.token).status_code == 204
    for one in (child, grandchild):
        assert call("GET", "/account/profile", one["api_key"]).status_code == 401
    assert call("GET", "/account/profile", acme.token).status_code == 200


def test_a_new_password_ends_what_the_old_one_had_logged_in(acme):
    owner = acme.people[Role.OWNER]
    owner.set_password(PASSWORD)
    owner.save(update_fields=["password"])
    token = login_token(owner)
    client = Client()
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    body = {"oldpassword": PASSWORD, "password1": MINE, "password2": MINE}
    assert client.post("/accounts/password/change/", body).status_code == 302
    assert call("GET", "/account/profile", token).status_code == 401
    assert call("GET", "/account/profile", acme.token).status_code == 200


@pytest.mark.parametrize("name", ["a\nYour code is 1", "a\u202egnp", "a\u200bb", "a\u0085b"])
def test_names_cannot_pose_as_more_text(acme, name):
    body = {"email": VICTIM, "password": MINE, "first_name": name, "last_name": "x"}
    answer = Client().post("/api/v1/auth/register", body, content_type="application/json")
    assert (answer.status_code, User.objects.filter(email=VICTIM).exists()) == (422, False)
    assert call("PATCH", "/account/profile", acme.token, {"first_name": name}).status_code == 422
    assert call("POST", "/account/business", acme.token, {"name": name}).status_code == 422
    key = {"name": name, "scopes": ["campaigns:read"]}
    assert call("POST", "/auth/keys", acme.token, key).status_code == 422
