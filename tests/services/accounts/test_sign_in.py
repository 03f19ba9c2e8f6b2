"""Pages around a session: sign-up, code, sign-in, claim."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.models import ApiKey, Membership, OutgoingMail, Tenant, User
from accounts.services import registration
from accounts.services.keys import create_key
from accounts.services.mail import send_due
from core.actors import Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import PASSWORD

FORM = {
    "first_name": "Jane",
    "last_name": "Smith",
    "organisation": "Smith Ltd",
    "email": "Jane@Smith.example",
    "password": PASSWORD,
}
ORIGIN = registration.Origin(address="192.0.2.1", request_id="req_t", environment="test")


def mailed(pattern: str) -> str:
    send_due(now())
    found = re.search(pattern, mail.outbox[-1].body)
    assert found, mail.outbox[-1].body
    return found.group(1)


def mailed_code() -> str:
    return mailed(r"\b(\d{6})\b")


@pytest.fixture
def owner(acme):
    user = acme.people[Role.OWNER]
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, email: str, password: str = PASSWORD):
    return client.post("/accounts/login/", {"login": email, "password": password})


@pytest.mark.parametrize(
    "path",
    ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/claim/"],
)
def test_page_before_a_session_renders_without_inline_script(db, path):
    answer = Client().get(path)
    assert answer.status_code in (200, 410)
    assert "Content-Security-Policy" in answer.headers
    assert "onclick" not in answer.content.decode()


def test_sign_up_creates_the_organisation_on_verification(db):
    client = Client()
    assert client.post("/accounts/signup/", FORM).url == "/accounts/verify/"
    assert Tenant.objects.count() == 0
    answer = client.post("/accounts/verify/", {"code": mailed_code()})
    assert (answer.status_code, answer.url) == (302, "/")
    tenant = Tenant.objects.get()
    assert tenant.name == "Smith Ltd"
    user = User.objects.get(email="jane@smith.example")
    assert user.is_claimed
    assert user.email_verified_at
    with tenant_tx(tenant.id):
        assert Membership.objects.get().role == Role.OWNER
    assert client.get("/accounts/").status_code == 200


def test_sign_up_with_a_known_address_looks_the_same_and_changes_nothing(owner):
    fresh, known = Client(), Client()
    first = fresh.post("/accounts/signup/", FORM)
    second = known.post("/accounts/signup/", FORM | {"email": owner.email})
    assert (first.status_code, first.url) == (second.status_code, second.url)
    assert OutgoingMail.objects.count() == 2
    before = owner.password
    assert known.post("/accounts/verify/", {"code": "000000"}).status_code == 422
    owner.refresh_from_db()
    assert owner.password == before


def test_sign_in_opens_a_session_with_a_new_id(owner):
    client = Client()
    client.get("/accounts/login/")
    before = client.session.session_key
    answer = sign_in(client, owner.email)
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.session.session_key not in (None, before)
    assert client.get("/accounts/").status_code == 200


def test_account_page_without_a_session_leads_to_sign_in(db):
    answer = Client().get("/accounts/")
    assert (answer.status_code, answer.url) == (302, "/accounts/login/?next=/accounts/")


def test_unclaimed_user_gets_the_bad_password_answer_and_a_claim_link(owner):
    User.objects.filter(pk=owner.pk).update(is_claimed=False)
    client = Client()
    right, wrong = (
        sign_in(client, owner.email, password).content for password in (PASSWORD, "wrong-one")
    )
    csrf = rb'value="[A-Za-z0-9]{64}"|X-CSRFToken": "[A-Za-z0-9]{64}"'
    assert re.sub(csrf, b"", right) == re.sub(csrf, b"", wrong)
    assert "_auth_user_id" not in client.session
    assert "/accounts/claim/?token=" in mailed(r"(https?://\S+)")


def test_claim_link_sets_a_password_once(acme, owner):
    User.objects.filter(pk=owner.pk).update(is_claimed=False)
    registration.mail_within_limits("claim", owner.email, origin=ORIGIN, now=now())
    token = mailed(r"token=(\w+)")
    client, again = Client(), Client()
    assert client.get("/accounts/claim/", {"token": token}).status_code == 200
    body = {"token": token, "password": "a different passphrase 7"}
    assert client.post("/accounts/claim/", body).status_code == 302
    assert "_auth_user_id" in client.session
    assert again.post("/accounts/claim/", body).status_code == 410
    assert "_auth_user_id" not in again.session
    with tenant_tx(acme.tenant.id):
        assert not ApiKey.objects.filter(user=owner, revoked_at=None).exists()
    owner.refresh_from_db()
    assert owner.is_claimed
    assert owner.check_password("a different passphrase 7")


def test_claim_proves_the_mailbox_and_keeps_the_keys_that_are_ticked(acme, owner):
    User.objects.filter(pk=owner.pk).update(is_claimed=False, email_verified_at=None)
    with tenant_tx(acme.tenant.id):
        key, token = create_key(
            tenant_id=acme.tenant.id,
            user_id=owner.pk,
            name="planted",
            environment="test",
            scopes=["account:read"],
            root=encode("user", owner.pk),
            now=now(),
        )
    planted = {"Authorization": f"Bearer {token}"}
    registration.mail_within_limits("claim", owner.email, origin=ORIGIN, now=now())
    link = mailed(r"token=(\w+)")
    page = Client().get("/accounts/claim/", {"token": link}).content.decode()
    boxes = re.findall(r'<input type="checkbox" name="keep_keys" value="(key_\w+)"([^>]*)>', page)
    mine = encode("key", acme.key.pk)
    assert {public_id for public_id, _ in boxes} == {mine, encode("key", key.pk)}
    assert not any("checked" in rest for _, rest in boxes)
    assert f"planted: {key}" in page
    body = {"token": link, "password": "a different passphrase 7"}
    foreign = body | {"keep_keys": [encode("key", owner.pk)]}
    assert Client().post("/accounts/claim/", foreign).status_code == 422
    assert Client().get("/v1/account/profile", headers=planted).status_code == 200
    assert Client().post("/accounts/claim/", body | {"keep_keys": [mine]}).status_code == 302
    assert Client().get("/v1/account/profile", headers=acme.headers).status_code == 200
    assert Client().get("/v1/account/profile", headers=planted).status_code == 401
    owner.refresh_from_db()
    assert owner.email_verified_at


def test_form_sent_without_a_session_leads_back_to_its_page(db):
    answer = Client().post("/team/invite/", headers={"Referer": "http://testserver/team/"})
    assert answer.url == "/accounts/login/?next=/team/"


def test_unverified_person_is_sent_to_the_code_page(owner):
    User.objects.filter(pk=owner.pk).update(email_verified_at=None)
    client = Client()
    assert sign_in(client, owner.email).url == "/accounts/verify/"
    assert "_auth_user_id" not in client.session
    assert client.post("/accounts/verify/", {"code": mailed_code()}).url == "/"
    assert "_auth_user_id" in client.session


def test_password_change_renews_this_session_and_ends_the_others(owner):
    here, there = Client(), Client()
    sign_in(here, owner.email)
    sign_in(there, owner.email)
    before = here.session.session_key
    body = {
        "oldpassword": PASSWORD,
        "password1": "fresh words 4 me",
        "password2": "fresh words 4 me",
    }
    assert here.post("/accounts/password/change/", body).status_code == 302
    assert here.session.session_key != before
    assert here.get("/accounts/").status_code == 200
    assert there.get("/accounts/").status_code == 302


def test_password_reset_proves_the_mailbox_and_sets_the_password(owner):
    client = Client()
    client.post("/accounts/password/reset/", {"email": owner.email})
    url = mailed(r"(/accounts/password/reset/key/\S+)")
    url = client.get(url).url
    body = {"password1": "fresh words 4 me", "password2": "fresh words 4 me"}
    assert client.post(url, body).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password("fresh words 4 me")
