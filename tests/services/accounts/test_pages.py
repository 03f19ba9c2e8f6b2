"""Team, keys, businesses, settings: pages of a signed-in person."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from django.test import Client

from accounts.models import ApiKey, AuditEvent, Business, Invitation, Membership, User
from accounts.services import team
from accounts.services.mail import send_due
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import PASSWORD


def client_of(cast, role: Role) -> Client:
    client = Client()
    client.force_login(cast.people[role])
    return client


@pytest.fixture
def owner(acme) -> Client:
    return client_of(acme, Role.OWNER)


def membership_id(cast, role: Role) -> str:
    with tenant_tx(cast.tenant.id):
        return encode("mem", Membership.objects.get(user=cast.people[role]).pk)


def roles(cast) -> dict[str, str]:
    with tenant_tx(cast.tenant.id):
        return dict(Membership.objects.values_list("user__email", "role"))


def mailed_token() -> str:
    send_due(now())
    found = re.search(r"token=(\w+)", mail.outbox[-1].body)
    assert found
    return found.group(1)


@pytest.mark.parametrize("path", ["/team/", "/keys/", "/businesses/", "/settings/", "/accounts/"])
def test_page_renders_for_the_owner_and_sends_strangers_to_sign_in(owner, path):
    assert owner.get(path).status_code == 200
    assert Client().get(path).status_code == 302


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.ANALYST])
def test_keys_and_team_changes_are_for_managers(acme, role):
    client = client_of(acme, role)
    assert client.get("/keys/").status_code == 403
    body = {"email": "x@new.example", "role": "owner"}
    assert client.post("/team/invite/", body).status_code == 403
    assert client.post("/businesses/", {"name": "x"}).status_code == 403
    with tenant_tx(acme.tenant.id):
        assert (Invitation.objects.count(), Business.objects.count()) == (0, 2)


def test_invited_stranger_makes_an_account_and_joins(acme, owner):
    body = {"email": "New@Person.example", "role": "buyer"}
    assert owner.post("/team/invite/", body).status_code == 302
    token = mailed_token()
    stranger = Client()
    assert b"buyer" in stranger.get(f"/invitations/accept/?token={token}").content
    details = {"token": token, "first_name": "New", "last_name": "Person", "password": PASSWORD}
    assert stranger.post("/invitations/accept/", details).status_code == 302
    assert roles(acme)["new@person.example"] == "buyer"
    assert stranger.get("/accounts/").status_code == 200
    assert User.objects.get(email="new@person.example").email_verified_at
    assert Client().get(f"/invitations/accept/?token={token}").status_code == 410


def test_invited_member_of_another_tenant_joins_with_their_account(acme, rival, owner):
    address = rival.people[Role.BUYER].email
    owner.post("/team/invite/", {"email": address, "role": "analyst"})
    token = mailed_token()
    wrong = client_of(rival, Role.ANALYST)
    assert wrong.post("/invitations/accept/", {"token": token}).status_code == 403
    right = client_of(rival, Role.BUYER)
    assert right.post("/invitations/accept/", {"token": token}).status_code == 302
    assert roles(acme)[address] == "analyst"
    assert len(roles(rival)) == 5


def test_withdrawn_invitation_is_dead(acme, owner):
    owner.post("/team/invite/", {"email": "new@person.example", "role": "buyer"})
    token = mailed_token()
    with tenant_tx(acme.tenant.id):
        invitation = encode("inv", Invitation.objects.get().pk)
    assert owner.post(f"/team/invitations/{invitation}/withdraw/").status_code == 302
    assert Client().get(f"/invitations/accept/?token={token}").status_code == 410


def test_admin_makes_no_owner_and_touches_none(acme):
    admin = client_of(acme, Role.ADMIN)
    body = {"email": "new@person.example", "role": "owner"}
    assert admin.post("/team/invite/", body).status_code == 422
    target = membership_id(acme, Role.OWNER)
    assert admin.post(f"/team/members/{target}/role/", {"role": "buyer"}).status_code == 403
    assert admin.post(f"/team/members/{target}/remove/").status_code == 403
    mine = membership_id(acme, Role.ADMIN)
    assert admin.post(f"/team/members/{mine}/role/", {"role": "owner"}).status_code == 403
    assert roles(acme)[acme.people[Role.OWNER].email] == "owner"


def test_last_owner_stays(acme, owner):
    target = membership_id(acme, Role.OWNER)
    assert owner.post(f"/team/members/{target}/role/", {"role": "admin"}).status_code == 409
    assert owner.post(f"/team/members/{target}/remove/").status_code == 409
    assert roles(acme)[acme.people[Role.OWNER].email] == "owner"
    other = membership_id(acme, Role.ADMIN)
    assert owner.post(f"/team/members/{other}/role/", {"role": "owner"}).status_code == 302
    assert owner.post(f"/team/members/{target}/role/", {"role": "admin"}).status_code == 302


def test_two_owners_cannot_remove_each_other_at_once(acme_committed):
    cast = acme_committed
    with tenant_tx(cast.tenant.id):
        Membership.objects.filter(user=cast.people[Role.ADMIN]).update(role=Role.OWNER)
    first, second = cast.person(Role.OWNER), replace(cast.person(Role.ADMIN), role=Role.OWNER)
    targets = [membership_id(cast, Role.ADMIN), membership_id(cast, Role.OWNER)]

    def remove(actor, target) -> str:
        try:
            team.remove_member(actor, target, now=now())
        except team.LastOwnerError:
            return "refused"
        finally:
            connections.close_all()
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(remove, (first, second), targets))
    assert outcomes == ["refused", "removed"]
    assert list(roles(cast).values()).count("owner") == 1


def test_k6_removed_member_and_their_keys_are_refused_at_once(acme, owner):
    second = membership_id(acme, Role.ADMIN)
    owner.post(f"/team/members/{second}/role/", {"role": "owner"})
    former = client_of(acme, Role.ADMIN)
    assert former.get("/team/").status_code == 200
    first = membership_id(acme, Role.OWNER)
    assert former.post(f"/team/members/{first}/remove/").status_code == 302
    assert owner.get("/team/").status_code == 302
    assert owner.get("/accounts/no-membership/").status_code == 403
    answer = Client().get("/v1/account/profile", headers=acme.headers)
    assert answer.status_code == 401


def test_demotion_revokes_the_keys_that_can_do_more(acme, owner):
    second = membership_id(acme, Role.ADMIN)
    owner.post(f"/team/members/{second}/role/", {"role": "owner"})
    first = membership_id(acme, Role.OWNER)
    client_of(acme, Role.ADMIN).post(f"/team/members/{first}/role/", {"role": "analyst"})
    assert Client().get("/v1/account/profile", headers=acme.headers).status_code == 401


def test_rival_member_id_is_404(acme, rival, owner):
    foreign = membership_id(rival, Role.BUYER)
    assert owner.post(f"/team/members/{foreign}/remove/").status_code == 404
    assert len(roles(rival)) == 5


KEY = {"name": "Agent", "environment": "test", "business_id": "", "days": "30"}


def test_key_is_shown_once_with_a_curl_line(acme, owner):
    answer = owner.post("/keys/", KEY | {"scopes": ["campaigns:read"]})
    assert answer.status_code == 200
    token = re.search(r"aa_test_\w{36}", answer.content.decode()).group(0)
    assert f"Bearer {token}" in answer.content.decode().replace("&quot;", '"')
    assert "no-store" in answer["Cache-Control"]
    assert token not in owner.get("/keys/").content.decode()
    assert Client().get("/v1/account/profile", headers={"Authorization": f"Bearer {token}"})
    with tenant_tx(acme.tenant.id):
        key = ApiKey.objects.get(name="Agent")
        assert key.granted_by_person
        assert key.root == encode("user", acme.people[Role.OWNER].pk)
        assert key.expires_at - key.created_at == timedelta(days=30)
        assert AuditEvent.objects.filter(event_type="key.created").count() == 1


@pytest.mark.parametrize("scope", ["ads:write:pending", "campaigns:write", "campaigns:read"])
def test_a_key_needs_a_fresh_factor_in_live_only(acme, owner, scope):
    body = KEY | {"scopes": [scope]}
    assert owner.post("/keys/", body | {"environment": "live"}).status_code == 403
    with tenant_tx(acme.tenant.id):
        assert ApiKey.objects.count() == 1
    assert owner.post("/keys/", body).status_code == 200
    with tenant_tx(acme.tenant.id):
        assert ApiKey.objects.filter(name="Agent", scopes=[scope]).count() == 1


def test_key_for_a_business_of_the_other_environment_is_refused(acme, owner):
    body = KEY | {"scopes": ["campaigns:read"]}
    live = encode("biz", acme.live_business.id)
    assert owner.post("/keys/", body | {"business_id": live}).status_code == 422
    with tenant_tx(acme.tenant.id):
        assert ApiKey.objects.count() == 1


def test_key_can_be_rotated_and_revoked(acme, owner):
    key_id = encode("key", acme.key.id)
    assert b"aa_test_" in owner.post(f"/keys/{key_id}/rotate/").content
    assert Client().get("/v1/account/profile", headers=acme.headers).status_code == 200
    assert owner.post(f"/keys/{key_id}/revoke/").status_code == 302
    assert Client().get("/v1/account/profile", headers=acme.headers).status_code == 401


def test_rotating_a_live_key_needs_a_fresh_factor(acme, owner):
    with tenant_tx(acme.tenant.id):
        ApiKey.objects.update(environment="live")
    key_id = encode("key", acme.key.id)
    assert owner.post(f"/keys/{key_id}/rotate/").status_code == 403
    with tenant_tx(acme.tenant.id):
        assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("name", ["a\u202egnp", "a\u200bb", "a\u0085b", "a\u2066b"])
def test_no_form_takes_what_nobody_sees(acme, owner, name):
    business = {"name": name, "environment": "test", "currency": "EUR"}
    assert owner.post("/businesses/", business).status_code == 422
    key = KEY | {"name": name, "scopes": ["campaigns:read"]}
    assert owner.post("/keys/", key).status_code == 422
    with tenant_tx(acme.tenant.id):
        assert (Business.objects.count(), ApiKey.objects.count()) == (2, 1)


def test_business_is_added(acme, owner):
    body = {"name": "Shoes", "environment": "test", "currency": "EUR"}
    assert owner.post("/businesses/", body).status_code == 302
    assert owner.post("/businesses/", body | {"currency": "XXQ"}).status_code == 422
    with tenant_tx(acme.tenant.id):
        assert Business.objects.get(name="Shoes").currency == "EUR"


def test_settings_are_saved(acme, owner):
    body = {"first_name": "Ada", "last_name": "L", "theme": "dark", "language": "en"}
    assert owner.post("/settings/", body).status_code == 302
    person = User.objects.get(pk=acme.people[Role.OWNER].pk)
    assert (person.first_name, person.theme, person.shortcuts_enabled) == ("Ada", "dark", False)


def test_tenant_switch_takes_own_tenants_only(acme, rival, owner):
    body = {"tenant": encode("ten", rival.tenant.id), "next": "https://evil.example/"}
    assert owner.post("/accounts/switch-tenant/", body).status_code == 404
    mine = {"tenant": encode("ten", acme.tenant.id), "next": "https://evil.example/"}
    assert owner.post("/accounts/switch-tenant/", mine).url == "/"
